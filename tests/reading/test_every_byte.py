"""Every change of one byte to any other value, and every truncation, of ten small .gz files.

The outcome is an error or the right array. It is the array exactly where the strict reader accepts
the file: where RFC 1951 and 1952 give the changed bits no meaning, or where the file is another
compressed form of the same data.
"""

import struct

import pytest

import idxfast
from corpus.packers import BGZF_END
from files import strict
from files.handmade import ARRAY, GOOD, Deflate, deflate, member

EXTRA = b"AB\x02\x00xy"
BLOCKS = [
    member(piece, extra=struct.pack("<2sHH", b"BC", 2, 25 + len(deflate(piece))))
    for piece in (GOOD[:10], GOOD[10:])
]
# Complete codes for the bytes of GOOD, 0 to 6 and 8, and for the code lengths 0, 1, 3 and 4.
LENGTHS = [3] * 6 + [4, 0, 4] + [0] * 247 + [3]
PRECODE = [1, 3, 0, 2, 3] + [0] * 14
FILES = {
    "plain": member(),
    "extra": member(extra=EXTRA),
    "name-and-comment": member(name=b"name", comment=b"comment"),
    "header-crc": member(extra=EXTRA, name=b"n", comment=b"c", header_crc=0),
    "stored": member(body=Deflate().stored(GOOD[:5]).stored(GOOD[5:], True).pack()),
    "fixed": member(body=Deflate().fixed(GOOD[:14]).fixed([*GOOD[14:]], True).pack()),
    "dynamic": member(body=Deflate().dynamic(GOOD, True, LENGTHS, [1], PRECODE).pack()),
    "members": member(GOOD[:7]) + member(b"") + member(GOOD[7:]),
    "padded": member() + bytes(3) + member(b"") + bytes(4),
    "bgzf": b"".join(BLOCKS) + BGZF_END,
}


def is_read(data, refusal=idxfast.IdxError):
    """Whether the right array is read; a wrong array, or an unexpected error, fails the test."""
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
    # Whole members, with or without padding after them, are a whole file.
    expected = {size for size in range(len(data)) if same_by_strict(data[:size])}
    assert ends == expected
    assert len(ends) == {"padded": 8, "bgzf": 1}.get(name, 0)


def meaningless(data):
    """For each byte, the bits that may be flipped, one at a time."""
    masks = []
    for at in range(len(data)):
        mask = 0
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            mask |= same_by_strict(bytes(changed)) << bit
        masks.append(mask)
    return masks


@pytest.mark.parametrize("name", FILES)
def test_every_byte(name):
    data = FILES[name]
    masks = meaningless(data)
    # FTEXT, MTIME, XFL and OS, unless the header has its own checksum.
    assert masks[:10] == ([0] * 10 if name == "header-crc" else [0, 0, 0, 1] + [0xFF] * 6)
    for at, old in enumerate(data):
        for value in range(256):
            changed = bytearray(data)
            changed[at] = value
            whole = is_read(bytes(changed))
            # If several bits change, the strict reader is asked only if the outcome changes.
            if whole != ((old ^ value) & ~masks[at] == 0):
                assert whole == same_by_strict(bytes(changed)), (at, old, value)
