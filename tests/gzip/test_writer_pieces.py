"""Arrays that compress well in some places only: their files are compared in size with zlib's."""

import gzip
import io
import zlib

import numpy as np
import pytest

import idxfast
from idxfast.datasets.synthetic import digits
from idxfast.gzip import writer
from idxfast.native.deflate import encode_runs

BLOCK = 0xFF00
PIECE = 16 * BLOCK
HEADER = 8
SIZE = 2_500_000
RANDOM = np.random.default_rng(7)
NOISE = RANDOM.integers(0, 256, SIZE, np.uint8)
TILE = np.resize(RANDOM.integers(0, 256, 999, np.uint8), SIZE)
IMAGES = np.resize(digits(4_000)[0].reshape(-1), SIZE)
WORDS = RANDOM.integers(0, 256, (2_000, 10), np.uint8)[RANDOM.integers(0, 2_000, SIZE // 10)]
WORDS = WORDS.reshape(-1)
RAMP = np.frombuffer(np.arange(SIZE // 4, dtype=">f4").tobytes(), np.uint8)


def saved(array, level, seekable, threads=1):
    file = io.BytesIO()
    idxfast.save(file, array, compresslevel=level, seekable=seekable, threads=threads)
    file.seek(0)
    # gzip.decompress would copy the rest of the file for each block.
    assert gzip.GzipFile(fileobj=file).read() == idxfast.dumps(array)
    return file.getvalue()


def zlib_size(array, level, seekable):
    """The size of what zlib makes: of a stream, or of BGZF blocks."""
    content = idxfast.dumps(array)
    step = BLOCK if seekable else len(content)
    framing = 28 if seekable else 0
    return framing + sum(
        len(zlib.compress(content[at : at + step], level, -15)) + 26 - (0 if seekable else 8)
        for at in range(0, len(content), step)
    )


def golden_ratio_blocks(size):
    """Where one block in 64 was once looked at, by the size alone."""
    blocks = -(-size // BLOCK)
    group = min(64, blocks // 8)
    return [
        first + int(number * 0.618 % 1 * min(group, blocks - first))
        for number, first in enumerate(range(0, blocks, group))
    ]


def content_blocks(array, header):
    """Where blocks are looked at now, if as many bytes of the header come first."""
    content = memoryview(idxfast.dumps(array))[HEADER - header :]
    return [start // BLOCK for start in writer._samples(content)]


def with_blocks(array, blocks, other, header=HEADER):
    array = array.copy()
    for block in blocks:
        part = slice(max(block * BLOCK - header, 0), (block + 1) * BLOCK - header)
        array[part] = other[part]
    return array


def noise_in_the_samples(other, header):
    """Put noise into each block that is looked at, in order: a block decides where the next is."""
    array, laid = with_blocks(other, [0], NOISE, header), 0
    while laid < len(content_blocks(array, header)):
        laid += 1
        array = with_blocks(array, content_blocks(array, header)[:laid], NOISE, header)
    return array


def not_sampled(array, piece, header):
    """Change the first byte until no block of a piece is looked at as a sample."""
    for array[0] in range(256):
        if piece not in {block // 16 for block in content_blocks(array, header)}:
            return array
    raise AssertionError


def with_noise_every(step):
    array = TILE.copy()
    array[::step] = NOISE[::step]
    return array


def with_noise_at_the_marks():
    """In each word that is looked up if the stretches are 993 bytes long."""
    marks = [0, 1, 3, 22, 37, 57, 69, 143, 231, 257, 303, 308, 347, 351, 358, 449, 458, 529, 596]
    marks += [621, 634, 674, 753, 782, 798, 840, 857, 863, 871, 881, 933, 966]
    array = TILE.copy()
    places = (np.arange(0, SIZE - 993, 993)[:, np.newaxis] + marks).reshape(-1)
    array[places] = NOISE[places]
    return with_blocks(array, golden_ratio_blocks(SIZE + HEADER), NOISE)


def window_before_a_piece():
    """What the second piece repeats is noise at the end of the first, which is zeros."""
    array = np.zeros(SIZE, np.uint8)
    start = PIECE - HEADER - 32_000
    array[start:] = np.resize(NOISE[:32_000], SIZE - start)
    return array


def halves(first, second):
    return np.concatenate([first[: SIZE // 2], second[SIZE // 2 :]])


CONTENTS = {
    "noise in one block of 64, a tile elsewhere": with_blocks(
        TILE, golden_ratio_blocks(SIZE + HEADER), NOISE
    ),
    "noise in one block of 64, a ramp elsewhere": with_blocks(
        RAMP, golden_ratio_blocks(SIZE + HEADER), NOISE
    ),
    "noise in one block of 64, words elsewhere": with_blocks(
        WORDS, golden_ratio_blocks(SIZE + HEADER), NOISE
    ),
    "noise in all samples, a tile elsewhere": noise_in_the_samples(TILE, HEADER),
    "noise in all samples, words elsewhere": noise_in_the_samples(WORDS, HEADER),
    "noise in all samples of the payload, a tile elsewhere": noise_in_the_samples(TILE, 0),
    "noise in all samples of the payload, words elsewhere": noise_in_the_samples(WORDS, 0),
    "noise every 73 bytes of a tile": with_noise_every(73),
    "noise every 993 bytes of a tile": with_noise_every(993),
    "noise at all marks of a tile": with_noise_at_the_marks(),
    "a window of noise, and then that": window_before_a_piece(),
    "images, then a tile": halves(IMAGES, TILE),
    "a tile, then images": halves(TILE, IMAGES),
    "noise, then words": halves(NOISE, WORDS),
    "zeros, then a tile": halves(np.zeros_like(TILE), TILE),
    "images, and a tile in one piece": with_blocks(IMAGES, range(17, 31), TILE),
}


@pytest.mark.parametrize("level", [1, 6, 9])
@pytest.mark.parametrize("seekable", [False, True], ids=["member", "seekable"])
@pytest.mark.parametrize("content", CONTENTS)
def test_no_place_hides_what_repeats(content, seekable, level):
    array = CONTENTS[content]
    most = 1.05 if level >= 6 else 1.5
    size = len(saved(array, level, seekable))
    assert size <= most * zlib_size(array, level, seekable)


@pytest.mark.parametrize("seekable", [False, True], ids=["member", "seekable"])
@pytest.mark.parametrize("content", ["images, and a tile in one piece", "noise, then words"])
def test_files_are_the_same_whatever_the_threads(content, seekable):
    array = CONTENTS[content]
    assert len({saved(array, 6, seekable, threads) for threads in (1, 2, 5)}) == 1


def test_a_member_is_runs_up_to_the_piece_before_the_first_that_repeats():
    array = np.concatenate([np.resize(NOISE, 39 * PIECE - HEADER), TILE[:PIECE]])
    array = not_sampled(array, 39, HEADER)
    content = idxfast.dumps(array)
    *runs, last = (encode_runs(content[at * PIECE :][:PIECE], False) for at in range(39))
    file = saved(array, 6, False)
    assert file[10:].startswith(b"".join(runs))
    assert not file[10 + sum(map(len, runs)) :].startswith(last)
    decompressor = zlib.decompressobj(31)
    assert decompressor.decompress(file) == content
    assert decompressor.eof
    assert not decompressor.unused_data


def test_each_piece_of_a_seekable_file_is_runs_or_searched():
    array = np.resize(NOISE, 40 * PIECE)
    array[20 * PIECE : 21 * PIECE] = TILE[:PIECE]
    content = not_sampled(array, 20, 0).tobytes()
    file = saved(array, 6, True)
    blocks, at = [], 0
    while at < len(file):
        size = int.from_bytes(file[at + 16 : at + 18], "little") + 1
        blocks.append(file[at + 18 : at + size - 8])
        at += size
    del blocks[0]  # the header's
    for block in range(19 * 16, 22 * 16):
        runs = encode_runs(content[block * BLOCK : (block + 1) * BLOCK], True)
        assert (blocks[block] == runs) == (block // 16 != 20)


def test_estimates():
    """What a search saves, as a part of what runs take up."""
    for data, least, most in (
        (NOISE, 0, 0),
        (TILE, 0.9, 1),
        (np.zeros_like(TILE), 0, 0.01),
        (np.resize(NOISE[:40_000], SIZE), 0, 0),
        (np.resize(NOISE[:20_000], SIZE), 0.5, 0.8),
        (np.concatenate([NOISE[: 10 * BLOCK], TILE[: 10 * BLOCK]]), 0.4, 0.5),
        (np.resize(WORDS, SIZE), 0.5, 2),
        (IMAGES, 0, 0.1),
    ):
        repeats = []
        stream = encode_runs(data, True, repeats)
        assert least * len(stream) <= sum(repeats) <= most * len(stream)


@pytest.mark.parametrize("size", [0, 1, 992, 993, 1008, 1009, 1010, 2_500, 65_534, 65_535, 65_536])
def test_estimates_of_any_size(size):
    for data in (bytes(size), NOISE[:size], TILE[:size], np.resize(NOISE[:5], size)):
        repeats = []
        stream = encode_runs(data, True, repeats)
        assert stream == encode_runs(data, True)
        assert len(repeats) == -(-size // 65_535)
        assert sum(repeats) <= size
