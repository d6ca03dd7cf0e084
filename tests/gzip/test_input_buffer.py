"""The buffer of compressed bytes: chunks of any size, offsets, bits and ends."""

import numpy as np
import pytest

from idxfast.gzip import input_buffer
from idxfast.storage.memory import MemorySource

DATA = np.random.default_rng(1).bytes(3_000)


def feed_of(data, chunk=1, start=0):
    made = input_buffer.InputBuffer(MemorySource(data, "name"))
    made.move_to(start, chunk)
    return made


@pytest.fixture
def reads(monkeypatch):
    """Offset and size of each read of a source."""
    calls, read_into = [], MemorySource.read_into

    def spy(self, buffer, offset):
        calls.append((offset, len(buffer)))
        return read_into(self, buffer, offset)

    monkeypatch.setattr(MemorySource, "read_into", spy)
    return calls


@pytest.mark.parametrize("most", [1, 2, 3, 17, 64, 1000, 5000])
@pytest.mark.parametrize("start", [0, 1, 1234, 2999, 3000])
def test_all_bytes_come_in_their_order(most, start, monkeypatch, reads):
    monkeypatch.setattr(input_buffer, "CHUNK", most)
    monkeypatch.setattr(input_buffer, "RESERVE", 1)
    made, dice, at = feed_of(DATA, 1, start), np.random.default_rng(most), start
    while True:
        wanted = int(dice.integers(1, 2 * most + 2))
        made.fill(wanted)
        assert (made.offset, made.source_bit) == (at, 8 * at)
        unread = bytes(made.unread)
        assert unread == DATA[at : at + len(unread)]
        assert len(unread) >= min(wanted, len(DATA) - at)
        if not unread:
            break
        count = int(dice.integers(0, len(unread) + 1))
        made.skip(count)
        at += count
    assert at == len(DATA)
    assert made.at_end
    # Each byte is read once.
    ends = [offset + size for offset, size in reads if size]
    assert [offset for offset, size in reads if size] == [start, *ends][: len(ends)]


def test_bits(monkeypatch):
    monkeypatch.setattr(input_buffer, "CHUNK", 5)
    expected = int.from_bytes(DATA, "little")
    made, dice, at = feed_of(DATA), np.random.default_rng(2), 0
    while at < 8 * len(DATA):
        made.fill(4)
        assert (made.source_bit, made.offset) == (at, at // 8)
        assert made.bit < 8 * len(made.data)
        assert made.data[made.bit >> 3] >> (made.bit & 7) & 1 == expected >> at & 1
        count = min(int(dice.integers(1, 26)), 8 * len(DATA) - at)
        made.bit += count
        at += count
    made.fill(1)
    assert not len(made.unread)


def test_the_rest_of_a_byte_and_no_more_than_a_chunk_is_skipped():
    made = feed_of(DATA, 100)
    made.fill(1)
    for bit, after in ((0, 0), (1, 8), (7, 8), (8, 8), (9, 16)):
        made.bit = bit
        made.skip_to_byte()
        assert made.bit == after
    made.skip(1_000)
    assert made.bit == 800
    made.fill(1)
    assert made.offset == 100
    assert made.unread[0] == DATA[100]


def test_memory_is_used_again(reads):
    data = bytes(range(256)) * 40_000
    made, memories, at = feed_of(data, 1000), set(), 0
    while not made.at_end:
        made.fill(70_000)
        memories.add(made.data.ctypes.data)
        count = len(made.unread) - 100
        assert made.unread[:count].tobytes() == data[at : at + count]
        made.skip(count)
        at += count
    assert len(memories) == 1
    # Each chunk is twice as large as the one before, up to a limit, or as large as is asked for.
    sizes = [size for _, size in reads]
    assert sizes[0] == 70_000
    assert max(sizes) == input_buffer.CHUNK
    assert sizes[-3] == input_buffer.CHUNK
    made.move_to(5, 10)
    made.fill(1)
    assert made.data.ctypes.data in memories
    assert (made.data.tobytes(), made.at_end) == (data[5:15], False)


def test_it_has_memory_for_more_than_a_chunk():
    data = np.random.default_rng(3).bytes(2 << 20)
    made = feed_of(data)
    for wanted in (10, input_buffer.CHUNK, 1 << 20, 2 << 20, 3 << 20):
        made.fill(wanted)
        assert len(made.unread) >= min(wanted, len(data))
        assert made.unread.tobytes() == data[: len(made.unread)]


@pytest.mark.parametrize("chunk", [1, 2, 64])
def test_a_source_that_has_less_than_it_said(chunk):
    shorter = MemorySource(b"some", "x")
    shorter.size = 1 << 40
    made = input_buffer.InputBuffer(shorter)
    made.move_to(0, chunk)
    while not made.at_end:
        made.grow()
    assert bytes(made.unread) == b"some"
    assert not made.grow()
    assert made.prepare() == 32


def test_a_source_that_has_more_than_it_said():
    longer = MemorySource(b"some", "x")
    longer.size = 3
    made = input_buffer.InputBuffer(longer)
    made.fill(9)
    assert bytes(made.unread) == b"som"
    assert made.at_end


def test_an_empty_source_and_a_start_after_the_end():
    for made in (feed_of(b""), feed_of(b"some", 1, 9)):
        assert made.prepare() == 0
        assert made.at_end
        assert not made.grow()
        assert not len(made.unread)


def test_what_is_left_of_the_input():
    """Until the end a call of the decoder leaves a reserve unread."""
    data = bytes(10 * input_buffer.RESERVE)
    made = feed_of(data)
    left = 0
    while not made.at_end:
        most = made.prepare()
        assert most > 0
        left = 8 * len(made.data) - made.bit - most
        # Half of a chunk, while chunks are small.
        unread = 8 * len(made.data) - made.bit
        reserve = min(8 * input_buffer.RESERVE, unread - unread // 2)
        assert left == (0 if made.at_end else reserve)
        made.bit += most - 3
    assert left == 0
    assert made.prepare() == 3


def test_grow():
    made = feed_of(b"12345", 2)
    sizes = []
    while made.grow():
        sizes.append(len(made.unread))
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 5
    assert made.at_end
