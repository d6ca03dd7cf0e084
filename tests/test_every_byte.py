"""Every change of one byte to any other value, and every truncation, of ten small .gz files.

What comes of it is an error or the array; and it is the array exactly where RFC 1951 and 1952 give the
changed bits no meaning, or where the strict reader finds another packing of the same data in them.
"""

import struct

import pytest

import idxfast
import strict
from corpus_packers import BGZF_END
from handmade import ARRAY, GOOD, Deflate, deflate, member

EXTRA = b"AB\x02\x00xy"
BODY = deflate(GOOD)
BLOCKS = [
    member(piece, extra=struct.pack("<2sHH", b"BC", 2, 25 + len(deflate(piece))))
    for piece in (GOOD[:10], GOOD[10:])
]
FILES = {
    "plain": member(),
    "extra": member(extra=EXTRA),
    "name-and-comment": member(name=b"name", comment=b"comment"),
    "header-crc": member(extra=EXTRA, name=b"n", comment=b"c", header_crc=0),
    "stored": member(body=Deflate().stored(GOOD[:5]).stored(GOOD[5:], True).pack()),
    "fixed": member(body=Deflate().fixed(GOOD[:14]).fixed([*GOOD[14:]], True).pack()),
    "dynamic": member(body=Deflate().dynamic(GOOD, True).pack()),
    "members": member(GOOD[:7]) + member(b"") + member(GOOD[7:]),
    "padded": member() + bytes(3) + member(b"") + bytes(4),
    "bgzf": b"".join(BLOCKS) + BGZF_END,
}


def meaningless(data):
    """The offsets of bytes with bits that have no meaning, and which bits these are."""
    free, at = {}, 0

    def add(start, stop):
        if not flags & 2:  # else the header's checksum covers them
            free.update(dict.fromkeys(range(start, stop), 0xFF))

    while at < len(data):
        if data[at] == 0:  # padding between members has to stay zero
            at += 1
            continue
        flags = data[at + 3]
        end = at + 10
        add(at + 4, end)  # MTIME, XFL, OS
        if not flags & 2:
            free[at + 3] = 0x01  # FTEXT
        if flags & 4:
            size = struct.unpack_from("<H", data, end)[0]
            add(end + 2, end + 2 + size)
            end += 2 + size
        for flag in (8, 16):
            if flags & flag:
                zero = data.index(b"\0", end)
                add(end, zero)
                end = zero + 1
        end += flags & 2
        stream = strict.Bits(data, end)
        for _ in strict.inflate(stream):
            pass
        if stream.at & 7:
            free[stream.at >> 3] = 0xFF << (stream.at & 7) & 0xFF
        at = stream.byte() + 8
    return free


def is_read(data, refusal=idxfast.IdxError):
    """Whether the array comes out; any other array, and any other error, fails the test."""
    try:
        array = idxfast.loads(data)
    except refusal:
        return False
    assert array.dtype == "u1"
    assert array.tolist() == ARRAY
    return True


def same_by_strict(data):
    try:
        return strict.read(data) == GOOD
    except strict.Refused:
        return False


@pytest.mark.parametrize("name", FILES)
def test_every_truncation(name):
    data = FILES[name]
    assert is_read(data)
    ends = {size for size in range(len(data)) if is_read(data[:size], idxfast.TruncatedError)}
    # Whole members, padding or none behind them, are a whole file.
    expected = {size for size in range(len(data)) if same_by_strict(data[:size])}
    assert ends == expected
    assert len(ends) == {"padded": 8, "bgzf": 1}.get(name, 0)


@pytest.mark.parametrize("name", FILES)
def test_every_byte(name):
    data, free = FILES[name], meaningless(FILES[name])
    for at, old in enumerate(data):
        for value in range(256):
            changed = bytearray(data)
            changed[at] = value
            whole = is_read(bytes(changed))
            has_no_meaning = not (old ^ value) & ~free.get(at, 0)
            ends_a_text = value == 0 and old != 0 and free.get(at) == 0xFF
            if whole != has_no_meaning or ends_a_text:
                assert whole == same_by_strict(bytes(changed)), (at, old, value)
