"""Images in a raw, a seekable and an ordinary file, and a cluster of Dask's workers."""

import gzip

import numpy as np
import pytest

import idxfast
from files.small_blocks import IMAGES as PIXELS

IMAGES = np.frombuffer(PIXELS, np.uint8).reshape(-1, 28, 28)


@pytest.fixture(params=["raw", "seekable gzip", "gzip"])
def pack(request, oracle, tmp_path):
    """The bytes of a file with an array of uint8 in it, in each form."""

    def pack(array):
        data = oracle.pack(0x08, array.shape, array.tobytes())
        if request.param == "seekable gzip":
            idxfast.save(tmp_path / "packed.gz", array, seekable=True)
            data = (tmp_path / "packed.gz").read_bytes()
            (tmp_path / "packed.gz").unlink()
        return gzip.compress(data) if request.param == "gzip" else data

    return pack


@pytest.fixture
def images():
    return IMAGES
