"""Contents of several MB, of every kind, and the ways to pack them."""

import gzip
import zlib

import numpy as np


def images(count=3000):
    """Blots on zeros, much like handwriting."""
    random = np.random.default_rng(count)
    out = np.zeros((count, 28, 28), np.uint8)
    rows = random.integers(4, 16, (2, count))
    for image, top, left in zip(out, *rows, strict=True):
        image[top : top + 9, left : left + 7] = random.integers(0, 256, (9, 7))
    return out


def many_images():
    return images(20_000)


def unresolved():
    """Each part begins like the one before, so those bytes of the first window are always used."""
    random = np.random.default_rng(1)
    out = np.tile(random.integers(0, 256, 20_000, np.uint8), (150, 1))
    out[:, 15_000:] = random.integers(0, 256, (150, 5_000))
    return out


def noise():
    return np.random.default_rng(2).integers(0, 256, 1_500_000, np.uint8)


def letters():
    return np.random.default_rng(3).integers(0, 30, 2_500_000, np.uint8)


def zeros():
    out = np.zeros(40_000_000, np.uint8)
    out[::9973] = 7
    return out


def images_after_noise():
    """Where a part of the packed file unpacks to cannot be guessed from the whole."""
    return np.concatenate([noise()[:700_000], images(4000).ravel()])


def images_before_noise():
    return np.concatenate([images(4000).ravel(), noise()[:700_000]])


CONTENTS = {
    f.__name__: f
    for f in (
        images,
        many_images,
        images_after_noise,
        images_before_noise,
        unresolved,
        noise,
        letters,
        zeros,
    )
}


def deflated(level, strategy=0, window=31):
    def pack(data):
        packer = zlib.compressobj(level, zlib.DEFLATED, window, 8, strategy)
        return packer.compress(data) + packer.flush()

    return pack


def members(data):
    sizes = [0, 1, 70_000, 65_536, 300_001, 5]
    pieces, at = [], 0
    while at < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(gzip.compress(data[at : at + size], 6, mtime=0))
        at += size
    return b"".join([*pieces, bytes(1000)])


def two_members(data):
    half = len(data) // 2
    return gzip.compress(data[:half], 6) + gzip.compress(data[half:], 1)


def seekable(data):
    from idxfast.gzip.seekable import encode_seekable

    size, payload = 4 + 4 * data[3], np.frombuffer(data, np.uint8)
    return b"".join(encode_seekable(data[:size], payload[size:], 784, 6, 1))


def sync_flushed(data):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    step = 100_001
    pieces = [packer.compress(data[at : at + step]) + packer.flush(zlib.Z_SYNC_FLUSH)
              for at in range(0, len(data), step)]  # fmt: skip
    return b"".join([*pieces, packer.flush()])


PACKERS = {
    **{f"zlib-{level}": deflated(level) for level in range(10)},
    "huffman": deflated(6, zlib.Z_HUFFMAN_ONLY),
    "rle": deflated(6, zlib.Z_RLE),
    "fixed": deflated(6, zlib.Z_FIXED),
    "filtered": deflated(6, zlib.Z_FILTERED),
    "window-9": deflated(6, window=25),
    "members": members,
    "two-members": two_members,
    "seekable": seekable,
    "sync-flushed": sync_flushed,
}


def packed(content, packer):
    data = CONTENTS[content]()
    header = bytes([0, 0, 8, data.ndim]) + b"".join(n.to_bytes(4) for n in data.shape)
    return PACKERS[packer](header + data.tobytes()), data
