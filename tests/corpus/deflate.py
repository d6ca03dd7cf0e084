"""The corpus's DEFLATE streams, right and wrong."""

from corpus.packers import by_zlib, dynamic, fixed, members, mixed, stored
from files.handmade import DISTANCES, LITERALS, Deflate, bits, deflate, idx, member, number

# A block without its end continues into the trailer. Any of these errors may be the result.
ENDLESS = ("GzipError", "ChecksumError", "TruncatedError", "TrailingDataError")


def streams(dice, good):
    """DEFLATE streams that are right, however they are made."""
    for n in range(4):
        content = good()
        for packer in (by_zlib, stored, fixed, dynamic, mixed):
            yield f"D9-{packer.__name__}-{n}", packer(dice, content), content, ()
        padded = Deflate().fixed(content, True).pack("1")
        yield f"D9-padding-{n}", member(content, body=padded), content, ()
    stream = Deflate()
    for byte in content:
        dice.choice([stream.stored, stream.fixed, stream.dynamic])(bytes([byte]))
    yield "D9-1-byte-blocks", member(content, body=stream.stored(b"", True).pack()), content, ()
    # Zeros and the end of the block, a bit each; one code for distances that are not there.
    zeros = idx(8, 300, payload=bytes(300))
    lengths = [1] + [0] * 255 + [1]
    stream = Deflate().stored(zeros[:8]).dynamic(zeros[8:], True, lengths, [0])
    yield "D9-no-distance", member(zeros, body=stream.pack()), zeros, ()
    lengths = [2] + [0] * 255 + [2] + [0] * 28 + [1]
    stream = Deflate().stored(zeros[:8]).dynamic([*zeros[8:50], (258, 1)], True, lengths, [1])
    yield "D9-1-distance", member(zeros, body=stream.pack()), zeros, ()
    for name, token in (("285", (258, 9)), ("284-and-31", (258, 9, "284"))):
        stream = Deflate().stored(zeros[:50]).fixed([token], True)
        yield f"D9-258-as-{name}", member(zeros, body=stream.pack()), zeros, ()
    far = idx(8, 33_000, payload=dice.randbytes(33_000))[:32_768]
    far += far[:240]
    stream = Deflate().stored(far[:32_768]).fixed([(240, 32_768)], True)
    yield "D9-32768", member(far, body=stream.pack()), far, ()
    ones = idx(8, 1 << 20, payload=b"\1" * (1 << 20))
    yield "D7", member(ones, body=deflate(ones, 9)), ones, ()
    for count in (4, 20_000):
        body = b"\0\0\0\xff\xff" * count + deflate(content)
        yield f"D8-stored-{count}", member(content, body=body), content, ()
        stream = Deflate().raw(Deflate().fixed([]).bits * count).fixed(content, True)
        yield f"D8-fixed-{count}", member(content, body=stream.pack()), content, ()
    stream = Deflate().raw(Deflate().dynamic([]).bits * 300).fixed(content, True)
    yield "D8-dynamic", member(content, body=stream.pack()), content, ()


def damaged_streams(dice, good):
    content = good()

    def start():
        return Deflate().fixed(content[:4])

    yield "D1-type-3", member(content, body=start().raw("111").pack()), None, ("GzipError",)
    for n in range(4):
        wrong = (len(content) ^ 0xFFFF) ^ 1 << dice.randrange(16)
        body = Deflate().stored(content, True, check=wrong).pack()
        yield f"D1-stored-length-{n}", member(content, body=body), None, ("GzipError",)
    for symbol in ("11000110", "11000111"):
        body = start().raw("110", symbol, "0" * 99).pack()
        yield f"D1-length-{symbol}", member(content, body=body), None, ("GzipError",)
    for symbol in (30, 31):
        body = start().raw("110", "0000001", f"{symbol:05b}", "0" * 99).pack()
        yield f"D1-distance-{symbol}", member(content, body=body), None, ("GzipError",)
    for name, words in dynamic_headers():
        body = start().raw("1", "01", *words, "0" * 800).pack()
        yield f"D1-{name}", member(content, body=body), None, ("GzipError",)
    for name, literals, distances in codes():
        body = start().dynamic([], True, literals, distances).raw("0" * 800).pack()
        yield f"D1-{name}", member(content, body=body), None, ("GzipError",)
    for n in range(5):
        distance = dice.choice([5, 6, 7, 300, 32_768]) + n
        body = start().fixed([(3, min(distance, 32_768))], True).pack()
        yield f"D2-before-start-{n}", member(content, body=body), None, ("GzipError",)
        copy = Deflate().fixed([(3, dice.randint(1, 9))], True).pack()
        data = member(content[:-3]) + member(content[-3:], body=copy)
        yield f"D2-previous-member-{n}", data, None, ("GzipError",)
        # Here the checksum would be right.
        twice = idx(8, 12 + n, payload=bytes(6 + n) + b"abcabc")
        data = member(twice[:-3]) + member(b"abc", body=Deflate().fixed([(3, 3)], True).pack())
        yield f"D2-previous-member-right-{n}", data, None, ("GzipError",)
    for packer in (stored, fixed, dynamic, mixed, by_zlib):
        packed = packer(dice, content)
        for n in range(4):
            size = dice.randrange(11, len(packed) - 8)
            yield f"D3-{packer.__name__}-{n}", packed[:size], None, ("TruncatedError",)
    endless = Deflate().fixed(content, True).bits[: -len("0000000")]
    yield "D3-no-end-of-block", member(content, body=bits(endless)), None, ENDLESS
    for count in (1, 2, 258, 70_000):
        data = content + bytes(count)
        yield (
            f"D4-{count}",
            dice.choice([by_zlib, members])(dice, data),
            None,
            ("TrailingDataError",),
        )
    yield "D5-bomb", member(content + bytes(64 << 20)), None, ("TrailingDataError",)
    for size in (1 << 27, 1 << 30, (1 << 32) - 1):
        for real in (10, 10_000):
            data = member(idx(8, size, payload=dice.randbytes(real)), size=size)
            yield f"D6-{size}-{real}", data, None, ("TruncatedError", "ChecksumError")
    lie = idx(8, 1 << 30, payload=bytes(10))
    yield "D6-ratio", member(lie), None, ("TruncatedError",)


def dynamic_headers():
    """Headers of dynamic blocks that break a rule before the codes of the block are known."""
    ones = number(1, 3)
    for n in (30, 31):
        yield f"literals-{257 + n}", (number(n, 5), number(0, 9))
        yield f"distances-{1 + n}", (number(0, 5), number(n, 5), number(0, 4))
    yield "precode-empty", (number(0, 10), number(15, 4), "000" * 19)
    yield "precode-over", (number(0, 10), number(15, 4), ones * 19)
    yield "precode-incomplete", (number(0, 10), number(15, 4), number(2, 3) * 3, "000" * 16)
    yield "precode-single", (number(0, 10), number(15, 4), ones, "000" * 18)
    # Symbols 1 (0), 16 (10) and 18 (11): a repeat of nothing, then all as it should be.
    precode = (number(2, 3), "000", number(2, 3), "000" * 14, ones)
    lengths = ("10", number(0, 2), "11", number(127, 7), "11", number(103, 7), "000")
    yield "repeat-first", (number(0, 10), number(14, 4), *precode, *lengths)
    # Symbols 16 and 17, a bit each: zeros beyond the last length.
    yield "repeat-beyond", (number(0, 10), number(0, 4), "000", ones * 2, "000", "1" * 8 * 40)


def codes():
    """Code lengths that make no code."""
    literals, distances = LITERALS.copy(), DISTANCES.copy()
    literals[0] = 8
    yield "literals-over", literals, distances
    literals = LITERALS.copy()
    literals[0] = 0
    yield "literals-incomplete", literals, distances
    literals = LITERALS.copy()
    literals[254], literals[255], literals[256] = 8, 5, 0  # complete all the same
    yield "no-end-of-block", literals, distances
    distances = DISTANCES.copy()
    distances[0] = 3
    yield "distances-over", LITERALS, distances
    distances = DISTANCES.copy()
    distances[0] = 0
    yield "distances-incomplete", LITERALS, distances
    for more in (1, 2):
        yield f"literals-{286 + more}-complete", LITERALS + [0] * more, DISTANCES
        yield f"distances-{30 + more}-complete", LITERALS, DISTANCES + [0] * more
    yield "distances-single-2", LITERALS, [2]
    yield "distances-two-of-2", LITERALS, [2, 2]


FAMILIES = [streams, damaged_streams]
