"""In place of idx2numpy: ``import idxfast.compat.idx2numpy as idx2numpy``.

The arrays are those of idx2numpy, in the byte order of the file (``>i4``). What differs:

- gzip files are read, too, by their names or as bytes. Of a file from `gzip.open` that has not been
  read from, the file beneath is decoded, and it is left at its start.
- Arrays are writable.
- Byte-swapped arrays are written, so what was read can be written back, and arrays without a
  dimension. NaN keep their bits. A masked array is a `FormatError`.
- A path may be a PathLike.
- A file of less than four bytes is refused in words. Impossible sizes are a `FormatError`.

As with the gzip module, damaged gzip data are an OSError, and gzip data that end early an EOFError:
an `idxfast.GzipError`, and an `idxfast.TruncatedError`.
"""

from __future__ import annotations

from .converters import convert_from_file, convert_from_string, convert_to_file, convert_to_string
from .FormatError import FormatError as FormatError

__all__ = [
    "FormatError",
    "convert_from_file",
    "convert_from_string",
    "convert_to_file",
    "convert_to_string",
]

__version__ = "1.2.3"
