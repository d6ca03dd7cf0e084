"""In place of idx2numpy: ``import idxfast.compat.idx2numpy as idx2numpy``.

Arrays are in the byte order of the file (``>i4``), as in the original. What differs:

- gzip, xz and bzip2 files are read, too, by their names or as bytes. If nothing has been read from
  a file that `gzip.open` has opened, the file beneath is decoded, and the gzip file is left at its
  start.
- Arrays are writable.
- Byte-swapped arrays are written, so what was read can be written back, and so are arrays without
  dimensions. The bits of a NaN do not change. A masked array is a `FormatError`.
- A path may be a PathLike.
- A file of fewer than four bytes is refused with a message in words. Impossible sizes are a
  `FormatError`.

If it is the compressed data that are damaged or cut short, the error is not a `FormatError` but an
`idxfast.IdxError`. As with the gzip module, it is also an OSError if gzip data are damaged, and an
EOFError if they are cut short.
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
