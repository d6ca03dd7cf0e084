"""Small arrays, IDX files of them in each container, and a comparison: all without idxfast."""

import bz2
import gzip
import lzma
import struct
import zlib

import numpy as np

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array):
    """An IDX file, made without idxfast."""
    kind = CODES[array.dtype.str[1:]]
    start = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return start + array.astype(array.dtype.newbyteorder(">")).tobytes()


def bgzf(data, size=500):
    """BGZF blocks, made without idxfast."""
    file = b""
    for part in [*(data[i : i + size] for i in range(0, len(data), size)), b""]:
        packed = gzip.compress(part, mtime=0)[10:]
        header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0"
        file += header + struct.pack("<H", len(header) + 2 + len(packed) - 1) + packed
    return file


PACK = {
    "raw": bytes,
    "gzip": gzip.compress,
    "seekable gzip": bgzf,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


def sample(dtype="u1", shape=(60, 7, 5)):
    random = np.random.default_rng(1)
    return random.integers(0, 100, shape).astype(dtype)


def same(found, expected):
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype and found.dtype.isnative
    assert found.shape == expected.shape
    assert (found == expected).all()
    if isinstance(found, np.ndarray):
        assert found.flags.writeable


def large():
    """An array, and an ordinary gzip file of several blocks and members."""
    array = sample(shape=(600, 50))
    data = idx(array)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31, memLevel=1)
    return array, packer.compress(data[:20_000]) + packer.flush() + gzip.compress(data[20_000:])


def make_parts_small(monkeypatch):
    monkeypatch.setattr("idxfast.gzip.scanner.SPACING", 100)
    monkeypatch.setattr("idxfast.gzip.parts.FINE_SPACING", 50)
    monkeypatch.setattr("idxfast.gzip.parts.LONG_PART", 1000)
    monkeypatch.setattr("idxfast.gzip.parts.STEP", 300)


# Ways to read an array of 600 rows of 50 elements, for an array-like.
READS = {
    "a row": lambda f: f[5],
    "rows": lambda f: f[[599, 3, 3, 0, 77]],
    "a mask": lambda f: f[np.arange(600) % 3 == 1],
    "a column": lambda f: f[:, 7],
    "a column backwards": lambda f: f[590:2:-7, None, 3:9],
    "a range": lambda f: f.read(200, 500),
    "all": lambda f: f.read(0, 600),
    "batches": lambda f: np.concatenate(list(f.batches(7))),
    "rows one by one": lambda f: np.stack(list(f)),
}
