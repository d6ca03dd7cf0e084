"""A slow, strict reader of IDX files, raw or gzip, in plain Python after RFC 1951 and RFC 1952.

It shares no code with idxfast, zlib or gzip, and refuses whatever these documents do not allow.
"""

import math
import sys

import numpy as np

ITEMSIZES = {0x08: 1, 0x09: 1, 0x0B: 2, 0x0C: 4, 0x0D: 4, 0x0E: 8}
MAX_NDIM = 64 if int(np.__version__.split(".")[0]) >= 2 else 32
MAX_HEADER = 4 + 4 * 255
MAX_RATIO = 1032
# The first bytes of gzip, xz and bzip2 files, cut short.
CUT_MAGICS = (b"\x1f", b"\xfd", b"\xfd7", b"\xfd7z", b"B", b"BZ", b"BZh")


class Refused(Exception):
    """The name of the error class that faults of this kind have."""


def read(data):
    """The unpacked content of a file; Refused if there is anything wrong with it."""
    if data[:2] != b"\x1f\x8b":
        _check_size(data, read_header(data))
        return data
    content, announced = b"", None
    for piece in members(data):
        content += piece
        if announced is None and len(content) >= MAX_HEADER:
            announced = _announced(content, len(data))
        if announced is not None and len(content) > announced:
            raise Refused("TrailingDataError")
    _announced(content, len(data))
    _check_size(content, read_header(content))
    return content


def start(data):
    """The content up to where the file is damaged, or a header's length of it at the least."""
    if data[:2] != b"\x1f\x8b":
        return data
    content = b""
    try:
        for piece in members(data):
            content += piece
            if len(content) >= MAX_HEADER:
                break
    except Refused:
        pass
    return content


def read_header(content):
    """Type code and shape."""
    start = content[:4]
    code = start[2] if len(start) > 2 else 0x08
    if any(start[:2]) or code not in ITEMSIZES:
        raise Refused("TruncatedError" if start in CUT_MAGICS else "FormatError")
    if len(start) < 4:
        raise Refused("TruncatedError")
    ndim = start[3]
    if ndim > MAX_NDIM:
        raise Refused("FormatError")
    if len(content) < 4 + 4 * ndim:
        raise Refused("TruncatedError")
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, 4 + 4 * ndim, 4))
    if math.prod(n for n in shape if n) * ITEMSIZES[code] > sys.maxsize:
        raise Refused("SizeError")
    return code, shape


def total(header):
    """Bytes of the whole unpacked file."""
    code, shape = header
    return 4 + 4 * len(shape) + math.prod(shape) * ITEMSIZES[code]


def _announced(content, size):
    """Bytes that the header announces, if DEFLATE could pack them into so few."""
    announced = total(read_header(content))
    if announced > MAX_RATIO * size:
        raise Refused("TruncatedError")
    return announced


def _check_size(content, header):
    missing = total(header) - len(content)
    if missing:
        raise Refused("TruncatedError" if missing > 0 else "TrailingDataError")


def members(data):
    """The unpacked data of gzip members, piece by piece."""
    at = 0
    while at < len(data):
        at = _member_header(data, at)
        bits = Bits(data, at)
        crc, size = 0xFFFFFFFF, 0
        for piece in inflate(bits):
            crc = _crc32(piece, crc)
            size += len(piece)
            yield piece
        at = bits.byte()
        trailer = data[at : at + 8]
        if len(trailer) < 8:
            raise Refused("TruncatedError")
        expected = (crc ^ 0xFFFFFFFF).to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little")
        if trailer != expected:
            raise Refused("ChecksumError")
        at += 8
        while data[at : at + 1] == b"\0":
            at += 1
        if at < len(data) and data[at : at + 2] not in (b"\x1f", b"\x1f\x8b"):
            raise Refused("TrailingDataError")


def _member_header(data, start):
    """Where the header of a member ends."""
    if len(data) < start + 4:
        raise Refused("TruncatedError")
    method, flags = data[start + 2], data[start + 3]
    if method != 8 or flags & 0xE0:
        raise Refused("GzipError")
    end = start + 10
    if flags & 4:
        end += 2 + int.from_bytes(data[end : end + 2].ljust(2, b"\0"), "little")
    for flag in (8, 16):
        if flags & flag and end <= len(data):
            end = data.find(b"\0", end) + 1 or len(data) + 1
    if flags & 2:
        end += 2
    if end > len(data):
        raise Refused("TruncatedError")
    if flags & 2:
        crc = (_crc32(data[start : end - 2], 0xFFFFFFFF) ^ 0xFFFFFFFF) & 0xFFFF
        if data[end - 2 : end] != crc.to_bytes(2, "little"):
            raise Refused("GzipError")
    return end


class Bits:
    """DEFLATE's bits, the lowest of a byte first."""

    def __init__(self, data, start):
        self.data = data
        self.at = 8 * start

    def take(self, count):
        value = 0
        for i in range(count):
            if self.at >> 3 >= len(self.data):
                raise Refused("TruncatedError")
            value |= (self.data[self.at >> 3] >> (self.at & 7) & 1) << i
            self.at += 1
        return value

    def byte(self):
        """Skip to the next whole byte."""
        self.at = -(-self.at // 8) * 8
        return self.at // 8

    def symbol(self, code):
        word = 1
        while word not in code:
            word = word << 1 | self.take(1)
            if word.bit_length() > 16:
                raise Refused("GzipError")
        return code[word]


def huffman(lengths, *, incomplete=False):
    """Codewords, with a 1 in front, to symbols (RFC 1951, 3.2.2).

    The code has to be complete; an incomplete one may have the codeword 0 alone, or none.
    """
    code, word = {}, 0
    for length in range(1, 16):
        word <<= 1
        for symbol, its in enumerate(lengths):
            if its == length:
                code[1 << length | word] = symbol
                word += 1
        if word > 1 << length:
            raise Refused("GzipError")
    if word != 1 << 15 and not (incomplete and (not code or list(code) == [0b10])):
        raise Refused("GzipError")
    return code


FIXED = huffman([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8), huffman([5] * 32)
ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
LENGTHS = [(3 + i, 0) for i in range(8)]
LENGTHS += [(3 + ((4 + i % 4) << i // 4), i // 4) for i in range(4, 24)] + [(258, 0)]
DISTANCES = [(1, 0), (2, 0), (3, 0), (4, 0)]
DISTANCES += [(1 + ((2 + i % 2) << (i // 2 - 1)), i // 2 - 1) for i in range(4, 30)]


def inflate(bits):
    """The data of a DEFLATE stream, piece by piece."""
    out = bytearray()
    start = 0  # the bytes before it are the window
    final = 0
    while not final:
        final, kind = bits.take(1), bits.take(2)
        if kind == 0:
            at = bits.byte()
            size, check = (int.from_bytes(bits.data[i : i + 2], "little") for i in (at, at + 2))
            if len(bits.data) < at + 4:
                raise Refused("TruncatedError")
            if size != check ^ 0xFFFF:
                raise Refused("GzipError")
            out += bits.data[at + 4 : at + 4 + size]
            if len(bits.data) < at + 4 + size:
                yield bytes(out[start:])
                raise Refused("TruncatedError")
            bits.at = 8 * (at + 4 + size)
        elif kind == 3:
            raise Refused("GzipError")
        else:
            literals, distances = FIXED if kind == 1 else _dynamic(bits)
            try:
                while (symbol := bits.symbol(literals)) != 256:
                    if symbol < 256:
                        out.append(symbol)
                    else:
                        _copy(bits, out, symbol, distances)
                    if len(out) > start + 65536:
                        yield bytes(out[start:])
                        out = out[-32768:]
                        start = len(out)
            except Refused:
                yield bytes(out[start:])
                raise
        if len(out) > start:
            yield bytes(out[start:])
            out = out[-32768:]
            start = len(out)


def _copy(bits, out, symbol, distances):
    if symbol > 285:
        raise Refused("GzipError")
    base, extra = LENGTHS[symbol - 257]
    length = base + bits.take(extra)
    symbol = bits.symbol(distances)
    if symbol > 29:
        raise Refused("GzipError")
    base, extra = DISTANCES[symbol]
    distance = base + bits.take(extra)
    if distance > len(out):
        raise Refused("GzipError")
    piece = out[len(out) - distance :][:length]
    out += (piece * (length // len(piece) + 1))[:length]


def _dynamic(bits):
    """The two codes that the header of a dynamic block describes."""
    literals, distances, given = 257 + bits.take(5), 1 + bits.take(5), 4 + bits.take(4)
    if literals > 286 or distances > 30:
        raise Refused("GzipError")
    lengths = [0] * 19
    for symbol in ORDER[:given]:
        lengths[symbol] = bits.take(3)
    code, lengths = huffman(lengths), []
    while len(lengths) < literals + distances:
        symbol = bits.symbol(code)
        if symbol == 16 and not lengths:
            raise Refused("GzipError")
        if symbol < 16:
            lengths.append(symbol)
        elif symbol == 16:
            lengths += [lengths[-1]] * (3 + bits.take(2))
        else:
            lengths += [0] * (3 + bits.take(3) if symbol == 17 else 11 + bits.take(7))
    if len(lengths) > literals + distances or not lengths[256]:
        raise Refused("GzipError")
    return tuple(
        huffman(part, incomplete=True) for part in (lengths[:literals], lengths[literals:])
    )


def _crc32(data, crc):
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_byte(crc):
    for _ in range(8):
        crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc


_CRC = [_crc_of_byte(byte) for byte in range(256)]
