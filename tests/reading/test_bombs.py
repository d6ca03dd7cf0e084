"""Files that claim little and hold much, or claim much and hold little."""

import contextlib
import gzip
import io
import sys
import tracemalloc
import zlib
from functools import partial

import numpy as np
import pytest

import idxfast
from files.handmade import idx
from idxfast.containers import survey  # imported before memory is measured
from idxfast.containers.in_order import FIRST_GUESS
from idxfast.format import MAX_HEADER_SIZE
from idxfast.gzip import decoder, input_buffer, scanner
from idxfast.gzip.stream import MAX_LENGTH
from idxfast.storage.source import FileSource

# The most bytes that are read of any of these files, and the most memory that reading takes.
READ = input_buffer.CHUNK
LITTLE = 2 * input_buffer.CHUNK
# A refused file is read again, to say what would explain it; this much of the stream is held.
SURVEYED = scanner.MEMORY + 8 * decoder.PIECE
# The most bytes in the head of a stream: the longest header, and a match that starts inside it.
HEAD_SPACE = MAX_HEADER_SIZE + MAX_LENGTH


@contextlib.contextmanager
def allocates_less_than(nbytes):
    """Assert that the memory traced inside the block stays below a limit."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < nbytes
    finally:
        tracemalloc.stop()


@pytest.fixture
def bytes_read(monkeypatch):
    """The number of bytes that each read of a file returned."""
    sizes = []
    read, read_into = FileSource.read, FileSource.read_into

    def counted_read(self, count, offset):
        data = read(self, count, offset)
        sizes.append(len(data))
        return data

    def counted_read_into(self, buffer, offset):
        count = read_into(self, buffer, offset)
        sizes.append(count)
        return count

    monkeypatch.setattr(FileSource, "read", counted_read)
    monkeypatch.setattr(FileSource, "read_into", counted_read_into)
    return sizes


@pytest.fixture
def bytes_decoded(monkeypatch):
    """The number of bytes that each call of the decoder produced."""
    sizes = []

    class Counted:
        def __init__(self):
            self._inflater = inflater()
            self.reset = self._inflater.reset

        def decode(self, data, bit, out, position, **options):
            result = self._inflater.decode(data, bit, out, position, **options)
            sizes.append(result[2] - position)
            return result

    inflater = decoder.Inflater
    monkeypatch.setattr(decoder, "Inflater", Counted)
    return sizes


def bomb(header, mebibytes):
    """A gzip file of a header and zeros. Each MiB of zeros is compressed to the same 1 KB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.flush()
    return start + zeros * mebibytes + end + bytes(8)


@pytest.mark.parametrize("threads", [1, 2])
def test_ten_gigabytes_after_a_hundred_bytes(
    threads, tmp_path, bytes_read, bytes_decoded, monkeypatch
):
    path = tmp_path / "file.gz"
    path.write_bytes(bomb(b"\0\0\x08\x01" + (100).to_bytes(4), 10_000))
    assert path.stat().st_size > 10_000_000
    monkeypatch.setattr(survey, "BUDGET", 1 << 20)
    with allocates_less_than(LITTLE + SURVEYED), pytest.raises(idxfast.TrailingDataError):
        idxfast.load(path, threads=threads)
    # Of the unpacked stream, no more than the head is decoded, and once more the budget.
    assert sum(bytes_read) <= 2 * READ < path.stat().st_size / 2
    assert 108 < sum(bytes_decoded) <= HEAD_SPACE + survey.BUDGET + 2 * decoder.PIECE
    assert idxfast.read_header(path).shape == (100,)


@pytest.mark.parametrize("mebibytes", [1, 10_000])
def test_max_bytes_comes_before_the_payload(mebibytes, tmp_path, bytes_read):
    """The file is honest, and unpacks to a thousand times its size."""
    path = tmp_path / "file.gz"
    header = b"\0\0\x08\x02" + mebibytes.to_bytes(4) + (1 << 20).to_bytes(4)
    path.write_bytes(bomb(header, mebibytes))
    with allocates_less_than(LITTLE), pytest.raises(idxfast.SizeError, match="max_bytes"):
        idxfast.load(path, max_bytes=1000)
    assert sum(bytes_read) <= READ


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: data + bytes(14)])
def test_an_exbibyte_in_thirty_bytes(pack, tmp_path):
    header = b"\0\0\x08\x03" + (1 << 20).to_bytes(4) * 3
    path = tmp_path / "file"
    path.write_bytes(pack(header))
    assert path.stat().st_size <= 40
    for source in (path, path.read_bytes()):
        with allocates_less_than(100_000 + SURVEYED), pytest.raises(idxfast.TruncatedError):
            idxfast.load(source)
    with (
        open(path, "rb") as file,
        allocates_less_than(2 * FIRST_GUESS + 100_000),
        pytest.raises(idxfast.TruncatedError),
    ):
        idxfast.load(Stream(file))


def test_what_the_trailer_says_is_not_believed():
    data = gzip.compress(idxfast.dumps(np.zeros(9, np.uint8)))[:-4] + b"\xff" * 4
    with allocates_less_than(LITTLE), pytest.raises(idxfast.ChecksumError, match="length"):
        idxfast.loads(data)


def test_the_most_that_deflate_can_hold():
    def announcing(count):
        return gzip.compress(b"\0\0\x08\x01" + count.to_bytes(4), 0)

    most = 1032 * len(announcing(0)) - 8
    with pytest.raises(idxfast.TruncatedError, match=f"end at byte 8 of {most + 8:,}, and"):
        idxfast.loads(announcing(most))
    with pytest.raises(idxfast.TruncatedError, match=r"compressed bytes can hold"):
        idxfast.loads(announcing(most + 1))


class Stream:
    """A file object that does not tell its size."""

    def __init__(self, file):
        self._file = file

    def read(self, size):
        return self._file.read(size)


def test_memory_for_a_stream_grows_as_it_comes():
    file = io.BytesIO(b"\0\0\x08\x01" + (1 << 30).to_bytes(4) + bytes(3_000_000))
    with (
        allocates_less_than(8 * FIRST_GUESS),
        pytest.raises(idxfast.TruncatedError, match=r"byte 3,000,000 of 1,073,741,824"),
    ):
        idxfast.load(Stream(file))


def events_of(call):
    """How many functions, in Python and in C, a call makes use of."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("padding", [0, 1, 7])
def test_two_hundred_thousand_empty_members(padding):
    """Compiled code decodes hundreds at a time, and the number of calls grows linearly."""
    start = gzip.compress(idxfast.dumps(np.arange(3, dtype=np.uint8)))
    empty = gzip.compress(b"") + bytes(padding)
    few, many = (start + empty * count for count in (20_000, 200_000))
    calls = [events_of(partial(idxfast.loads, file, threads=1)) for file in (few, many)]
    assert calls[1] < 11 * calls[0]
    assert calls[1] < 200_000 / 20
    for threads in (1, 2):
        assert idxfast.loads(many, threads=threads).tolist() == [0, 1, 2]


@pytest.mark.parametrize("padding", [0, 1])
def test_a_header_after_twenty_thousand_empty_members(padding):
    empty = gzip.compress(b"") + bytes(padding)
    file = empty * 20_000 + gzip.compress(idxfast.dumps(np.arange(3, dtype=np.uint8)))
    assert events_of(partial(idxfast.read_header, file)) < 20_000 / 2
    assert idxfast.read_header(file).shape == (3,)


def test_honest_ratio():
    data = gzip.compress(idx(8, 16 << 20) + bytes(16 << 20), 9)
    array = idxfast.loads(data)
    assert array.shape == (16 << 20,)
    assert not array.any()
