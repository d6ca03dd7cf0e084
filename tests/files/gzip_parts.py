"""gzip files of every kind, for reads of any part of them."""

import gzip
import random
import zlib

from files.handmade import Deflate, member
from idxfast.gzip import scanner
from idxfast.gzip.parts import Parts
from idxfast.storage.kept import Kept
from idxfast.storage.memory import MemorySource

DICE = random.Random(1)
WORDS = [DICE.randbytes(DICE.randrange(3, 40)) for _ in range(300)]


def words(size, seed=2):
    """Data with matches near and far."""
    dice = random.Random(seed)
    data = b"".join(dice.choice(WORDS) for _ in range(size // 15))
    return (data + bytes(size))[:size]


TEXT = words(150_000)
NOISE = random.Random(3).randbytes(150_000)
# Each byte is copied from almost 32 KiB before, so that almost all of a window is used.
FAR = NOISE[:32_500] * 4


def in_small_blocks(data, level=6):
    """One member in blocks of 127 symbols each."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31, memLevel=1)
    return packer.compress(data) + packer.flush()


def in_members(data, size, pack=gzip.compress, padding=b""):
    return b"".join(pack(data[at : at + size]) + padding for at in range(0, len(data), size))


def flushed(data, size, level=6):
    """One member, with an empty stored block after each piece."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    file = b""
    for at in range(0, len(data), size):
        file += packer.compress(data[at : at + size]) + packer.flush(zlib.Z_SYNC_FLUSH)
    return file + packer.flush()


def in_stored_blocks(data, size):
    """Stored blocks, matches into them, and empty blocks."""
    stream = Deflate()
    for at in range(0, len(data), size):
        stream.stored(data[at : at + size]).fixed([])
    return member(data, body=stream.fixed([], True).pack())


FILES = {
    "small blocks": (TEXT, in_small_blocks(TEXT)),
    "far": (FAR, in_small_blocks(FAR, 9)),
    "usual blocks": (TEXT, gzip.compress(TEXT)),
    "noise": (NOISE, gzip.compress(NOISE)),
    "stored": (TEXT, gzip.compress(TEXT, 0)),
    "stored by hand": (TEXT[:20_000], in_stored_blocks(TEXT[:20_000], 999)),
    "flushed": (TEXT, flushed(TEXT, 700)),
    "flushed often": (TEXT[:30_000], flushed(TEXT[:30_000], 2)),
    "zeros": (bytes(150_000), gzip.compress(bytes(150_000))),
    "fixed, in one block": (TEXT, member(TEXT, body=zlib.compress(TEXT)[2:-4])),
    "members": (TEXT, in_members(TEXT, 9_000, in_small_blocks)),
    "small members": (TEXT, in_members(TEXT, 100)),
    "padding": (TEXT, in_members(TEXT, 5_000, padding=bytes(300))),
    "empty members": (TEXT, in_members(TEXT, 7_000, lambda d: gzip.compress(b"") * 9 + gzip.compress(d))),
    "different members": (
        TEXT,
        gzip.compress(TEXT[:70_000]) + in_members(TEXT[70_000:80_000], 10) + in_small_blocks(TEXT[80_000:]),
    ),
}  # fmt: skip


def find_points(file, total, threads=1):
    return scanner.find_points(MemorySource(file, "file"), total, threads)


def find(file, total, limit=1 << 20, threads=1):
    """The parts of a file, after a first pass over it."""
    return Parts(MemorySource(file, "file"), find_points(file, total, threads), Kept(limit))


def read(found, start, stop):
    return b"".join(piece.tobytes() for piece in found.pieces(start, stop))
