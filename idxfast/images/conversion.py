"""How pictures are converted to records, in a form that can be sent to other processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import printable
from . import finishing, resampling, sharpening, trimming
from .fashion import each_step
from .pixels import Pixels

STEPS = ("trim", "resize", "sharpen", "extend", "negate")
PLAIN = ("resize",)


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
    failures = {}
    for place, name in enumerate(names):
        try:
            *_, (_, records[place]) = each_step(os.path.join(root, name), **options)
        except (OSError, ValueError, MemoryError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
            failures[place] = printable(f"{name}: {reason or str(error) or type(error).__name__}")
    return Converted(records, failures)
