"""lazy/idx_file: files that are damaged, or written to while they are open."""

import functools
import gzip
import os
import struct

import numpy as np
import pytest

import idxfast
from files.samples import PACK, bgzf, idx, large, make_parts_small, same, sample


@pytest.mark.parametrize("change", ["shorter", "longer", "other"])
def test_a_raw_file_that_is_written_to(tmp_path, change):
    path = tmp_path / "file"
    data = idx(sample())
    path.write_bytes(data)
    with idxfast.open(path) as file:
        file[59]
        with open(path, "r+b") as other:
            if change == "shorter":
                other.truncate(len(data) - 1)
            if change == "longer":
                other.seek(0, 2)
                other.write(b"more")
            if change == "other":
                other.seek(20)
                other.write(b"other")
        os.utime(path, (1, 1))
        for key in (59, 0, [1, 2], slice(None)):
            with pytest.raises(idxfast.IdxError, match="written to since it was opened") as caught:
                file[key]
            assert caught.value.filename == str(path)


def test_a_replaced_file_stays_what_it_was(store):
    array = sample()
    path = store(array)
    with idxfast.open(path) as file:
        path.unlink()
        store(array + 1)
        same(file[3], array[3])


@pytest.mark.parametrize("shape", [(60, 7, 5), (1, 7, 5), (61, 7, 5)])
@pytest.mark.parametrize("is_read_before", [False, True])
def test_a_file_that_is_written_to(store, shape, is_read_before):
    """Neither the data of another array, whatever its shape, nor a mixture of two."""
    path = store(sample())
    is_in_parts = isinstance(idxfast.open, functools.partial)
    with idxfast.open(path) as file:
        if is_read_before:
            file[::7]
        store(sample(shape=shape) + 1)
        os.utime(path, (1, 1))
        reads = [np.asarray, idxfast.IdxFile.verify]
        if not is_read_before or is_in_parts or file.container in ("raw", "seekable gzip"):
            reads += [lambda file: file[3], lambda file: file[[5, 1]], lambda file: file.read(1, 9)]
        for read in reads:
            with pytest.raises(idxfast.IdxError, match=r"written to|has changed"):
                read(file)


def test_a_damaged_block_is_refused_and_others_are_read(tmp_path):
    array = sample(shape=(60, 100))
    data = bytearray(bgzf(idx(array)))
    data[len(data) // 2] ^= 1
    path = tmp_path / "file"
    path.write_bytes(data)
    with idxfast.open(path) as file:
        same(file[0], array[0])
        same(file[59], array[59])
        with pytest.raises(idxfast.ChecksumError, match="BGZF block"):
            file[...]
        with pytest.raises(idxfast.GzipError):
            file.verify()


@pytest.mark.parametrize("rows", [0, 599, 601, 30_000_000])
def test_another_size_than_the_header_announces(tmp_path, rows):
    """Reading raises the same error as `load`, and gives no rows."""
    array, _ = large()
    path = tmp_path / "file"
    data = bytearray(idx(array))
    data[4:8] = struct.pack(">I", rows)
    path.write_bytes(gzip.compress(data))
    with pytest.raises(idxfast.IdxError) as expected:
        idxfast.load(path)
    with pytest.raises(type(expected.value)) as found, idxfast.open(path, cache_bytes=0) as opened:
        opened[...]
    if rows:
        assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("is_seekable", [False, True], ids=["gzip", "seekable gzip"])
def test_every_byte(is_seekable, tmp_path, monkeypatch):
    """Whatever byte is changed: the array that it was, or an IdxError."""
    make_parts_small(monkeypatch)
    array = sample(shape=(5, 30))
    content = idx(array)
    if is_seekable:
        data = bgzf(content, 40)
    else:
        data = gzip.compress(content[:90], mtime=0) + gzip.compress(content[90:], mtime=0)
    path = tmp_path / "file"
    refused = 0
    for i in range(len(data)):
        changed = bytearray(data)
        changed[i] ^= 1 << i % 8
        path.write_bytes(changed)
        try:
            with idxfast.open(path, cache_bytes=0) as file:
                same(file[-1], array[-1])
                same(file[...], array)
                same(np.stack([file[row] for row in range(5)]), array)
        except idxfast.IdxError as error:
            assert error.filename == str(path)
            refused += 1
    assert refused > len(data) // 2


def test_every_truncation(tmp_path, container):
    array = sample(shape=(5, 30))
    data = PACK[container](idx(array))
    path = tmp_path / "file"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        # BGZF's mark of the end of the file may be missing.
        try:
            with idxfast.open(path) as file:
                same(file[...], array)
            assert container == "seekable gzip" and size >= len(data) - 28
        except idxfast.IdxError:
            pass
