"""Files made by hand, byte by byte and bit by bit."""

import io
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


def archive(kind):
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as opened:
            opened.writestr("images", GOOD)
    elif kind == "tar":
        with tarfile.open(fileobj=file, mode="w") as opened:
            info = tarfile.TarInfo("images")
            info.size = len(GOOD)
            opened.addfile(info, io.BytesIO(GOOD))
    else:
        np.save(file, np.arange(6))
    return file.getvalue()
