"""Which images are equal, byte for byte."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

# Bytes of a digest. Among a billion different images, two have the same digest with a probability
# of about 1e-21.
_SIZE = 16


def digests(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A digest of each image.

    Parameters
    ----------
    images : ndarray
        Of shape (count, ...).

    Returns
    -------
    ndarray of uint64
        Of shape (count, 2): integers sort faster than bytes.
    """
    found = bytearray()
    for item in np.ascontiguousarray(images):
        found += hashlib.blake2b(item.data, digest_size=_SIZE).digest()
    return np.frombuffer(found, np.uint64).reshape(-1, 2)


def first_equal(
    later: np.ndarray[Any, Any], earlier: np.ndarray[Any, Any]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """For each digest, the place of the first equal one among others, or -1.

    Parameters
    ----------
    later, earlier : ndarray of uint64
        Of shape (count, 2). If they are the same array, each finds itself or an earlier one.
    """
    every = np.concatenate([earlier, later])
    # Both sorts of lexsort are stable: equal digests stay in their order, the earlier ones first.
    order = np.lexsort((every[:, 1], every[:, 0]))
    ordered = every[order]
    begins = np.ones(len(every), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(every), np.int64)
    first[order] = order[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    found = first[len(earlier) :]
    found[found >= len(earlier)] = -1
    return found
