"""IDX files, the format of the MNIST family, to numpy arrays and back."""

from .datasets.folder import load_dataset
from .errors import (
    ChecksumError,
    FetchError,
    FormatError,
    GzipError,
    HashMismatchError,
    IdxError,
    SizeError,
    TrailingDataError,
    TruncatedError,
)
from .format import Header
from .reading.loading import load, loads, read_header
from .writing.saving import dumps, save

__all__ = [
    "ChecksumError",
    "FetchError",
    "FormatError",
    "GzipError",
    "HashMismatchError",
    "Header",
    "IdxError",
    "SizeError",
    "TrailingDataError",
    "TruncatedError",
    "dumps",
    "load",
    "load_dataset",
    "loads",
    "read_header",
    "save",
]

__version__ = "0.1.0"
