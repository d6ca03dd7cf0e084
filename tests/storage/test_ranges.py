"""storage/ranges: any range of a remote file, with few requests."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idxfast.storage import ranges
from idxfast.storage.inputs import open_source

DATA = random.Random(1).randbytes(20_000)


@pytest.fixture
def small(monkeypatch):
    """Limits that a small file reaches."""
    monkeypatch.setattr("idxfast.storage.objects.START", 100)
    monkeypatch.setattr(ranges, "MAX_GAP", 50)
    monkeypatch.setattr(ranges, "MAX_REQUEST", 1000)
    monkeypatch.setattr(ranges, "MAX_HELD", 4000)


@pytest.fixture
def source(small, objects):
    objects.files["file"] = DATA
    with open_source(f"{objects.url}file") as source:
        yield source


def test_what_it_is(source, objects):
    assert (source.size, source.name) == (len(DATA), f"{objects.url}file")
    assert objects.ranges == ["bytes=0-99"]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 999, 1000, 1001, 5000, 20_000, 30_000])
@pytest.mark.parametrize("offset", [0, 1, 99, 100, 1000, 19_000, 19_999, 20_000, 20_001])
def test_any_range(source, count, offset):
    expected = DATA[offset : offset + count]
    assert source.read(count, offset) == expected
    buffer = bytearray(count)
    assert source.read_into(memoryview(buffer), offset) == len(expected)
    assert buffer[: len(expected)] == expected


def test_the_start_is_not_requested_again(source, objects):
    assert source.read(60, 40) == DATA[40:100]
    assert len(objects.requests) == 1
    assert source.read(61, 40) == DATA[40:101]
    assert objects.ranges[1:] == ["bytes=40-100"]


def test_a_long_range_is_requested_in_pieces(source, objects):
    assert source.read(2500, 500) == DATA[500:3000]
    assert sorted(objects.ranges[1:]) == ["bytes=1500-2499", "bytes=2500-2999", "bytes=500-1499"]


def test_near_rows_are_one_request(source, objects):
    rows = np.array([90, 3, 4, 4, 9, 91, 199], np.int64)
    memory = np.zeros(700, np.uint8)
    assert source.read_rows(memory, 100, 0, rows) == 700
    assert memory.tobytes() == b"".join(DATA[100 * row : 100 * row + 100] for row in rows)
    assert sorted(objects.ranges[1:]) == [
        "bytes=19900-19999", "bytes=300-499", "bytes=900-999", "bytes=9000-9199",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 7, 100, 4500])
def test_any_rows(source, size):
    rows = np.random.default_rng(1).integers(0, (20_000 - 13) // max(size, 1), 200)
    memory = np.zeros(200 * size, np.uint8)
    assert source.read_rows(memory, size, 13, rows) == len(memory)
    expected = b"".join(DATA[13 + row * size : 13 + (row + 1) * size] for row in rows.tolist())
    assert memory.tobytes() == expected


def test_what_is_fetched_is_not_requested_again(source, objects):
    starts, stops = np.array([200, 250, 1000]), np.array([210, 300, 1000])
    ((fetched, first, last),) = source.fetch(starts, stops)
    assert (first, last, fetched.size, fetched.name) == (0, 3, source.size, source.name)
    count = len(objects.requests)
    assert fetched.read(100, 200) == DATA[200:300]
    assert fetched.read(30, 215) == DATA[215:245]
    assert len(objects.requests) == count
    assert fetched.read(101, 200) == DATA[200:301]
    assert fetched.read(10, 120) == DATA[120:130]
    assert fetched.read(10, 1000) == DATA[1000:1010]
    assert fetched.read(100, 19_990) == DATA[19_990:]
    assert len(objects.requests) == count + 4


def merged(pairs, gap):
    """What `merge` should give, a byte at a time."""
    wanted = sorted(pair for pair in pairs if pair[0] < pair[1])
    result = []
    for start, stop in wanted:
        if result and start - result[-1][1] <= gap:
            result[-1][1] = max(result[-1][1], stop)
        else:
            result.append([start, stop])
    return [tuple(pair) for pair in result]


pairs = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 300)), max_size=40).map(
    lambda drawn: sorted((start, start + size) for start, size in drawn)
)


@given(pairs)
def test_merging(drawn):
    starts, stops = np.array(drawn, np.int64).reshape(-1, 2).T
    assert ranges.merge(starts * 10_000, stops * 10_000) == [
        (start * 10_000, stop * 10_000) for start, stop in merged(drawn, ranges.MAX_GAP / 10_000)
    ]


@given(pairs)
def test_groups_hold_no_more_than_they_may(drawn):
    starts, stops = np.array(drawn, np.int64).reshape(-1, 2).T * 1_000_000
    end, largest = 0, max(stops - starts, default=0)
    for first, last in ranges.in_groups(starts, stops):
        assert end == first < last
        end = last
        group = ranges.merge(starts[first:last], stops[first:last])
        assert sum(stop - start for start, stop in group) <= ranges.MAX_HELD + largest
    assert end == len(drawn)
