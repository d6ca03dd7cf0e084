"""IDX files, the format of the MNIST family, to numpy arrays and back."""

from .errors import (
    ChecksumError,
    FormatError,
    GzipError,
    IdxError,
    SizeError,
    TrailingDataError,
    TruncatedError,
)
from .format import Header
from .reading import load, loads, read_header
from .writing import dumps, save

__all__ = [
    "ChecksumError",
    "FormatError",
    "GzipError",
    "Header",
    "IdxError",
    "SizeError",
    "TrailingDataError",
    "TruncatedError",
    "dumps",
    "load",
    "loads",
    "read_header",
    "save",
]

__version__ = "0.1.0"
