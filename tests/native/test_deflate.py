"""CRC-32, against zlib's. What the encoders make is tested in tests/gzip, and runs in test_run_length."""

import zlib

import numpy as np

from idxfast.native import deflate


def test_crc32():
    for size in (0, 1, 100, 100_000):
        data = np.random.default_rng(size).bytes(size)
        first, second = data[: size // 3], data[size // 3 :]
        crcs = deflate.crc32(first), deflate.crc32(second)
        assert deflate.crc32(data) == zlib.crc32(data)
        assert deflate.crc32(second, crcs[0]) == zlib.crc32(data)
        assert deflate.combine_crc32(*crcs, len(second)) == zlib.crc32(data)
        assert deflate.combine_crc32(crcs[0], zlib.crc32(data), len(second)) == crcs[1]
