"""Mapped compressed files whose header the caller states: which entries there are, and when."""

import gzip
import os

import numpy as np
import pytest

import idxfast
from files.unpacked import names
from idxfast import ChecksumError, Header, SizeError, TrailingDataError, TruncatedError
from idxfast.reading import unpacking
from idxfast.storage.unpacked import open_unpacked_files

pytestmark = pytest.mark.usefixtures("cache")

VALUES = np.arange(600, dtype="<i4")
CONTENT = b"?" * 100 + VALUES.tobytes()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(CONTENT))
    return path


def mapped(path, dtype, shape, offset, **options):
    header = Header(dtype, shape)
    return idxfast.load(path, mmap_mode="r", header=header, offset=offset, **options)


def test_unpacked_once_for_each_part_of_the_file(path, cache, unpacks):
    for dtype, shape in (("<i4", (600,)), ("<i4", (30, 20)), (">i4", (600,)), ("u1", (2_400,))):
        array = mapped(path, dtype, shape, 100)
        assert array.dtype == np.dtype(dtype)
        assert array.shape == shape
        assert array.tobytes() == VALUES.tobytes()
    assert len(unpacks) == 1
    assert mapped(path, "u1", (2_404,), 96).tobytes() == b"?" * 4 + VALUES.tobytes()
    assert len(unpacks) == 2
    assert len(names(cache, ".idx")) == len(names(cache, ".source")) == 2


def test_an_entry_does_not_make_another_size_right(path, unpacks):
    mapped(path, "u1", (2_400,), 100)
    for size, offset, kind in (
        (2_399, 100, TrailingDataError),
        (2_401, 100, TruncatedError),
        (2_400, 99, TrailingDataError),
        (2_400, 101, TruncatedError),
    ):
        for _ in range(2):
            with pytest.raises(kind):
                mapped(path, "u1", (size,), offset)
    assert len(unpacks) == 9


def test_copies_share_an_entry(path, tmp_path, unpacks):
    copy = tmp_path / "copy.gz"
    copy.write_bytes(path.read_bytes())
    for one in (path, copy, path):
        assert (mapped(one, "<i4", (600,), 100) == VALUES).all()
    assert len(unpacks) == 1
    with pytest.raises(TrailingDataError):
        mapped(copy, "<i4", (599,), 100)


def test_the_files_own_header_has_an_entry_of_its_own(path, tmp_path, unpacks):
    array = np.arange(24, dtype=np.uint8).reshape(4, 6)
    idxfast.save(path, array)
    for _ in range(2):
        assert (idxfast.load(path, mmap_mode="r") == array).all()
        assert mapped(path, "u1", (36,), 0).tobytes() == idxfast.dumps(array)
        assert (mapped(path, "u1", (4, 6), 12) == array).all()
    assert len(unpacks) == 3


def test_records_are_listed_and_swept(path, cache):
    mapped(path, "<i4", (600,), 100)
    with open_unpacked_files() as files:
        files.sweep()
        (entry,) = files.entries()
        assert entry.sources == [str(path)]
        files.clear()
    assert not names(cache, ".source")
    assert (mapped(path, "<i4", (600,), 100) == VALUES).all()


@pytest.mark.parametrize("nbytes", [0, 1, 99, 100, 101, 2_399, 2_400])
def test_more_bytes_than_a_dimension_of_idx_can_have(nbytes, path, cache, monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_DIMENSION", 100)
    for _ in range(2):
        array = mapped(path, "u1", (nbytes,), len(CONTENT) - nbytes, max_bytes=nbytes)
        assert array.tobytes() == CONTENT[len(CONTENT) - nbytes :]
    (name,) = names(cache, ".idx")
    rows, width = idxfast.read_header(cache / name).shape
    assert rows <= 100
    assert 0 <= rows * width - nbytes < width


def test_limits(path, unpacks):
    for _ in range(2):
        with pytest.raises(SizeError, match="max_bytes"):
            mapped(path, "<i4", (600,), 100, max_bytes=2_399)
    mapped(path, "<i4", (600,), 100, max_bytes=2_400)
    with pytest.raises(SizeError, match="max_bytes"):
        mapped(path, "<i4", (600,), 100, max_bytes=2_399)
    with pytest.raises(TruncatedError, match="can hold"):
        mapped(path, "<i4", (1 << 40,), 100)
    assert len(unpacks) == 1


def test_damage(path, cache):
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    with pytest.raises(ChecksumError):
        mapped(path, "<i4", (600,), 100)
    assert not os.listdir(cache)


def test_not_for_writing(path):
    with pytest.raises(idxfast.IdxError, match="cannot be mapped for writing"):
        idxfast.load(path, mmap_mode="r+", header=Header("<i4", (600,)), offset=100)
