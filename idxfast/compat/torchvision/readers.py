"""Readers of IDX files into tensors."""

from __future__ import annotations

import binascii
import os
from typing import Any

from .._shared import files


def get_int(b: bytes) -> int:
    """The big-endian number in one byte or more; ValueError if there is no byte."""
    return int(binascii.hexlify(b), 16)


def read_sn3_pascalvincent_tensor(path: Any, strict: bool = True) -> Any:
    """Read an IDX file into a tensor.

    Parameters
    ----------
    path : str, bytes, PathLike or binary file object
        Raw, gzip, xz or bzip2.
    strict : bool
        Has no effect.

    Raises
    ------
    IdxError
        If it is not a whole IDX file.
    """
    torch = torch_module()
    if isinstance(path, (str, bytes, os.PathLike)):
        path = os.fsdecode(path)
    return torch.from_numpy(files.load(path))


def read_label_file(path: Any) -> Any:
    """Read labels as int64.

    Raises
    ------
    TypeError
        If the elements are not uint8.
    ValueError
        If there is not exactly one dimension, or the file is damaged.
    """
    return _read_bytes(path, 1).long()


def read_image_file(path: Any) -> Any:
    """Read images as uint8. Errors are those of `read_label_file`, but for three dimensions."""
    return _read_bytes(path, 3)


def _read_bytes(path: Any, ndim: int) -> Any:
    tensor = read_sn3_pascalvincent_tensor(path)
    if tensor.dtype != torch_module().uint8:
        raise TypeError(f"{path} should hold torch.uint8 instead of {tensor.dtype}")
    if tensor.ndim != ndim:
        raise ValueError(f"{path} should have {ndim} dimensions instead of {tensor.ndim}")
    return tensor


def torch_module() -> Any:
    """The module torch, or an ImportError that says what needs it."""
    try:
        import torch
    except ImportError as error:
        raise ImportError("idxfast.compat.torchvision needs PyTorch: pip install torch") from error
    return torch
