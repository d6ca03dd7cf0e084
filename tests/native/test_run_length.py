"""The encoder of runs, and the choice between it and a search for repeats; zlib reads it all."""

import gzip
import io
import zlib

import numpy as np
import pytest

import idxfast
from idxfast.datasets.synthetic import digits
from idxfast.native.deflate import encode, encode_runs

BLOCK = 65535


def decoded(stream):
    """The data of a stream by zlib, which has to read the stream to its end."""
    inflate = zlib.decompressobj(-15)
    data = inflate.decompress(stream)
    assert inflate.eof
    assert not inflate.unused_data
    return data


@pytest.fixture(scope="module")
def images():
    return digits(4_000)[0]


def test_runs_of_every_length():
    rng = np.random.default_rng(1)
    for length in [*range(1, 800), BLOCK - 1, BLOCK, BLOCK + 1]:
        run = bytes([rng.integers(0, 256)]) * length
        for data in (run, b"ab" + run, run + b"ba", run + b"a" + run + b"ab" + run):
            assert decoded(encode_runs(data, True)) == data


@pytest.mark.parametrize("values", [1, 2, 5, 256], ids="{} values".format)
@pytest.mark.parametrize(
    "size",
    [0, 1, 2, 3, 4, 5, 100, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 200_000],
)
def test_sizes(size, values):
    data = np.random.default_rng(size).integers(0, values, size, np.uint8).tobytes()
    stream = encode_runs(data, True)
    assert decoded(stream) == data
    # A stored block has a header of 5 bytes, and one bit more may begin another byte.
    assert len(stream) <= size + 6 * max(1, -(-size // BLOCK))
    pieces = [encode_runs(data, False), encode_runs(data[::-1], False), encode_runs(b"", True)]
    assert decoded(b"".join(pieces)) == data + data[::-1]


def test_each_way_that_a_header_gives_lengths():
    """Any number of absent symbols, or of symbols with codes of one length, one after another."""
    for count in range(256):
        ones = bytes(range(count))
        twos = bytes(range(count, 256))
        for data in (ones, ones + twos * 4, ones * 9 + b"\0\xff", ones[::3] * 30 + twos[:40]):
            assert decoded(encode_runs(data * 20, True)) == data * 20


def test_a_code_deeper_than_its_limit():
    # With Fibonacci numbers as frequencies, Huffman's code has a codeword of each length.
    frequencies = [1, 1]
    while sum(frequencies) < BLOCK:
        frequencies.append(frequencies[-1] + frequencies[-2])
    assert len(frequencies) > 20
    symbols = np.repeat(np.arange(len(frequencies), dtype=np.uint8), frequencies)
    data = np.random.default_rng(1).permutation(symbols)[:BLOCK].tobytes()
    stream = encode_runs(data, True)
    assert decoded(stream) == data
    assert len(stream) < 1.01 * len(zlib.compress(data, 6, -15))
    # A few rare symbols among many that are equally frequent make a precode of that kind.
    for seed in range(200):
        rng = np.random.default_rng(seed)
        weights = 2.0 ** -rng.integers(0, 18, 256).astype(float)
        data = rng.choice(256, 20_000, p=weights / weights.sum()).astype(np.uint8).tobytes()
        assert decoded(encode_runs(data, True)) == data


def test_noise_is_stored():
    noise = np.random.default_rng(1).integers(0, 256, BLOCK, np.uint8).tobytes()
    assert encode_runs(noise, True) == b"\x01\xff\xff\0\0" + noise
    data = noise + bytes(BLOCK) + noise
    stream = encode_runs(data, True)
    assert decoded(stream) == data
    assert len(stream) < 2 * BLOCK + 300


def test_images_become_as_small_as_with_a_search(images):
    data = images.tobytes()
    assert len(encode_runs(data, True)) < 1.02 * len(zlib.compress(data, 6, -15))


def save(array, **options):
    file = io.BytesIO()
    idxfast.save(file, array, **options)
    assert gzip.decompress(file.getvalue()) == idxfast.dumps(array)
    return file.getvalue()


@pytest.mark.parametrize("seekable", [False, True])
def test_what_has_repeats_but_no_runs_is_searched(seekable):
    array = np.tile(np.arange(50, dtype=np.int16), 40_000)
    assert len(save(array, compresslevel=6, seekable=seekable)) < 40_000


@pytest.mark.parametrize("seekable", [False, True])
def test_above_level_6_size_is_all_that_counts(images, seekable):
    array = images[:1_500].copy()
    array[12::13] = array[11::13][: len(array[12::13])]
    content = idxfast.dumps(array)
    fast, small = (save(array, compresslevel=level, seekable=seekable) for level in (6, 9))
    assert len(small) < len(fast)
    # A block holds 83 images.
    block, piece = content[16 : 16 + 83 * 784], content[: 16 * 0xFF00]
    assert bytes(encode_runs(block, True) if seekable else encode_runs(piece, False)) in fast
    levels = (6, 8, 10, 12) if seekable else range(6, 10)
    searched = [encode(block if seekable else content, level) for level in levels]
    assert bytes(min(searched, key=len)) in small


def test_samples_are_of_all_parts():
    """If the data have an empty margin, at the start or every 4 MiB, not all samples are of it."""
    volume = np.resize(np.arange(50, dtype=np.uint8), (64, 256, 256))
    volume[:8] = 0
    video = np.resize(volume[8], (3_000, 28, 28))
    video[:90] = 0
    for array in (volume[:32], np.concatenate([volume] * 3), video):
        assert len(save(array, compresslevel=6)) < 200_000


def test_pieces_make_one_member(images, tmp_path):
    path, files = tmp_path / "images.gz", set()
    for threads in (1, 2, 3, 8):
        idxfast.save(path, images, threads=threads)
        files.add(path.read_bytes())
    (file,) = files
    assert file == idxfast.dumps(images, compresslevel=6)
    first = encode_runs(idxfast.dumps(images)[: 16 * 0xFF00], False)
    assert file[10 : 10 + len(first)] == first
    inflate = zlib.decompressobj(31)
    assert inflate.decompress(file) == idxfast.dumps(images)
    assert inflate.eof
    assert not inflate.unused_data
