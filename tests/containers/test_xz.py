"""What only xz has: checks, padding between streams, headers that ask for memory."""

import lzma
import shutil
import struct
import subprocess
import zlib

import pytest

import idxfast
from idxfast import IdxError, TrailingDataError
from idxfast.containers import unpacking


@pytest.fixture
def content(oracle):
    return oracle.pack(8, (3, 4))


@pytest.mark.parametrize(
    "check", [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256]
)
def test_checks(check, content, oracle):
    packed = lzma.compress(content, check=check)
    oracle.check(idxfast.loads(packed), content)
    # The payload is stored unchanged, so that only the check notices a change of it.
    at = packed.index(content[12:]) + 3
    damaged = packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :]
    if check == lzma.CHECK_NONE:
        assert idxfast.loads(damaged).tobytes() != content[12:]
        return
    with pytest.raises(IdxError, match="xz stream 1 cannot be unpacked: Corrupt input data"):
        idxfast.loads(damaged)


def with_check(packed, check):
    """The same stream, made with CRC-32, under the name of another check of the same size."""
    flags = bytes([0, check])
    start = packed[:6] + flags + struct.pack("<I", zlib.crc32(flags))
    end = packed[-8:-4] + flags
    return start + packed[12:-12] + struct.pack("<I", zlib.crc32(end)) + end + packed[-2:]


@pytest.mark.parametrize("check", [2, 3])
def test_a_check_that_cannot_be_verified_is_refused(check, content):
    """The library would read on without verifying anything."""
    packed = lzma.compress(content, check=lzma.CHECK_CRC32)
    assert with_check(packed, lzma.CHECK_CRC32) == packed
    unknown = with_check(packed, check)
    assert lzma.decompress(unknown) == content
    for data, stream in ((unknown, 1), (lzma.compress(b"") + unknown, 2)):
        for read in (idxfast.loads, idxfast.read_header):
            with pytest.raises(IdxError, match=f"check of type {check}") as caught:
                read(data)
            assert f"xz stream {stream} " in caught.value.reason


def unpacked_by_xz(data):
    """What the program xz makes of a file; None if it is not installed. Python ignores padding."""
    if not shutil.which("xz"):
        return None
    return subprocess.run(["xz", "-dc"], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize("piece", [1, 6, 64 << 10])
@pytest.mark.parametrize("count", [4, 8, 400])
def test_padding(count, piece, content, oracle, monkeypatch):
    monkeypatch.setattr(unpacking, "FIRST_PIECE", piece)
    monkeypatch.setattr(unpacking, "PIECE", piece)
    first, second = lzma.compress(content[:9]), lzma.compress(content[9:])
    for data in (
        first + bytes(count) + second,
        first + second + bytes(count),
        first + bytes(count) + second + bytes(4),
    ):
        assert unpacked_by_xz(data) in (content, None)
        oracle.check(idxfast.loads(data), content)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 4097])
@pytest.mark.parametrize("more", [b"", lzma.compress(b"")], ids=["end", "stream"])
def test_padding_comes_in_fours(count, more, content):
    packed = lzma.compress(content)
    if shutil.which("xz"):
        with pytest.raises(subprocess.CalledProcessError):
            unpacked_by_xz(packed + bytes(count) + more)
    with pytest.raises(TrailingDataError, match="something else follows xz stream 1") as caught:
        idxfast.loads(packed + bytes(count) + more)
    assert caught.value.found == f"{count:,} bytes of padding"


def test_something_else_after_padding(content):
    packed = lzma.compress(content) + bytes(8)
    with pytest.raises(TrailingDataError) as caught:
        idxfast.loads(packed + b"more")
    assert caught.value.offset == len(packed)
    assert caught.value.found == b"more".hex(" ")


def test_a_dictionary_of_four_gigabytes(content):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    packed = bytearray(lzma.compress(content, filters=filters))
    packed[16] = 40  # the size of the dictionary in the block's header: 4 GiB
    packed[20:24] = zlib.crc32(packed[12:20]).to_bytes(4, "little")
    for read in (idxfast.loads, idxfast.read_header):
        with pytest.raises(IdxError, match="cannot be unpacked: Memory usage limit exceeded"):
            read(bytes(packed))


def test_what_xz_makes_at_its_highest_level_is_read(content, oracle):
    oracle.check(idxfast.loads(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)), content)


def test_only_xz_is_read_of_what_lzma_unpacks(content):
    """Files of the older format, .lzma, have no checksum."""
    with pytest.raises(idxfast.FormatError):
        idxfast.loads(lzma.compress(content, lzma.FORMAT_ALONE))


def test_filters(content, oracle):
    filters = [{"id": lzma.FILTER_DELTA, "dist": 28}, {"id": lzma.FILTER_LZMA2, "preset": 1}]
    oracle.check(idxfast.loads(lzma.compress(content, filters=filters)), content)
