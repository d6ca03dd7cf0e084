"""Make the seeds in corpus/: small files of each shape that DEFLATE and gzip have.

A fuzzer finds no checksum and hardly a Huffman code by itself; from these it goes on.
"""

import gzip
import struct
import zlib
from pathlib import Path

from idxfast.datasets import synthetic

FOLDER = Path(__file__).parent / "corpus"
IMAGES, LABELS = synthetic.digits(40)


def idx(code, *shape, payload):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + payload


def deflate(data, level=6, memory=8, strategy=zlib.Z_DEFAULT_STRATEGY, flush=None):
    """One stream; little memory makes many blocks of it, and so does flushing."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
    if flush is None:
        return packer.compress(data) + packer.flush()
    middle = len(data) // 2
    parts = [packer.compress(data[:middle]), packer.flush(flush)]
    return b"".join([*parts, packer.compress(data[middle:]), packer.flush()])


def member(data, stream, flags=0, fields=b""):
    head = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff" + fields
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    return head + stream + struct.pack("<II", zlib.crc32(data), len(data))


def block(data):
    """A BGZF block."""
    stream = deflate(data)
    return member(data, stream, 4, struct.pack("<H2sHH", 6, b"BC", 2, len(stream) + 25))


CONTENTS = {
    "images": idx(8, 6, 28, 28, payload=IMAGES[:6].tobytes()),
    "labels": idx(8, 40, payload=LABELS.tobytes()),
    "int16": idx(11, 3, 4, payload=bytes(range(24))),
    "int32": idx(12, 2, 3, payload=bytes(range(24))),
    "float64": idx(14, 2, payload=struct.pack(">2d", 1.5, -0.0)),
    "scalar": idx(9, payload=b"\x80"),
    "empty": idx(8, 0, 28, 28, payload=b""),
    "zeros": idx(8, 60, 28, 28, payload=bytes(60 * 28 * 28)),
}
IMAGE, SHORT = CONTENTS["images"], CONTENTS["int32"]
STREAMS = {name: deflate(content) for name, content in CONTENTS.items()} | {
    "many-blocks": deflate(IMAGE, 9, 1),
    "stored": deflate(SHORT, 0),
    "stored-long": deflate(IMAGE[:2000], 0, flush=zlib.Z_FULL_FLUSH),
    "fixed": deflate(IMAGE[:1600], 6, 8, zlib.Z_FIXED),
    "huffman-only": deflate(IMAGE[:1600], 6, 1, zlib.Z_HUFFMAN_ONLY),
    "runs": deflate(IMAGE, 6, 1, zlib.Z_RLE),
    "synced": deflate(IMAGE, flush=zlib.Z_SYNC_FLUSH),
    "blocked": deflate(IMAGE, flush=zlib.Z_BLOCK),
    # Length symbol 286, and distance symbol 30, which libdeflate takes and zlib refuses.
    "symbol-286": bytes.fromhex("1b03000000000000"),
    "distance-30": bytes.fromhex("63000278"),
}
FILES = {name: member(data, STREAMS[name]) for name, data in CONTENTS.items()} | {
    "many-blocks": member(IMAGE, STREAMS["many-blocks"]),
    "stored": member(SHORT, STREAMS["stored"]),
    "synced": member(IMAGE, STREAMS["synced"]),
    "fields": member(SHORT, deflate(SHORT), 0x1F, b"\x03\0abcname\0comment\0"),
    "members": b"".join(gzip.compress(SHORT[i : i + 9], mtime=0) for i in range(0, 36, 9)),
    "padded": gzip.compress(SHORT[:9], mtime=0) + bytes(9) + gzip.compress(SHORT[9:]) + bytes(9),
    "bgzf": block(IMAGE[:900]) + block(IMAGE[900:]) + block(b""),
    "raw": SHORT,
    "raw-images": IMAGE[:16].replace(b"\x06", b"\x01") + IMAGE[16:800],
}


def write(folder, name, data):
    (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    (FOLDER / folder / name).write_bytes(data)


def main():
    for name, stream in STREAMS.items():
        # flags: from the start to the end, into a buffer without a window; closed at no cut.
        numbers = b"\xff\xff" + bytes(8) + b"\xff\xff" + b"\x0e"
        write("deflate", name, stream[:3500] + numbers[:11])
    for name, file in FILES.items():
        write("gzip", name, file)
        write("members", name, file + b"\x40\x40\x40\x40" + bytes(6) + b"\xff\xff" + b"\x07")


if __name__ == "__main__":
    main()
