"""Files made by hand, byte by byte and bit by bit."""

import bz2
import functools
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import numpy as np

GOOD = bytes.fromhex("00000802 00000002 00000003 010203040506")
ARRAY = [[1, 2, 3], [4, 5, 6]]
HTML = b"<!DOCTYPE html><html><body>403 Forbidden</body></html>"


def idx(code, *shape, payload=b"", order=">"):
    return struct.pack(f"{order}HBB{len(shape)}I", 0, code, len(shape), *shape) + payload


def deflate(data, level=6):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def bits(*fields):
    """A DEFLATE stream from bits in the order in which they are read."""
    text = "".join(fields)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i : i + 8][::-1], 2) for i in range(0, len(text), 8))


def number(value, count):
    """A number as DEFLATE stores it, the lowest bit first."""
    return "".join(str(value >> i & 1) for i in range(count))


def member(
    data=GOOD,
    *,
    method=8,
    flags=0,
    extra=None,
    name=None,
    comment=None,
    header_crc=None,
    body=None,
    crc=None,
    size=None,
    other=b"\0\0\0\0\0\xff",
):
    """A gzip member; header_crc is what to xor the right checksum with."""
    flags |= (extra is not None) << 2 | (name is not None) << 3 | (comment is not None) << 4
    flags |= (header_crc is not None) << 1
    header = b"\x1f\x8b" + bytes([method, flags]) + other
    if extra is not None:
        header += struct.pack("<H", len(extra)) + extra
    for text in (name, comment):
        if text is not None:
            header += text + b"\0"
    if header_crc is not None:
        header += struct.pack("<H", (zlib.crc32(header) & 0xFFFF) ^ header_crc)
    crc = zlib.crc32(data) if crc is None else crc
    size = len(data) if size is None else size
    body = deflate(data) if body is None else body
    return header + body + struct.pack("<II", crc, size & 0xFFFFFFFF)


TARS = {
    "tar": bytes,
    "tar.gz": functools.partial(gzip.compress, mtime=0),
    "tar.xz": lzma.compress,
    "tar.bz2": bz2.compress,
}


def archive(kind, **contents):
    """An archive of files of these names; by default, of one IDX file."""
    file = io.BytesIO()
    contents = contents or {"images": GOOD}
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as opened:
            for name, content in contents.items():
                opened.writestr(zipfile.ZipInfo(name), content)  # of 1980, not of now
    elif kind in TARS:
        with tarfile.open(fileobj=file, mode="w") as opened:
            for name, content in contents.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                opened.addfile(info, io.BytesIO(content))
        return TARS[kind](file.getvalue())
    else:
        np.save(file, np.arange(6))
    return file.getvalue()


def codewords(lengths):
    """The canonical code of some lengths: symbol to bits (RFC 1951, 3.2.2)."""
    code, word = {}, 0
    for length in range(1, 16):
        word <<= 1
        for symbol, its in enumerate(lengths):
            if its == length:
                code[symbol] = f"{word:0{length}b}"
                word += 1
    return code


# Complete codes for all literals, lengths and distances.
LITERALS = [9] * 256 + [5] * 2 + [6] * 28
DISTANCES = [4] * 2 + [5] * 28
# The codes of fixed blocks.
FIXED_LITERALS = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8
FIXED_DISTANCES = [5] * 32
# The order in which a dynamic block gives the lengths of its code for code lengths.
ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]


class Deflate:
    """A DEFLATE stream, block by block; tokens are literals or (length, distance)."""

    def __init__(self):
        self.bits = ""

    def stored(self, data, final=False, *, check=None, padding="0"):
        self.bits += number(final, 1) + "00"
        self.bits += padding * (-len(self.bits) % 8)
        check = len(data) ^ 0xFFFF if check is None else check
        self.bits += number(len(data), 16) + number(check, 16)
        self.bits += "".join(number(byte, 8) for byte in data)
        return self

    def fixed(self, tokens, final=False):
        self.bits += number(final, 1) + "10"
        self._tokens(tokens, FIXED_LITERALS, FIXED_DISTANCES)
        return self

    def dynamic(self, tokens, final=False, literals=LITERALS, distances=DISTANCES, precode=None):
        """With no other precode, every code length is written in 4 bits."""
        precode = [4] * 16 + [0] * 3 if precode is None else precode
        self.bits += number(final, 1) + "01"
        self.bits += number(len(literals) - 257, 5) + number(len(distances) - 1, 5) + "1111"
        self.bits += "".join(number(precode[symbol], 3) for symbol in ORDER)
        code = codewords(precode)
        self.bits += "".join(code[length] for length in [*literals, *distances])
        self._tokens(tokens, literals, distances)
        return self

    def raw(self, *fields):
        self.bits += "".join(fields)
        return self

    def pack(self, padding="0"):
        return bits(self.bits + padding * (-len(self.bits) % 8))

    def _tokens(self, tokens, literals, distances):
        literals, distances = codewords(literals), codewords(distances)
        words = []
        for token in tokens:
            if isinstance(token, int):
                words.append(literals[token])
                continue
            symbol, count, extra = _symbol_of(token[0], 257, 3, [0] * 8 + LENGTH_BITS)
            if token[0] == 258 and len(token) == 2:
                symbol, count, extra = 285, 0, 0
            words += literals[symbol], number(extra, count)
            symbol, count, extra = _symbol_of(token[1], 0, 1, [0] * 4 + DISTANCE_BITS)
            words += distances[symbol], number(extra, count)
        self.bits += "".join(words) + literals.get(256, "")


LENGTH_BITS = [n for n in range(1, 6) for _ in range(4)]
DISTANCE_BITS = [n for n in range(1, 14) for _ in range(2)]


def _symbol_of(value, symbol, base, extra_bits):
    """Symbol, number of extra bits and their value of a length or a distance."""
    for count in extra_bits:
        if value < base + (1 << count):
            return symbol, count, value - base
        symbol, base = symbol + 1, base + (1 << count)
    raise ValueError(value)
