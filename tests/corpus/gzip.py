"""The corpus's gzip containers, right and wrong: headers, trailers, what follows a member."""

import zlib

from corpus.packers import NOTHING, PACKERS, bgzf, fields, members, other, pieces, text
from files.handmade import HTML, archive, deflate, member

ANY = ("GzipError", "ChecksumError", "TruncatedError", "TrailingDataError")


def containers(dice, good):
    content = good()
    full = member(content, extra=b"AB\3\0xyz", name=b"name", comment=b"comment", header_crc=0)
    yield from ((f"G1-cut-{n}", full[:n], None, ("TruncatedError",)) for n in range(1, 46))
    for _ in range(3):
        method = dice.choice([n for n in range(256) if n != 8])
        yield "G2", member(good(), method=method), None, ("GzipError",)
        yield "G2-member-2", member(good()) + member(b"", method=method), None, ("GzipError",)
        flags = dice.randrange(1, 8) << 5
        yield "G3", member(good(), flags=flags), None, ("GzipError",)
        yield "G3-member-2", member(good()) + member(b"", flags=flags), None, ("GzipError",)
        wrong = dice.randint(1, 0xFFFF)
        name = dice.choice([None, b"name"])
        yield "G4", member(good(), name=name, header_crc=wrong), None, ("GzipError",)
        yield "G4-member-2", member(good()) + member(b"", header_crc=wrong), None, ("GzipError",)
        yield "G4-right", member(content, name=name, header_crc=0), content, ()
    yield "G5-extra", member(content, extra=dice.randbytes(65535)), content, ()
    yield "G5-no-extra", member(content, extra=b""), content, ()
    long = text(dice, 135_000)
    yield "G5-name", member(content, name=long), content, ()
    yield "G5-comment", member(content, comment=long, header_crc=0), content, ()
    yield "G5-name-no-end", member(content, name=long)[:100_000], None, ("TruncatedError",)
    yield "G6", member(content, name=b"../../x"), content, ()
    for n in range(10):
        yield f"G7-{n}", member(content, flags=n % 2, other=other(dice)), content, ()
        yield f"G7-fields-{n}", fields(dice, content), content, ()


def checksums(dice, good):
    for n in range(8):
        content = good()
        parts = pieces(dice, content)
        bad = dice.randrange(len(parts))
        part = parts[bad]
        crc = zlib.crc32(part) ^ 1 << dice.randrange(32)
        size = len(part) ^ 1 << dice.randrange(32)
        for row, wrong in (("G8", {"crc": crc}), ("G9", {"size": size})):
            data = b"".join(member(p, **wrong if i == bad else {}) for i, p in enumerate(parts))
            yield f"{row}-{n}", data, None, ("ChecksumError",)
        for row, wrong in (
            ("G8", {"crc": zlib.crc32(content) ^ 1 << dice.randrange(32)}),
            ("G9", {"size": len(content) ^ 1 << dice.randrange(32)}),
        ):
            yield f"{row}-1-member-{n}", member(content, **wrong), None, ("ChecksumError",)
        packed = member(content)
        yield (
            f"G8-swapped-{n}",
            member(content, crc=len(content), size=zlib.crc32(content)),
            None,
            ("ChecksumError",),
        )
        short = n + 1
        yield f"G10-{short}", packed[:-short], None, ("TruncatedError",)
        yield f"G10-{short}-of-2", packed + NOTHING[:-short], None, ("TruncatedError",)
        yield f"G15-cut-{n}", packed + NOTHING[: dice.randrange(2, 19)], None, ("TruncatedError",)
    # The trailer is that of the whole file. The stream leaves out the zeros at its end.
    whole = content[:-3] + bytes(3)
    short = member(whole, body=deflate(whole[:-3]))
    yield "G9-zeros-missing", short, None, ("ChecksumError",)
    yield "G8-of-nothing", member(content) + member(b"", crc=1), None, ("ChecksumError",)
    yield "G9-of-nothing", member(content) + member(b"", size=1), None, ("ChecksumError",)
    yield "G15-damaged", packed + member(b"", body=b"\7"), None, ("GzipError",)
    yield "G15-data", packed + member(b"\0"), None, ("TrailingDataError",)
    yield "G15-second-file", packed + member(good()), None, ("TrailingDataError",)


def followers(dice, good):
    for n in range(12):
        content = good()
        yield f"G11-{n}", members(dice, content), content, ()
    data = b"".join(member(content[i : i + 1]) for i in range(len(content)))
    yield "G11-bytes", data, content, ()
    yield "G11-empty-first", NOTHING * dice.randint(1, 9) + member(content), content, ()
    yield "G12-before", NOTHING * 3000 + member(content), content, ()
    yield "G12-after", member(content) + NOTHING * 3000, content, ()
    for n in (1, 2, 7, 8, 511, 512, 70_000):
        yield f"G13-after-{n}", member(content) + bytes(n), content, ()
        first, second = content[:7], content[7:]
        yield f"G13-between-{n}", member(first) + bytes(n) + member(second), content, ()
    # Members that end where a reader may have stopped reading.
    for size in (4096, 32_768, 65_536):
        exact = member(content, name=b"x" * (size - len(member(content, name=b""))))
        yield f"G11-{size}", exact + NOTHING, content, ()
        yield f"G13-{size}", exact + b"\0", content, ()
        yield f"G14-{size}", exact + b"\1", None, ("TrailingDataError",)
        yield f"G15-{size}", exact + member(b"a"), None, ("TrailingDataError",)
    yield "G13-before", bytes(n) + member(content), None, ("FormatError",)
    junk = [
        b"\1",
        b"x",
        b"\x1f",
        b"\x1f\0",
        b"\x1f\x8a",
        b"\x8b\x1f",
        b"\n",
        content,
        HTML,
        b"BZh9",
    ]
    for n, extra in enumerate(junk):
        error = "TruncatedError" if extra == b"\x1f" else "TrailingDataError"
        yield f"G14-{n}", member(content) + extra, None, (error,)
        yield f"G14-padded-{n}", member(content) + bytes(dice.randint(1, 9)) + extra, None, (error,)
    packed = member(content)
    for name, inner in (
        ("gzip", packed), ("tar", archive("tar", a=HTML, b=HTML)), ("zlib", zlib.compress(content)), ("npy", archive("npy")),
    ):  # fmt: skip
        yield f"G16-{name}", dice.choice(PACKERS)(dice, inner), None, ("FormatError",)
    for n in range(4):
        yield f"G19-no-end-{n}", bgzf(dice, content, end=False), content, ()
        twice = bgzf(dice, content[:9]) + bgzf(dice, content[9:])
        yield f"G19-end-in-the-middle-{n}", twice, content, ()
    for size in (0, 1, 18, 25, 27, 200, 65535, 65536):
        yield f"G20-size-{size}", bgzf(dice, content, size=max(size, 1)), content, ANY
    for extra in (
        b"BC\3\0\0\0\0",
        b"BC\0\0",
        b"BC\xff\xff\0\0",
        b"BC",
        b"B",
        b"BC\2\0\x1b",
        b"BC\2\0\x1b\0" * 2,
    ):
        yield f"G20-{extra.hex()}", member(content, extra=extra), content, ANY


FAMILIES = [containers, checksums, followers]
