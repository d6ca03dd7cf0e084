"""Whether arrays can be images and their labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import FormatError, IdxError
from ..format import Header
from .naming import Role


def fits(shape: Sequence[int], role: Role | None) -> bool:
    """Whether an array of this shape can be images, or labels.

    Labels have one dimension, or two, as in QMNIST's tables and in one-hot labels. Images have two
    dimensions if the pixels of each are in one row, and otherwise more.
    """
    return len(shape) >= 2 if role == "images" else role == "labels" and len(shape) in (1, 2)


def check_fit(images: Header, labels: Header, images_file: str, labels_file: str) -> None:
    """Refuse files whose arrays cannot be images and as many labels.

    Raises
    ------
    IdxError
        If the numbers differ.
    FormatError
        If an array has too few or too many dimensions.
    """
    check_counts(images.shape, labels.shape, labels_file)
    _check_role(images, "images", images_file)
    _check_role(labels, "labels", labels_file)


def _check_role(header: Header, role: Role, filename: str) -> None:
    """Refuse an array that cannot be what the name of its file says: images or labels."""
    if not fits(header.shape, role):
        raise FormatError(
            f"the file is named after {role}, but holds something else",
            part="dimensions",
            filename=filename,
            offset=3,
            expected="2 or more dimensions" if role == "images" else "1 or 2 dimensions",
            found=shown(header),
        )


def check_counts(images: Sequence[int], labels: Sequence[int], filename: str) -> None:
    """Refuse labels if there are not as many as images; both are given by their shapes."""
    expected, found = (shape[0] if len(shape) else "no row" for shape in (images, labels))
    if not len(images) or expected != found:
        raise IdxError(
            "there are not as many labels as images",
            part="dimensions",
            filename=filename,
            offset=4,
            expected=expected,
            found=found,
        )


def header_of(array: np.ndarray[Any, Any]) -> Header:
    """The type and the shape of an array."""
    return Header(array.dtype, array.shape)


def shown(header: Header) -> str:
    """The shape and the type, for messages."""
    shape = " x ".join(f"{n:,}" for n in header.shape) or "one element"
    return f"{shape} {header.dtype.name}"
