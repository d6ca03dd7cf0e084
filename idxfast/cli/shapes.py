"""Shapes and types, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def shown(dtype: np.dtype[Any], shape: Sequence[int]) -> str:
    """A shape and a type, for messages."""
    return f"{' x '.join(f'{n:,}' for n in shape) or 'one element'} {dtype.name}"
