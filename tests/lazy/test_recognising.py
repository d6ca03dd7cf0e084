"""lazy/recognising: which files are read in parts, and which as a whole."""

import bz2
import lzma

import numpy as np
import pytest

import idxfast


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress])
def test_only_gzip_is_read_in_parts(pack, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pack(idxfast.dumps(np.zeros((100, 10), np.uint8))))
    with pytest.raises(idxfast.SizeError, match="save it as gzip"):
        idxfast.open(path, cache_bytes=999)
    with idxfast.open(path, cache_bytes=1000) as file:
        assert not file[50].any()
