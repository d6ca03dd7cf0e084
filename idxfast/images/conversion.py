"""How pictures are converted to records, in a form that can be sent to other processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import printable
from . import finishing, resampling, sharpening, trimming
from .fashion import each_step
from .pixels import Pixels, pixels_of

STEPS = ("trim", "resize", "sharpen", "extend", "negate")
PLAIN = ("resize",)
# About how many bytes of pixels are decoded before they are converted. Pillow's code and ours evict
# each other from the processor's caches.
_GROUP_BYTES = 256 << 10
# What an unreadable picture may raise.
_FAILURES = (OSError, ValueError, MemoryError)


class Conversion(NamedTuple):
    """The steps of a conversion, and the form of its records.

    Attributes
    ----------
    size : int
        The height and width of a record.
    colour : bool
        Whether a record has three channels.
    steps : sequence of str
        Some of `STEPS`. Without ``"extend"``, pictures are stretched to the square.
    """

    size: int = 28
    colour: bool = False
    steps: Sequence[str] = STEPS

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a record."""
        return (self.size, self.size, 3) if self.colour else (self.size, self.size)

    def options(self) -> dict[str, Any]:
        """The arguments of `each_step` after the picture."""
        has = self.steps.__contains__
        return {
            "size": self.size,
            "trim": trimming.trim if has("trim") else None,
            "resize": resampling.resize if has("extend") else resampling.stretch,
            "sharpen": sharpening.sharpen if has("sharpen") else None,
            "extend": finishing.extend if has("extend") else None,
            "negate": finishing.negate if has("negate") else None,
            "grey": None if self.colour else finishing.grey,
        }


class Converted(NamedTuple):
    """The records of some pictures, and those that have none.

    Attributes
    ----------
    records : ndarray of uint8
        One for each picture; the record of an unreadable picture is undefined.
    failures : dict of int to str
        What is wrong with each unreadable picture, by its place among the pictures.
    """

    records: Pixels
    failures: dict[int, str]


def convert(root: str, names: Sequence[str], conversion: Conversion) -> Converted:
    """Convert the pictures with these names below a folder."""
    records = np.zeros((len(names), *conversion.shape), np.uint8)
    options = conversion.options()
    failures: dict[int, str] = {}
    for group in _groups(root, names, failures):
        while group:
            place, pixels, is_indexed = group.pop(0)
            try:
                *_, (_, records[place]) = each_step(pixels, is_indexed, **options)
            except _FAILURES as error:
                failures[place] = _reason(names[place], error)
            del pixels  # before more are decoded: they may take gigabytes
    return Converted(records, dict(sorted(failures.items())))


def _groups(
    root: str, names: Sequence[str], failures: dict[int, str]
) -> Iterator[list[tuple[int, Pixels, bool]]]:
    """Decode pictures, some at a time. Each comes with its place, and what `pixels_of` says."""
    group: list[tuple[int, Pixels, bool]] = []
    nbytes = 0
    for place, name in enumerate(names):
        try:
            pixels, is_indexed = pixels_of(os.path.join(root, name))
        except _FAILURES as error:
            failures[place] = _reason(name, error)
            continue
        group.append((place, pixels, is_indexed))
        nbytes += pixels.nbytes
        del pixels
        if nbytes >= _GROUP_BYTES:
            yield group
            group, nbytes = [], 0
    yield group


def _reason(name: str, error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return printable(f"{name}: {reason or str(error) or type(error).__name__}")
