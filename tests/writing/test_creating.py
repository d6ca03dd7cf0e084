"""create: what it refuses before there is a file, and what the file then holds."""

import gzip
import os
import struct

import numpy as np
import pytest

import idxfast
from idxfast.format import MAX_NDIM

TYPES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


@pytest.fixture(params=["file", "file.gz"])
def path(request, tmp_path):
    return tmp_path / request.param


def read(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.mark.parametrize("order", "<>=")
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("count", [None, 5])
def test_every_type(count, dtype, order, path):
    array = np.arange(30).reshape(5, 3, 2).astype(dtype)
    with idxfast.create(path, shape=(count, 3, 2), dtype=order + dtype) as file:
        file.append(array[:2].astype(array.dtype.newbyteorder(order)))
        file.append(np.asfortranarray(array[2:4]))
        file.append(array[4])
        assert file.shape == (5, 3, 2)
        assert file.dtype == array.dtype
    expected = array.astype(array.dtype.newbyteorder(">")).tobytes()
    assert read(path) == struct.pack(">HBB3I", 0, TYPES[dtype], 3, 5, 3, 2) + expected
    assert np.array_equal(idxfast.load(path), array)


@pytest.mark.parametrize("shape", [(0,), (None,), (0, 3), (None, 0), (4, 0), [np.int64(0), 2]])
def test_files_without_elements(shape, path):
    with idxfast.create(path, shape=shape, dtype=np.uint8) as file:
        for _ in range(shape[0] or 0):
            file.append(np.zeros((1, *shape[1:]), np.uint8))
    shape = [count or 0 for count in shape]
    assert read(path) == struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)


@pytest.mark.parametrize("level", [0, 1, 6, 12])
def test_levels(level, tmp_path):
    path, array = tmp_path / "file.GZ", np.arange(100_000, dtype=np.int32)
    with idxfast.create(path, shape=(None,), dtype="i4", compresslevel=level) as file:
        file.append(array)
    assert gzip.decompress(path.read_bytes()) == idxfast.dumps(array)
    assert np.array_equal(idxfast.load(path), array)
    idxfast.save(path, array, compresslevel=level, seekable=True)
    expected = path.read_bytes()
    with idxfast.create(path, shape=(None,), dtype="i4", compresslevel=level) as file:
        for start in range(0, len(array), 999):
            file.append(array[start : start + 999])
    assert path.read_bytes() == expected


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"dtype": "i8"}, TypeError, "IDX has no type for int64; it has uint8, int8, int16"),
        ({"dtype": "U3"}, TypeError, "IDX has no type"),
        ({"dtype": "nothing"}, TypeError, "nothing"),
        ({"shape": ()}, ValueError, "save writes a single number"),
        ({"shape": 5}, TypeError, "len"),
        ({"shape": (2.0, 3)}, TypeError, "integer"),
        ({"shape": (2, None)}, TypeError, "integer"),
        ({"shape": (-1, 3)}, ValueError, "negative"),
        ({"shape": (None, -3)}, ValueError, "negative"),
        ({"shape": (1 << 32,)}, idxfast.SizeError, "32 bits"),
        ({"shape": (1 << 31, 1 << 31, 9)}, idxfast.SizeError, "no uint8 array"),
        ({"shape": (1,) * 256}, ValueError, "dimensions"),
        ({"compresslevel": 13}, ValueError, "compresslevel is 13"),
        ({"compresslevel": 6.0}, TypeError, "integer"),
    ],
)
def test_what_is_refused_before_there_is_a_file(options, error, text, path):
    path.write_bytes(b"old")
    if path.suffix != ".gz" and "compresslevel" in options:
        path = path.with_name("file.gz")
    with pytest.raises(error, match=text):
        idxfast.create(path, **{"shape": (2, 3), "dtype": np.uint8} | options)
    assert all(path.read_bytes() == b"old" for path in path.parent.iterdir())


def test_the_most_dimensions(path):
    shape = (1,) * MAX_NDIM
    with idxfast.create(path, shape=shape, dtype="u1") as file:
        file.append(np.full(shape, 7, np.uint8))
    assert idxfast.load(path).tolist() == np.full(shape, 7).tolist()
    with pytest.raises(ValueError, match=f"{MAX_NDIM + 1} dimensions, not 1 to {MAX_NDIM}"):
        idxfast.create(path, shape=(1, *shape), dtype="u1")


def test_a_level_for_a_raw_file(tmp_path):
    with pytest.raises(ValueError, match=r"names that end in \.gz"):
        idxfast.create(tmp_path / "file", shape=(1,), dtype="u1", compresslevel=6)
    with pytest.raises(ValueError, match="is a URL"):
        idxfast.create("memory://file", shape=(1,), dtype="u1")
    with pytest.raises(TypeError):
        idxfast.create(5, shape=(1,), dtype="u1")
    with pytest.raises(FileNotFoundError):
        idxfast.create(tmp_path / "missing" / "file", shape=(1,), dtype="u1")
    assert os.listdir(tmp_path) == []
