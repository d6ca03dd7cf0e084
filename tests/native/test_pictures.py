"""The arithmetic of pictures: what it refuses. What it computes is tested with the steps."""

import ctypes

import numpy as np
import pytest

from idxfast.native import buffers

PARAMETERS = np.ones(16)


def plan(old, new):
    spans = np.array([[0, old]] * new, np.intp)
    return buffers.Resampling(np.ones((new, old)), spans, old, old, new)


def doubles(count):
    return np.zeros(count)


@pytest.mark.parametrize("height, width", [(0, 1), (1, 0), (-1, 5), (-2, -2), (1 << 40, 1 << 40)])
def test_sizes_that_are_refused(height, width):
    with pytest.raises(ValueError, match="a size of"):
        buffers.find_edges(b"", 1, height, width, 1)
    with pytest.raises(ValueError, match="a size of"):
        buffers.sharpen(doubles(0), doubles(0), height, width, PARAMETERS)
    with pytest.raises(ValueError, match="a size of"):
        buffers.Resampling(b"", b"", 1, height, width)
    with pytest.raises(ValueError, match="a size of"):
        buffers.Resampling(b"", b"", height, 1, width)


@pytest.mark.parametrize(
    "call",
    [
        lambda: buffers.find_edges(bytes(11), 1, 2, 2, 1),
        lambda: buffers.find_edges(bytes(13), 1, 2, 2, 1),
        lambda: buffers.find_edges(doubles(11), 8, 2, 2, 1),
        lambda: buffers.sharpen(doubles(11), doubles(12), 2, 2, PARAMETERS),
        lambda: buffers.sharpen(doubles(12), doubles(13), 2, 2, PARAMETERS),
        lambda: buffers.sharpen(doubles(12), doubles(12), 2, 2, doubles(15)),
        lambda: buffers.Resampling(doubles(5), np.zeros(4, np.intp), 3, 9, 2),
        lambda: buffers.Resampling(doubles(6), np.zeros(3, np.intp), 3, 9, 2),
        lambda: buffers.resample(doubles(17), bytes(27), 1, plan(3, 2), plan(3, 3)),
        lambda: buffers.resample(doubles(18), bytes(26), 1, plan(3, 2), plan(3, 3)),
        lambda: buffers.resample(doubles(18), doubles(26), 8, plan(3, 2), plan(3, 3)),
        lambda: buffers.round_to_bytes(bytearray(3), doubles(4), 4),
        lambda: buffers.round_to_bytes(bytearray(4), doubles(3), 4),
        lambda: buffers.grey(bytearray(4), bytes(11), 4),
        lambda: buffers.grey(bytearray(3), bytes(12), 4),
    ],
)
def test_buffers_of_another_size(call):
    with pytest.raises(ValueError, match="a buffer of"):
        call()


def test_elements_that_are_not_aligned():
    memory = (ctypes.c_char * 105)()
    shift = 1 + -ctypes.addressof(memory) % 8
    with pytest.raises(ValueError, match="not aligned"):
        buffers.round_to_bytes(bytearray(12), memoryview(memory)[shift : shift + 96], 12)


def test_targets_that_cannot_be_written():
    for call in (
        lambda: buffers.round_to_bytes(bytes(4), doubles(4), 4),
        lambda: buffers.grey(bytes(4), bytes(12), 4),
        lambda: buffers.sharpen(doubles(12).tobytes(), doubles(12), 2, 2, PARAMETERS),
        lambda: buffers.resample(doubles(12).tobytes(), bytes(12), 1, plan(2, 2), plan(2, 2)),
    ):
        with pytest.raises(BufferError):
            call()


@pytest.mark.parametrize("itemsize", [0, 2, 4, -1])
def test_levels_of_another_type(itemsize):
    with pytest.raises(ValueError, match="itemsize"):
        buffers.find_edges(bytes(12), itemsize, 2, 2, 1)
    with pytest.raises(ValueError, match="itemsize"):
        buffers.resample(doubles(12), bytes(12), itemsize, plan(2, 2), plan(2, 2))


@pytest.mark.parametrize(
    "spans",
    [[[0, 4], [0, 3]], [[-1, 3], [0, 3]], [[1, 3], [0, 3]], [[0, 3], [0, 2]], [[4, 4], [4, 4]]],
)
def test_spans_that_are_refused(spans):
    with pytest.raises(ValueError, match="the spans are not in order, or not within 3 pixels"):
        buffers.Resampling(doubles(6), np.array(spans, np.intp), 3, 3, 2)


def test_gaps_between_spans_are_skipped():
    spans = np.array([[0, 1], [3, 4]], np.intp)
    few = buffers.Resampling(np.array([5.0, 7.0]), spans, 1, 4, 2)
    target = doubles(6)
    buffers.resample(target, bytes([1, 2, 3, 9, 9, 9, 9, 9, 9, 4, 5, 6]), 1, plan(1, 1), few)
    assert target.tolist() == [5, 10, 15, 28, 35, 42]


def test_spans_longer_than_the_rows_of_weights():
    with pytest.raises(ValueError, match="a span of 3 pixels, not at most 2"):
        buffers.Resampling(doubles(4), np.array([[0, 2], [0, 3]], np.intp), 2, 3, 2)


def test_the_edges_of_bytes_and_doubles():
    picture = np.zeros((5, 7, 3))
    picture[1, 2] = picture[3, 4] = 9
    for levels in (picture, picture.astype(np.uint8)):
        found = buffers.find_edges(levels, levels.itemsize, 5, 7, 242)
        assert found == (2, 1, 4, 3)
        assert buffers.find_edges(levels, levels.itemsize, 5, 7, 243) == (7, -1, -1, -1)
