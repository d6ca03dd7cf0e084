"""IDX inside xz; the other containers pass through."""

import gzip
import io
import lzma
import tracemalloc
import zlib

import pytest

from idxfast import FormatError, IdxError, TrailingDataError, TruncatedError
from idxfast.containers import xz as room
from idxfast.datasets.folder import load_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.xz"


def load_bytes(path, data):
    path.write_bytes(data)
    return load_file(str(path))


@pytest.mark.parametrize("code", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 5, 4), (400, 28, 28)])
def test_the_array_is_that_of_the_file(path, oracle, code, shape):
    data = oracle.pack(code, shape)
    for packed in (lzma.compress(data), gzip.compress(data), data):
        oracle.check(load_bytes(path, packed), data)


@pytest.mark.parametrize("chunk", [1, 2, 3, 64])
def test_any_sizes_of_pieces(path, oracle, chunk, monkeypatch):
    monkeypatch.setattr(room, "CHUNK", chunk)
    data = oracle.pack(0x0B, (9, 3))
    oracle.check(load_bytes(path, lzma.compress(data)), data)


def test_every_truncation_is_an_error(path, oracle):
    packed = lzma.compress(oracle.pack(8, (3, 4)))
    for size in range(6, len(packed)):
        with pytest.raises(TruncatedError, match=f"^{path}: .*at byte {size}"):
            load_bytes(path, packed[:size])


def test_no_flipped_bit_gives_other_values(path, oracle):
    data = oracle.pack(8, (3, 4))
    packed = lzma.compress(data, check=lzma.CHECK_CRC64)
    for i in range(6, len(packed)):
        for bit in range(8):
            damaged = bytearray(packed)
            damaged[i] ^= 1 << bit
            try:
                array = load_bytes(path, damaged)
            except IdxError as error:
                assert str(error).startswith(f"{path}: ")
            else:
                oracle.check(array, data)


@pytest.mark.parametrize("more", [b"\0", b"x", b"\0\0\0\0", lzma.compress(b"")])
@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_what_follows_the_stream_is_refused(path, oracle, more, chunk, monkeypatch):
    monkeypatch.setattr(room, "CHUNK", chunk)
    packed = lzma.compress(oracle.pack(8, (3, 4)))
    with pytest.raises(TrailingDataError, match="follow the xz stream") as caught:
        load_bytes(path, packed + more)
    assert caught.value.offset == len(packed)


def test_what_follows_the_payload_is_refused(path, oracle):
    with pytest.raises(TrailingDataError, match="follow the payload"):
        load_bytes(path, lzma.compress(oracle.pack(8, (3, 4)) + b"x"))


def test_a_payload_that_ends_early(path, oracle):
    with pytest.raises(TruncatedError, match="payload ends at byte 11 of 12"):
        load_bytes(path, lzma.compress(oracle.pack(8, (3, 4))[:-1]))


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (gzip.compress(b"\0\0\x08\0x"), "it looks like gzip, packed once more"),
        (b"<html>", "it looks like a page of HTML or XML"),
        (b"\xfd7zXZ\0", "it does not start with two zero bytes"),
        (b"PK", "it does not start with two zero bytes"),
    ],
)
def test_something_else_inside(path, inner, words):
    with pytest.raises(FormatError, match=f"^{path}: not an IDX file.*{words}"):
        load_bytes(path, lzma.compress(inner))


def test_errors_say_what_was_expected_and_found(path, oracle):
    packed = lzma.compress(oracle.pack(8, (3, 4)))
    damaged = packed[:20] + b"?" + packed[21:]
    for bad in (packed[:-1], packed + b"x", damaged, lzma.compress(b"PK")):
        with pytest.raises(IdxError) as caught:
            load_bytes(path, bad)
        found = vars(caught.value)
        assert found.pop("position") is None
        assert None not in found.values()


def test_a_wrong_type_inside(path):
    with pytest.raises(FormatError, match="there is no type 0x0a"):
        load_bytes(path, lzma.compress(b"\0\0\x0a\0x"))


def test_a_header_is_not_believed(path, oracle):
    """It announces 3 GB; 12 bytes are there. Nor is xz's own, which asks for 1.5 GB."""
    packed = lzma.compress(b"\0\0\x08\x01\xb0\0\0\0" + bytes(12))
    tracemalloc.start()
    try:
        with pytest.raises(TruncatedError):
            load_bytes(path, packed)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    packed = bytearray(lzma.compress(oracle.pack(8, (3,)), filters=filters))
    packed[16] = 40  # the size of the dictionary in the block's header: 4 GiB
    packed[20:24] = zlib.crc32(packed[12:20]).to_bytes(4, "little")
    with pytest.raises(IdxError, match=r"cannot be unpacked: Memory usage limit exceeded"):
        load_bytes(path, packed)


def test_much_behind_a_small_array_is_not_unpacked(path, oracle):
    packed = lzma.compress(oracle.pack(8, (3,)) + bytes(64 << 20), preset=0)
    tracemalloc.start()
    try:
        with pytest.raises(TrailingDataError):
            load_bytes(path, packed)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_no_more_is_read_or_unpacked_than_is_asked_for(monkeypatch):
    monkeypatch.setattr(room, "CHUNK", 100)
    file = io.BytesIO(lzma.compress(b"\0" * 1_000_000, preset=0))
    stream = room.XzStream(file, "name")
    assert stream.read(1 << 30) == bytes(100)
    at = file.tell()
    for size in (1, 50, 100):
        assert stream.read(size) == bytes(size)
    # What is packed there unpacks to more than that.
    assert file.tell() == at < len(file.getvalue())


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_file(str(tmp_path / "missing"))
