"""A file of images."""

import gzip
import struct

import pytest


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4) + bytes(range(24))))
    return path
