"""load(start=, stop=): some rows of whatever load takes, and no more of it than they need."""

import bz2
import gzip
import io
import lzma
import os
import random
import threading
import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import idxfast
from files.contents import PACKERS, images, seekable
from files.handmade import idx
from files.objects import Reads, ReadsInto

ROWS = 60
CODES = {"u1": 0x08, "i2": 0x0B, "i4": 0x0C, "f8": 0x0E}


def members(data):
    return (
        gzip.compress(data[:700])
        + bytes(9)
        + gzip.compress(data[700:701])
        + gzip.compress(data[701:])
    )


PACK = {
    "raw": bytes,
    "gzip": gzip.compress,
    "members": members,
    "seekable": seekable,
    "xz": partial(lzma.compress, preset=0),
    "bzip2": bz2.compress,
}  # fmt: skip


def sample(dtype, shape=(ROWS, 7, 5)):
    return np.random.default_rng(1).integers(0, 100, shape).astype(dtype)


def packed(array, container):
    payload = array.astype(array.dtype.newbyteorder(">")).tobytes()
    return PACK[container](idx(CODES[array.dtype.str[1:]], *array.shape, payload=payload))


def same(found, expected):
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.flags.c_contiguous and found.flags.writeable
    assert (found == expected).all()


def sources(data, path):
    """Everything that load takes, over the same data."""
    path.write_bytes(data)
    yield path
    yield data
    yield io.BytesIO(data)
    dice = random.Random(1)
    yield Reads(data, lambda: dice.randrange(1, 99))
    yield ReadsInto(data, lambda: dice.randrange(1, 99))
    with path.open("rb") as file:
        yield file


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("container", PACK)
def test_any_source(container, dtype, tmp_path):
    array = sample(dtype)
    data = packed(array, container)
    for start, stop in ((None, 9), (7, None), (0, ROWS), (12, 50), (5, 5), (ROWS, ROWS)):
        for source in sources(data, tmp_path / "file"):
            same(idxfast.load(source, start=start, stop=stop), array[start:stop])
        out = np.empty_like(array[start:stop])
        for source in sources(data, tmp_path / "file"):
            assert idxfast.load(source, start=start, stop=stop, out=out) is out
            same(out, array[start:stop])
            out[...] = 0


@given(data=st.data(), container=st.sampled_from(sorted(PACK)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows(data, container):
    shape = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=4))
    array = sample("i2", shape)
    start = data.draw(st.none() | st.integers(0, shape[0]))
    stop = data.draw(st.none() | st.integers(start or 0, shape[0]))
    same(idxfast.load(packed(array, container), start=start, stop=stop), array[start:stop])


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("packer", ["zlib-0", "zlib-6", "fixed", "members", "seekable"])
def test_large_files(packer, threads, tmp_path, no_thread_is_left):
    array = images(9000)
    path = tmp_path / "file"
    path.write_bytes(PACKERS[packer](idx(8, *array.shape, payload=array.tobytes())))
    for start, stop in ((0, 1000), (8000, 8100), (4000, 9000), (0, 8999)):
        same(idxfast.load(path, start=start, stop=stop, threads=threads), array[start:stop])
    no_thread_is_left()


@pytest.mark.parametrize("container", PACK)
@pytest.mark.parametrize(("start", "stop"), [(-1, None), (None, -1), (5, 4), (0, 61), (61, None)])
def test_rows_that_do_not_exist(container, start, stop, tmp_path):
    for source in sources(packed(sample("u1"), container), tmp_path / "file"):
        with pytest.raises(IndexError, match="not all among the file's 60 rows"):
            idxfast.load(source, start=start, stop=stop)


def test_wrong_options(tmp_path):
    scalar = idx(8, payload=b"\7")
    with pytest.raises(IndexError, match="scalar"):
        idxfast.load(scalar, stop=1)
    data = packed(sample("u1"), "raw")
    for wrong in (1.5, "3"):
        with pytest.raises(TypeError):
            idxfast.load(data, start=wrong)
    with pytest.raises(idxfast.SizeError, match="shape"):
        idxfast.load(data, stop=3, out=np.empty((4, 7, 5), "u1"))


@pytest.mark.parametrize("container", PACK)
def test_max_bytes_is_for_the_part(container, tmp_path):
    data = packed(sample("u1"), container)
    for source in sources(data, tmp_path / "file"):
        assert idxfast.load(source, stop=3, max_bytes=105).shape == (3, 7, 5)
    for source in sources(data, tmp_path / "file"):
        with pytest.raises(idxfast.SizeError, match="max_bytes"):
            idxfast.load(source, stop=3, max_bytes=104)


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_a_part_of_a_mapping(mode, tmp_path):
    array = sample("i4")
    path = tmp_path / "file"
    path.write_bytes(packed(array, "raw"))
    mapped = idxfast.load(path, start=9, stop=20, mmap_mode=mode)
    assert mapped.dtype == ">i4" and (mapped == array[9:20]).all()
    with pytest.raises(IndexError):
        idxfast.load(path, stop=61, mmap_mode=mode)


@pytest.mark.parametrize("container", PACK)
@pytest.mark.parametrize("threads", [1, 2])
def test_progress(container, threads, tmp_path):
    array = sample("u1", (40_000, 28))
    data = packed(array, container)
    for source in sources(data, tmp_path / "file"):
        calls = []
        main = threading.get_ident()

        def progress(done, total, calls=calls, main=main):
            assert threading.get_ident() == main
            calls.append((done, total))

        same(
            idxfast.load(source, start=10, stop=35_000, threads=threads, progress=progress),
            array[10:35_000],
        )
        end = 12 + 35_000 * 28
        assert calls[-1] == (end, end)
        assert {total for _, total in calls} == {end}
        assert calls == sorted(calls)


def test_nothing_after_the_rows_is_read_from_a_raw_pipe():
    """Its writer may be waiting."""
    array = sample("u1")
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as pipe, open(writing, "wb", buffering=0) as file:
        file.write(packed(array, "raw")[: 16 + 4 * 35])
        same(idxfast.load(pipe, start=1, stop=4), array[1:4])


@pytest.mark.parametrize("container", PACK)
def test_little_after_the_rows_is_read(container):
    array = np.random.default_rng(2).integers(0, 256, (6_000, 28, 28), "u1")
    stream = Reads(packed(array, container), lambda: 1 << 20)
    same(idxfast.load(stream, start=1, stop=4), array[1:4])
    assert stream.file.tell() < 3 << 20


@pytest.mark.parametrize("container", ["raw", "gzip", "seekable", "xz", "bzip2"])
def test_what_follows_is_not_looked_at(container, tmp_path):
    array = sample("u1", (3000, 28, 28))
    data = packed(array, container)
    damaged = bytearray(data)
    damaged[len(data) * 3 // 4] ^= 1
    for source in sources(damaged, tmp_path / "file"):
        same(idxfast.load(source, stop=3), array[:3])
    if container == "seekable":
        same(idxfast.load(bytes(damaged), start=2990), array[2990:])


@pytest.mark.parametrize("container", ["gzip", "members", "seekable", "xz", "bzip2"])
def test_the_end_of_the_file_is_verified_with_the_last_row(container, tmp_path):
    data = bytearray(packed(sample("u1"), container))
    # The last checksum: before the last length of gzip, and before the end of xz's last stream.
    data[-6 if container != "bzip2" else -3] ^= 1
    for start in (None, 59):
        for source in sources(data, tmp_path / "file"):
            with pytest.raises(idxfast.IdxError):
                idxfast.load(source, start=start, stop=60)


@pytest.mark.parametrize("container", PACK)
def test_every_truncation(container):
    """Never other rows: those that are there, or an error."""
    array = sample("u1")
    data = packed(array, container)
    for size in range(0, len(data), 3):
        for source in (data[:size], Reads(data[:size], lambda: 1 << 20)):
            try:
                same(idxfast.load(source, start=20, stop=30), array[20:30])
                assert size > 20
            except idxfast.IdxError as error:
                assert error.offset is not None


@pytest.mark.parametrize("container", ["raw", "gzip", "xz"])
def test_a_header_is_not_believed(container):
    """Of a stream, memory grows as data arrive; of anything else, the size is compared before."""
    data = PACK[container](idx(8, 1 << 16, 1 << 16, 1 << 14) + bytes(1000))
    tracemalloc.start()
    try:
        for source in (data, Reads(data, lambda: 1 << 20)):
            with pytest.raises(idxfast.TruncatedError):
                idxfast.load(source, start=0, stop=1 << 15)
            with pytest.raises(idxfast.TruncatedError):
                idxfast.load(source, start=1 << 15)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.parametrize("threads", [1, 2])
def test_memory_is_bounded_by_the_part(threads, tmp_path):
    array = images(60_000)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(idx(8, *array.shape, payload=array.tobytes()), 1))
    size = array.nbytes
    del array
    tracemalloc.start()
    try:
        idxfast.load(path, start=59_000, stop=59_010, threads=threads)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 << 20 < size // 3


def test_an_open_file_keeps_its_position(tmp_path):
    array = sample("u1")
    path = tmp_path / "file"
    path.write_bytes(b"before" + packed(array, "gzip"))
    with path.open("rb") as file:
        file.seek(6)
        for start in (0, 50):
            same(idxfast.load(file, start=start, stop=start + 5), array[start : start + 5])
            assert file.tell() == 6


@pytest.mark.parametrize("start", [None, 0, 1])
def test_the_first_rows_of_a_seekable_file_are_verified(tmp_path, start):
    """The block that starts with these rows is decoded as a whole and compared with its CRC-32."""
    array = sample("u1")
    path = tmp_path / "file.gz"
    idxfast.save(path, array, seekable=True)
    file = path.read_bytes()
    first = file.index(b"\x1f\x8b\x08\x04", 1) + 18  # where the second block's data start
    for at in range(first, first + 500, 7):
        damaged = bytearray(file)
        damaged[at] ^= 16
        path.write_bytes(damaged)
        for source in (path, bytes(damaged)):
            with pytest.raises(idxfast.ChecksumError):
                idxfast.load(source, start=start, stop=3)
    path.write_bytes(file)
    same(idxfast.load(path, start=start, stop=3), array[start:3])
