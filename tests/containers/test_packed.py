"""What compressed archives hold."""

import bz2
import gzip
import io
import lzma
import struct
import zlib

import pytest

from idxfast import IdxError
from idxfast.containers.packed import unpacked, unpacked_start

CONTENT = bytes(range(256)) * 4


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_content(pack):
    file = unpacked(io.BytesIO(pack(CONTENT)), "file")
    assert [file.read(5), file.tell(), file.seek(700)] == [CONTENT[:5], 5, 700]
    assert file.read(2000) == CONTENT[700:]
    assert file.read(1) == b""
    assert unpacked_start(io.BytesIO(pack(CONTENT)), 300) == CONTENT[:300]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_damage_is_nothing(pack):
    data = pack(CONTENT)
    for broken in (data[:7], data[:4] + bytes(40)):
        assert unpacked_start(io.BytesIO(broken), 300) == b""
        with pytest.raises(IdxError, match=r"^name: "):
            unpacked(io.BytesIO(broken), "name").read(300)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_nothing_is_unpacked_twice(pack):
    """Or a small archive whose parts lead back and forth would take hours."""
    file = unpacked(io.BytesIO(pack(CONTENT)), "name")
    file.seek(9)
    for position in ((8,), (9, io.SEEK_CUR), (0, io.SEEK_END)):
        with pytest.raises(ValueError, match="lies before"):
            file.seek(*position)


def test_xz_takes_no_more_memory_than_a_file_that_is_loaded():
    """The block after the first asks for 3 GiB."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
    first = lzma.compress(CONTENT, filters=filters)
    second = bytearray(lzma.compress(CONTENT, filters=filters))
    end = 12 + 4 * (second[12] + 1)  # of the block's header, with its CRC-32
    second[16] = 39  # the size of the dictionary
    second[end - 4 : end] = struct.pack("<I", zlib.crc32(second[12 : end - 4]))
    file = unpacked(io.BytesIO(first + second), "name")
    assert file.read(len(CONTENT)) == CONTENT
    with pytest.raises(IdxError, match="Memory usage limit"):
        file.read(1)
