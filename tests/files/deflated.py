"""DEFLATE streams of data of every kind, and zlib's verdict on a stream."""

import zlib

import numpy as np

from files.handmade import Deflate
from idxfast.datasets.synthetic import digits
from idxfast.native.inflate import BAD, END, INPUT

STRATEGIES = [
    zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED,
]  # fmt: skip


def packed(data, level=6, wbits=15, memory=8, strategy=zlib.Z_DEFAULT_STRATEGY):
    packer = zlib.compressobj(level, zlib.DEFLATED, -wbits, memory, strategy)
    return packer.compress(data) + packer.flush()


def shifted(stream, bit):
    """The stream from a bit on; ones before it."""
    return (int.from_bytes(stream, "little") << bit | (1 << bit) - 1).to_bytes(
        len(stream) + 3, "little"
    )


# If a call meets an error, Python's module returns none of the bytes before it. So zlib is asked for
# a byte at a time, and for many at a time once that would take too long.
SLOW, MANY = 1 << 15, 1 << 24


def by_zlib(stream, history=b""):
    """zlib's verdict: what it is, the bytes, and the bytes consumed or the reason."""
    inflate = zlib.decompressobj(-15, zdict=history) if history else zlib.decompressobj(-15)
    out, rest = bytearray(), stream
    try:
        while not inflate.eof:
            piece = inflate.decompress(rest, 1 if len(out) < SLOW else MANY)
            rest = inflate.unconsumed_tail
            out += piece
            if not piece and not inflate.eof:
                return INPUT, bytes(out), None
    except zlib.error as error:
        return BAD, bytes(out), str(error).partition(": ")[2]
    return END, bytes(out), len(stream) - len(inflate.unused_data)


def samples():
    """Some data of every kind, small."""
    rng = np.random.default_rng(5)
    images = digits(60)[0].tobytes()
    yield "nothing", b""
    yield "one byte", b"x"
    yield "images", images
    yield "text", b" ".join(f"{i} times {i} is {i * i}".encode() for i in range(900))
    yield "zeros", bytes(70_000)
    yield "noise", rng.integers(0, 256, 40_000, np.uint8).tobytes()
    for count in (1, 2, 4, 7):
        yield f"noise of {count} bits", rng.integers(0, 1 << count, 60_000, np.uint8).tobytes()
    yield "floats", rng.standard_normal(6_000).cumsum().astype(">f4").tobytes()
    yield "tiles", images[:5_000] * 12
    # Codewords of up to 15 bits.
    skewed = np.repeat(np.arange(30), [int(1.55**i) + 1 for i in range(30)][:30]) % 256
    yield "skewed", rng.permutation(skewed.astype(np.uint8))[:60_000].tobytes()
    for distance in range(1, 40):
        yield f"distance {distance}", rng.bytes(distance) * (3_000 // distance)


SAMPLES = dict(samples())


# Several blocks, each large enough for cursors. In some of them, the cursors do not fall into step.
LARGE = {
    "images": digits(1_500)[0].tobytes(),
    "text": b" ".join(f"{i} times {i} is {i * i}".encode() for i in range(40_000)),
    "runs": np.repeat(np.arange(40_000) % 251, np.arange(40_000) % 29).astype(np.uint8).tobytes(),
    "equal lengths": np.random.default_rng(6).integers(0, 128, 600_000, np.uint8).tobytes(),
    "two lengths": np.random.default_rng(7).integers(0, 100, 600_000, np.uint8).tobytes(),
}


def small_streams():
    yield packed(SAMPLES["images"][:900])
    yield packed(b"a" * 700 + b"ab" * 300 + b"abc" * 99, strategy=zlib.Z_FIXED)
    yield packed(SAMPLES["noise"][:300], 0)
    stream = Deflate().stored(b"first").fixed([*b"second", (3, 2)]).dynamic([*b"third", (258, 11)])
    yield stream.fixed([]).stored(b"").dynamic([]).fixed([7], True).pack()
