"""Levels of compression are in order of size, and the low ones are no traps."""

import gzip
import io
import itertools
import zlib

import numpy as np
import pytest

import idxfast

RANDOM = np.random.default_rng(5)
WORDS = [RANDOM.integers(97, 123, size, np.uint8).tobytes() for size in RANDOM.integers(2, 9, 500)]
KINDS = {
    "slow ramp": np.repeat(np.arange(40_000, dtype=np.int32), 3),
    "ramp": np.arange(80_000, dtype=np.int32),
    "float ramp": np.linspace(0, 1, 40_000),
    "steps with noise": np.arange(200_000) // 300 % 200 + RANDOM.integers(0, 3, 200_000),
    "tile": np.tile(RANDOM.integers(0, 256, 700, np.uint8), 400),
    "text": np.frombuffer(b" ".join(RANDOM.choice(WORDS, 40_000)), np.uint8),
    "labels": RANDOM.integers(0, 10, 60_000, np.uint8),
    "noise": RANDOM.integers(0, 256, 100_000, np.uint8),
    "zeros": np.zeros(300_000, np.uint8),
}
KINDS["steps with noise"] = KINDS["steps with noise"].astype(np.uint8)


def saved(array, level, seekable):
    file = io.BytesIO()
    idxfast.save(file, array, compresslevel=level, seekable=seekable)
    file.seek(0)
    # gzip.decompress would copy the rest of the file for each block.
    assert gzip.GzipFile(fileobj=file).read() == idxfast.dumps(array)
    return file.getvalue()


@pytest.mark.parametrize("seekable", [False, True], ids=["member", "seekable"])
@pytest.mark.parametrize("kind", KINDS)
def test_levels_are_in_order(kind, seekable):
    array = KINDS[kind]
    sizes = [len(saved(array, level, seekable)) for level in range(1, 13)]
    for lower, higher in itertools.pairwise(sizes):
        assert higher <= 1.01 * lower
    assert max(sizes[9:]) <= sizes[8]


@pytest.mark.parametrize("kind", KINDS)
def test_low_levels_are_about_as_small_as_those_of_zlib(kind):
    content = idxfast.dumps(KINDS[kind])
    for level in range(1, 6):
        compressor = zlib.compressobj(level, wbits=31)
        other = len(compressor.compress(content) + compressor.flush())
        assert len(saved(KINDS[kind], level, False)) <= 1.5 * other


@pytest.mark.parametrize("seekable", [False, True], ids=["member", "seekable"])
def test_levels_up_to_6_are_the_same(seekable):
    """But for the byte of the header that tells the fastest of gzip's levels."""
    files = [saved(KINDS["text"], level, seekable) for level in range(1, 7)]
    assert len({len(file) for file in files}) == 1
    assert len(set(files[1:])) == 1


def test_level_0_stores():
    assert 300_000 < len(saved(KINDS["zeros"], 0, False)) <= 1.05 * 300_000


@pytest.mark.parametrize("seekable", [False, True], ids=["member", "seekable"])
@pytest.mark.parametrize("level", [0, 6, 9])
@pytest.mark.parametrize("size", [0, 1, 0xFF00 - 8, 0xFF00 - 7, 16 * 0xFF00 - 8, 2_200_000])
def test_an_array_is_copied_in_parts(size, level, seekable):
    """The parts begin anywhere in the header and the array."""
    array = RANDOM.integers(0, 64, size, np.uint8)  # level 9 would search long for fewer values
    file = saved(array, level, seekable)
    for other in (array[:, np.newaxis].repeat(2, 1)[:, 0], np.asfortranarray(array)):
        assert saved(other, level, seekable) == file
