"""Ways to pack data as gzip that are all right: by zlib, and by hand."""

import struct
import zlib

from files.handmade import Deflate, deflate, member

NOTHING = member(b"")
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def pieces(dice, data, most=5):
    """The data cut at random places; pieces may be empty."""
    cuts = sorted(dice.randint(0, len(data)) for _ in range(dice.randint(0, most)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def other(dice):
    """What RFC 1952 gives no meaning for the data: MTIME, XFL, OS."""
    return dice.randbytes(6)


def text(dice, size):
    """Bytes that a name or a comment may have: any but zero."""
    return bytes(dice.randint(1, 255) for _ in range(size))


def by_zlib(dice, data):
    packer = zlib.compressobj(
        dice.randint(0, 9),
        zlib.DEFLATED,
        -dice.randint(9, 15),
        dice.randint(1, 9),
        dice.randint(0, 4),
    )
    flush = [zlib.Z_NO_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH]
    body = b"".join(
        packer.compress(piece) + packer.flush(dice.choice(flush)) for piece in pieces(dice, data)
    )
    return member(data, body=body + packer.flush(), other=other(dice))


def stored(dice, data):
    stream = Deflate()
    *first, last = pieces(dice, data)
    for piece in first:
        stream.stored(piece, padding=dice.choice("01"))
    return member(data, body=stream.stored(last, True, padding=dice.choice("01")).pack())


def fixed(dice, data):
    return member(data, body=Deflate().fixed(tokens(dice, data), True).pack(dice.choice("01")))


def dynamic(dice, data):
    return member(data, body=Deflate().dynamic(tokens(dice, data), True).pack(dice.choice("01")))


def mixed(dice, data):
    """Blocks of every kind, empty ones among them, that copy from one another."""
    stream, parts, at = Deflate(), pieces(dice, data, 8), 0
    for i, part in enumerate(parts):
        final, kind = i == len(parts) - 1, dice.randrange(3)
        if kind == 0:
            stream.stored(part, final, padding=dice.choice("01"))
        elif kind == 1:
            stream.fixed(tokens(dice, data[: at + len(part)], at), final)
        else:
            stream.dynamic(tokens(dice, data[: at + len(part)], at), final)
        at += len(part)
    return member(data, body=stream.pack(dice.choice("01")))


def members(dice, data):
    return b"".join(
        dice.choice([by_zlib, stored, mixed])(dice, piece) + NOTHING * dice.choice([0, 0, 1, 3])
        for piece in pieces(dice, data)
    )


def fields(dice, data):
    """Every optional field, each there or not."""
    given = {
        "extra": b"AB" + struct.pack("<H", 5) + dice.randbytes(5),
        "name": text(dice, dice.randint(0, 20)),
        "comment": text(dice, dice.randint(0, 20)),
        "header_crc": 0,
    }
    given = {name: value for name, value in given.items() if dice.random() < 0.5}
    return member(data, flags=dice.randrange(2), other=other(dice), **given)


def bgzf(dice, data, end=True, size=None):
    blocks = b""
    for piece in pieces(dice, data):
        body = deflate(piece, dice.randint(0, 9))
        total = 26 + len(body) if size is None else size
        blocks += member(piece, extra=struct.pack("<2sHH", b"BC", 2, total - 1), body=body)
    return blocks + BGZF_END * end


PACKERS = [by_zlib, stored, fixed, dynamic, mixed, members, fields, bgzf]


def tokens(dice, data, at=0):
    """Literals and copies for the data from a position on."""
    found = []
    while at < len(data):
        distance = dice.randint(1, min(at, 32_768)) if at else 0
        length = 0
        while length < 258 and at + length < len(data) and distance:
            if data[at + length] != data[at + length - distance]:
                break
            length += 1
        if length >= 3:
            found.append((length, distance))
            at += length
        else:
            found.append(data[at])
            at += 1
    return found
