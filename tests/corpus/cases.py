"""Valid and invalid files over every kind of fault, each with what has to come of it.

The name of a case starts with the row of the fault model it belongs to: H header, R raw payload,
G gzip container, D DEFLATE stream, F file system.
"""

import math
import pickle
import random
import struct
import sys
import zlib
from typing import NamedTuple

from corpus import deflate, gzip
from corpus.packers import PACKERS
from files.handmade import GOOD, HTML, archive, idx, member
from files.strict import ITEMSIZES, MAX_NDIM

CODES = list(ITEMSIZES)
FULL = 0xFFFFFFFF


class Case(NamedTuple):
    """A file; the content it has to be read as, if it may be read; the errors it may be refused with."""

    name: str
    data: bytes
    content: bytes | None
    errors: tuple[str, ...] = ()


def cases(seed):
    """At least 600 cases; equal seeds give equal ones."""
    dice = random.Random(seed)
    for family in (headers, sizes, payloads):
        for row, content, error in family(dice):
            wanted, errors = (content, ()) if error is None else (None, (error,))
            yield Case(row, content, wanted, errors)
            packer = dice.choice(PACKERS)
            yield Case(f"{row}-{packer.__name__}", packer(dice, content), wanted, errors)
    for family in (*gzip.FAMILIES, *deflate.FAMILIES):
        for row, data, wanted, errors in family(dice, lambda: good(dice)):
            yield Case(row, data, wanted, errors)
    lie = idx(8, 1 << 20, 1 << 20, payload=good(dice))
    yield Case("F6-terabyte", lie, None, ("TruncatedError",))


def good(dice, code=None, shape=None, high=64):
    """A valid raw file, of bytes that compress a little."""
    code = dice.choice(CODES) if code is None else code
    if shape is None:
        shape = [dice.randint(1, 6) for _ in range(dice.randint(1, 4))]
    size = math.prod(shape) * ITEMSIZES[code]
    return idx(code, *shape, payload=bytes(dice.randrange(high) for _ in range(size)))


def another(dice, byte, values):
    return dice.choice([value for value in values if value != byte])


def headers(dice):
    yield "H1-empty", b"", "TruncatedError"
    content = good(dice)
    yield from ((f"H2-{size}", content[:size], "TruncatedError") for size in (1, 2, 3))
    yield "H2-impossible-1", bytes([dice.choice(b"\x02AZ\xff")]), "FormatError"
    yield "H2-impossible-2", bytes([0, dice.randint(1, 255)]), "FormatError"
    yield "H2-impossible-3", bytes([0, 0, another(dice, None, range(8))]), "FormatError"
    for at in (0, 1) * 4:
        changed = bytearray(good(dice))
        changed[at] = dice.randint(1, 255)
        yield f"H3-byte-{at}", bytes(changed), "FormatError"
    for name, data in foreign(dice):
        yield f"H4-{name}", data, "FormatError"
    for _ in range(12):
        content = bytearray(good(dice, 0x08))
        content[2] = another(dice, None, [n for n in range(256) if n not in CODES])
        yield f"H6-type-{content[2]:02x}", bytes(content), "FormatError"
    for code in CODES:
        content = good(dice, code, ())
        yield f"H7-{code:02x}", content, None
        yield f"H7-{code:02x}-short", content[:-1], "TruncatedError"
        yield f"H7-{code:02x}-long", content + dice.randbytes(1), "TrailingDataError"
    for ndim in (5, 31, 32, MAX_NDIM - 1, MAX_NDIM):
        shape = [1] * ndim
        shape[dice.randrange(ndim)] = dice.randint(0, 9)
        yield f"H8-{ndim}", good(dice, shape=shape), None
    for ndim in (MAX_NDIM + 1, 128, 254, 255, dice.randint(MAX_NDIM + 1, 255)):
        yield f"H8-{ndim}-too-many", good(dice, shape=[1] * ndim), "FormatError"
        yield f"H8-{ndim}-cut", good(dice, shape=[1] * ndim)[:9], "FormatError"
    for _ in range(10):
        content = good(dice, shape=[dice.randint(1, 3) for _ in range(dice.randint(1, 5))])
        size = dice.randrange(4, 4 + 4 * content[3])
        yield f"H9-{size}", content[:size], "TruncatedError"
    for code in CODES:
        content = good(dice, code, (dice.randint(2, 9), dice.randint(2, 9)))
        yield f"H10-magic-{code:02x}", content[3::-1] + content[4:], "FormatError"
        swapped = struct.pack("<2I", *struct.unpack(">2I", content[4:12]))
        yield f"H10-dims-{code:02x}", content[:4] + swapped + content[12:], "TruncatedError"


def foreign(dice):
    """Files of other formats."""
    yield from (("html", HTML), ("html-bom", b"\xef\xbb\xbf\r\n " + HTML.lower()))
    yield from (("xml", b'<?xml version="1.0"?><Error/>'), ("json", b'{"error": "not found"}'))
    yield from ((kind, archive(kind, a=HTML, b=HTML)) for kind in ("zip", "tar", "npy"))
    # What the standard library unpacks is read: tests/containers. These only look like it.
    yield from (("xz", b"\xfd7z\0" + dice.randbytes(20)), ("bz2", b"BZh0" + dice.randbytes(20)))
    if sys.version_info < (3, 14):
        yield ("zstd", b"\x28\xb5\x2f\xfd\x24\0\0\0")
    yield ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF")
    yield from (("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), ("text", b"1 2 3\n4 5 6\n"))
    yield ("lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
    yield ("pickle", pickle.dumps(dice.randbytes(9), protocol=dice.randint(2, 5)))
    yield ("zlib", zlib.compress(good(dice), dice.randint(1, 9)))
    yield ("lush", struct.pack("<4I", 0x1E3D4C55, 1, 5, 1))
    yield ("gzip", b"\x1f\x9d" + dice.randbytes(20))
    yield ("noise", b"\xa5" + dice.randbytes(40))


def factors(dice, product):
    """Dimensions below 2^32 whose product it is, or a little more."""
    shape = []
    while product > FULL or (product > 1 and len(shape) < 2):
        n = dice.randint(2, min(product, 1 << dice.randint(2, 32)) if product > 2 else 2)
        n = min(n, FULL)
        shape.append(n)
        product = -(-product // n)
    shape.append(product)
    dice.shuffle(shape)
    return shape if len(shape) <= 32 else factors(dice, math.prod(shape))


def too_large(code, shape):
    size = math.prod(filter(None, shape)) * ITEMSIZES[code]
    return "SizeError" if size > sys.maxsize else "TruncatedError"


def sizes(dice):
    # Where 31, 32, 63 and 64 bits overflow, exactly or to a product that fits what is there.
    for exponent in (31, 32, 40, 62, 63, 64, 80, 200):
        for _ in range(5):
            code, more = dice.choice(CODES), dice.choice([0, 1, 9, 1000])
            shape = factors(dice, (1 << exponent) // dice.choice([1, ITEMSIZES[code]]) + more)
            content = idx(code, *shape, payload=dice.randbytes(dice.choice([0, 1, more])))
            yield f"H11-{exponent}", content, too_large(code, shape)
    for _ in range(10):
        code, shape = dice.choice(CODES), factors(dice, 1 << dice.randint(64, 100))
        shape.insert(dice.randint(0, len(shape)), 0)
        yield "H12", idx(code, *shape), "SizeError"
    for _ in range(15):
        code, shape = dice.choice(CODES), [dice.randrange(9) for _ in range(dice.randint(1, 4))]
        shape[dice.randrange(len(shape))] = 0
        yield "H13", idx(code, *shape), None
        yield "H13-long", idx(code, *shape, payload=dice.randbytes(1)), "TrailingDataError"
    yield "H13-large", idx(dice.choice(CODES), 0, dice.choice([1 << 31, FULL]), 4), None
    for _ in range(6):
        shape = [dice.randint(1 << 31, FULL), dice.randint(1, 3)]
        yield "H14", idx(dice.choice(CODES), *shape, payload=b"abc"), "TruncatedError"


def payloads(dice):
    for code in CODES:
        for shape in [dice.randint(1, 99)], [dice.randint(1, 9), 5], [3, 4, dice.randint(1, 5)]:
            yield f"R0-{code:02x}-{len(shape)}", good(dice, code, shape), None
        yield f"R0-{code:02x}-noise", good(dice, code, [300], 256), None
    for _ in range(15):
        content = good(dice)
        size = 4 + 4 * content[3]
        yield "R1-cut", content[: dice.randrange(size, len(content))], "TruncatedError"
    for extra in (b"\0", b"\n", b"\r\n", b"\x1f\x8b", b"PK\3\4", GOOD, member(), HTML, bytes(5000)):
        yield f"R2-{extra[:2].hex()}", good(dice) + extra, "TrailingDataError"
    for code in CODES[2:]:
        content = good(dice, code)
        short = dice.randint(1, ITEMSIZES[code] - 1)
        yield f"R3-short-{code:02x}", content[:-short], "TruncatedError"
        yield f"R3-long-{code:02x}", content + dice.randbytes(short), "TrailingDataError"
    patterns = ["7fc00001", "7f800001", "ffc12345", "80000000", "00000001", "ff800000"]
    yield "R8-float32", idx(0x0D, 6, payload=bytes.fromhex("".join(patterns))), None
    patterns = ["7ff8000000000001", "7ff0000000000001", "fff8abcdef012345", "8000000000000000"]
    yield "R8-float64", idx(0x0E, 2, 2, payload=bytes.fromhex("".join(patterns))), None
    yield "R9-unaligned", good(dice, 0x0E, (3, 4, 5), 256), None
