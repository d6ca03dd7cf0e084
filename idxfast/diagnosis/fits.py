"""Which other headers would explain the size of a file."""

from __future__ import annotations

import codecs
import math
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..format import DTYPES, MAX_NDIM
from .elements import plausible_types
from .evidence import Evidence

WIDTHS = (1, 2, 4, 8)
# The channels of a pixel: red, green, blue; these and transparency; grey and transparency.
CHANNELS = (3, 4, 2)
# A multiple of fewer announced bytes than this says nothing: too many sizes are such multiples.
LEAST = 16
# The most fits that a message names.
MOST = 3
FARTHEST_IF_SHORT = 2
# How much each assumption adds to the distance from the file's own header. The nearest fits count.
_WIDTH, _CHANNELS, _FACTOR, _COUNT = 1, 1, 4, 5


class Fit(NamedTuple):
    """A header that would explain the size.

    Attributes
    ----------
    dtype, shape, offset
        With these, the file can be read.
    why : str
        In what the file's own header would be wrong, for messages.
    distance : int
        How much has to be assumed.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    why: str
    distance: int


class _Reading(NamedTuple):
    """One way to read the first bytes as a header.

    Attributes
    ----------
    dtype, shape, offset
        What the header says if it is read in this way.
    seen : tuple of str
        What can be seen in the bytes, for messages.
    assumed : tuple of str
        What is assumed beyond that.
    is_little : bool
        Whether the dimensions are read as little-endian.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    seen: tuple[str, ...]
    assumed: tuple[str, ...]
    is_little: bool

    @property
    def distance(self) -> int:
        """How far the reading is from the file's own header."""
        return bool(self.seen) + 2 * len(self.assumed)


def find_fits(evidence: Evidence) -> list[Fit]:
    """The headers nearest to the file's own that would explain its size, the best first."""
    size, header = evidence.size, evidence.header
    if size is None:
        return []
    found: list[Fit] = []
    for reading in _readings(evidence.start):
        if all(reading.shape):
            nbytes = size - reading.offset
            sample = evidence.start[reading.offset :]
            found += _fits_of(reading, nbytes, sample)
    if header is not None:
        # The simplest explanation of a short payload is that it was cut short.
        is_short = size < header.offset + header.nbytes
        found = [fit for fit in found if not is_short or fit.distance <= FARTHEST_IF_SHORT]
    nearest = min((fit.distance for fit in found), default=0)
    return [fit for fit in found if fit.distance == nearest][:MOST]


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape for messages."""
    return " x ".join(map(str, shape)) or "one element"


def _readings(start: bytes) -> Iterator[_Reading]:
    for code, ndim, skipped, is_swapped in _magics(start):
        for count, more in ((ndim, ""), (ndim + 1, "one more"), (ndim - 1, "one fewer")):
            offset = skipped + 4 + 4 * count
            if count > MAX_NDIM or (count < 1 and more) or len(start) < offset:
                continue
            big, little = (struct.unpack_from(f"{o}{count}I", start, skipped + 4) for o in "><")
            for shape in dict.fromkeys((big, little)):
                is_little = shape == little != big
                seen = []
                if skipped:
                    seen.append(f"after the byte order mark, the header announces {shape}")
                if is_swapped:
                    seen.append(f"its magic number reads {ndim} dimensions if it is little-endian")
                if is_little:
                    seen.append(
                        f"its dimensions look byte-swapped: little-endian they read {shape}"
                    )
                elif is_swapped:
                    seen.append(f"its dimensions read {shape}")
                assumed = []
                if more:
                    number = f"{more} dimension than its magic number says"
                    assumed.append(f"{number} ({shape_text(shape)})")
                yield _Reading(DTYPES[code], shape, offset, tuple(seen), tuple(assumed), is_little)


def _magics(start: bytes) -> Iterator[tuple[int, int, int, bool]]:
    """Possible magic numbers: the type's code, the number of dimensions, the number of bytes before
    the header, and whether the number is little-endian."""
    skipped = 3 if start.startswith(codecs.BOM_UTF8) else 0
    magic = start[skipped : skipped + 4]
    if len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in DTYPES:
        yield magic[2], magic[3], skipped, False
    elif magic[2:] == b"\0\0" and magic[1] in DTYPES:
        yield magic[1], magic[0], skipped, True


def _fits_of(reading: _Reading, nbytes: int, sample: bytes) -> Iterator[Fit]:
    dtype, shape, _, _, _, is_little = reading
    count = math.prod(shape)
    announced = count * dtype.itemsize
    if not reading.distance and nbytes == announced:
        return
    for width in WIDTHS:
        if nbytes != count * width:
            continue
        types = plausible_types(sample, width, dtype)
        if width == dtype.itemsize:
            best = min(types, key=lambda other: _is_little(other) != is_little)
            yield _fit(reading, best, shape, "", 0, is_certain=len(types) == 1)
            return
        is_pixel = width == 4 and dtype.itemsize == 1 and len(shape) > 1
        if not is_pixel or not _is_opaque(sample):
            for other in types:
                yield _fit(reading, other, shape, _elements(other), _WIDTH)
            if types and not (is_pixel and not any(sample)):
                return
    for channels in CHANNELS:
        if nbytes == announced * channels and len(shape) > 1:
            larger = (*shape, channels)
            more = f"{channels} values a pixel ({shape_text(larger)})"
            yield _fit(reading, dtype, larger, more, _CHANNELS)
            return
    if reading.distance > 1 or nbytes <= announced:
        return
    if announced >= LEAST and nbytes % announced == 0:
        larger = (*shape, nbytes // announced)
        yield _fit(reading, dtype, larger, f"one more dimension ({shape_text(larger)})", _FACTOR)
    elif shape and not reading.distance:
        items, rest = divmod(nbytes, announced // shape[0])
        if not rest:
            more = f"{items:,} items instead of {shape[0]:,}"
            yield _fit(reading, dtype, (items, *shape[1:]), more, _COUNT)


def _fit(
    reading: _Reading,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    more: str,
    distance: int,
    *,
    is_certain: bool = False,
) -> Fit:
    """The fit that follows from a reading and a further assumption.

    `is_certain` says whether the first values make sense with no other byte order.
    """
    said = list(reading.seen)
    assumed = " and ".join(filter(None, (*reading.assumed, more)))
    if assumed:
        said.append(f"{assumed} would explain the size")
    if dtype.itemsize == reading.dtype.itemsize and dtype != reading.dtype:
        values = f"{_order(dtype)} {dtype.name}"
        said.append(
            f"the first values make sense only as {values}"
            if is_certain
            else f"its values are probably {values}, too"
        )
    return Fit(dtype, shape, reading.offset, "; ".join(said), reading.distance + distance)


def _elements(dtype: np.dtype[Any]) -> str:
    if dtype.itemsize == 1:
        return f"elements of 1 byte ({dtype.name})"
    return f"elements of {dtype.itemsize} bytes ({_order(dtype)} {dtype.name})"


def _order(dtype: np.dtype[Any]) -> str:
    return "little-endian" if _is_little(dtype) else "big-endian"


def _is_little(dtype: np.dtype[Any]) -> bool:
    return dtype == dtype.newbyteorder("<")


def _is_opaque(sample: bytes) -> bool:
    """Whether every fourth byte says that a pixel is opaque."""
    return set(sample[3::4]) == {0xFF}
