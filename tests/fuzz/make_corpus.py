"""Make the seeds in corpus/: small files of each shape that DEFLATE and gzip have.

By itself, a fuzzer finds no checksum, and hardly a Huffman code. So it starts from these files.
"""

import gzip
import random
import struct
import sys
import zlib
from pathlib import Path

from idxfast.datasets import synthetic

sys.path.insert(0, str(Path(__file__).parents[1]))
from files.handmade import Deflate

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


def header(literals, distances):
    """A dynamic block's header with these code lengths; each of them is coded in 4 bits."""
    fields = [(4, 3), (len(literals) - 257, 5), (len(distances) - 1, 5), (15, 4)]
    fields += [(0, 3)] * 3 + [(4, 3)] * 16
    # The stream has each codeword with its highest bit first.
    fields += [(int(f"{length:04b}"[::-1], 2), 4) for length in [*literals, *distances]]
    number = at = 0
    for value, size in fields:
        number |= value << at
        at += size
    return number.to_bytes((at + 7) // 8, "little")


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
    # A large block, then one of codewords of one bit: cursors end far from each other.
    "short-codewords": deflate(
        bytes(random.Random(1).choices(range(64), k=4000)) + bytes(4000),
        strategy=zlib.Z_HUFFMAN_ONLY,
        flush=zlib.Z_BLOCK,
    ),
    # Length symbol 286, and distance symbol 30, which have a codeword and are no symbols.
    "symbol-286": bytes.fromhex("1b03000000000000"),
    "distance-30": bytes.fromhex("63000278"),
}
# Headers on both sides of each limit: the number of codes; codes that are complete, single, or lack
# an end of the block.
EIGHTS, NINES = [8] * 252, [9] * 8
HEADERS = {
    "complete": ([*EIGHTS, *NINES], [1, 1]),
    "most-codes": ([*EIGHTS, *NINES, *[0] * 26], [5, 5, *[4] * 15, *[0] * 13]),
    "literals-287": ([*EIGHTS, *NINES, *[0] * 27], [1, 1]),
    "distances-31": ([*EIGHTS, *NINES], [5, 5, *[4] * 15, *[0] * 14]),
    "no-distance": ([*EIGHTS, *NINES], [0]),
    "one-distance": ([*EIGHTS, *NINES], [0, 1]),
    "one-distance-of-2": ([*EIGHTS, *NINES], [0, 2]),
    "two-distances-of-2": ([*EIGHTS, *NINES], [2, 2]),
    "no-end": ([*EIGHTS, *[9] * 4, 0, *[9] * 4], [1, 1]),
    "incomplete": ([*EIGHTS, *NINES[1:]], [1, 1]),
    "too-many": ([*EIGHTS, *NINES, 9], [1, 1]),
}
FILES = {name: member(data, STREAMS[name]) for name, data in CONTENTS.items()} | {
    "many-blocks": member(IMAGE, STREAMS["many-blocks"]),
    "stored": member(SHORT, STREAMS["stored"]),
    "synced": member(IMAGE, STREAMS["synced"]),
    "fields": member(SHORT, deflate(SHORT), 0x1F, b"\x03\0abcname\0comment\0"),
    "members": b"".join(gzip.compress(SHORT[i : i + 9], mtime=0) for i in range(0, 36, 9)),
    "padded": gzip.compress(SHORT[:9], mtime=0)
    + bytes(9)
    + gzip.compress(SHORT[9:], mtime=0)
    + bytes(9),
    "padded-empty": (gzip.compress(b"", mtime=0) + bytes(1)) * 3
    + gzip.compress(SHORT, mtime=0)
    + (bytes(2) + block(b"")) * 3,
    "bgzf": block(IMAGE[:900]) + block(IMAGE[900:]) + block(b""),
    "raw": SHORT,
    "raw-images": IMAGE[:16].replace(b"\x06", b"\x01") + IMAGE[16:800],
}


def large_symbols():
    """A block in which four symbols take 71 bits. The decoder's steps count on at most 56."""
    literals, distances, rng = [0] * 286, [0] * 30, random.Random(5)
    for length, symbol in enumerate([*range(4), 284, *range(4, 9), 256, 9], 1):
        literals[symbol] = min(length, 11)
    for length, symbol in enumerate([*range(9), 29, *range(9, 14), 28], 1):
        distances[symbol] = min(length, 15)
    tokens = []
    for _ in range(1500):
        tokens += [(rng.randint(227, 257), rng.randint(24577, 32768))]
        tokens += [(rng.randint(227, 257), rng.randint(16385, 24576))]
    return Deflate().dynamic(tokens, True, literals, distances).pack()


def write(folder, name, data, *numbers):
    """Write a seed, and after it the numbers that the target takes from its end, in that order."""
    (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    for number, size in numbers[::-1]:
        data += number.to_bytes(size, "little")
    (FOLDER / folder / name).write_bytes(data)


def write_stream(name, stream):
    """The stream decoded at once, and by symbols and copies of a segment, as `inflate` is told."""
    write("deflate", name, stream + bytes([0, 0, 1, 0, 17, 0, 64, 0]))
    write("deflate", f"{name}-segment", stream + bytes([0xE8, 0xF8, 1, 0, 17, 0, 64, 0xFF]))


def main():
    for name, stream in STREAMS.items():
        write_stream(name, stream)
        write("blocks", name, stream, (1, 1), (1, 2), (0x7FFF, 2))
    # By the portable steps, whose stores AddressSanitizer sees.
    write(
        "deflate",
        "short-codewords-portable",
        STREAMS["short-codewords"] + bytes([1, 0, 1, 0, 17, 0, 64, 0]),
    )
    # Cut off, with room for cursors as they are shipped.
    write(
        "deflate",
        "large-symbols-segment",
        large_symbols()[:7000] + bytes.fromhex("e8f801001100feff"),
    )
    # Cursors that decode more matches than a segment has room for.
    write("deflate", "room-for-matches", bytes.fromhex("edc3310069518702c2cecdcd8742ff00c2f330"))
    for name, lengths in HEADERS.items():
        # Some bits later, because it may start at any bit.
        write("blocks", f"header-{name}", b"\xff" + header(*lengths), (1, 1), (0, 2), (0x7FFF, 2))
    # The search once passed the start of a stored block, and then saw another one.
    write("blocks", "found-stored", b"\0\0\0\xff\xff\1", (1, 1), (1, 2), (0x7FFF, 2))
    for name, file in FILES.items():
        write("gzip", name, file)
        zeros = (0, 2), (0, 2), (0, 2)
        write("members", name, file, (0b111, 1), (0x3FFF, 2), *zeros, (64, 2), (64, 2))


if __name__ == "__main__":
    main()
