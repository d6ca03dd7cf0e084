"""gzip/scanner: one pass that holds little of the stream, and reads no further than it has to."""

import numpy as np
import pytest

from files.small_blocks import CONTENTS, FILES
from idxfast import TruncatedError
from idxfast.gzip.decoder import NEVER, WINDOW_SIZE, Decoder
from idxfast.gzip.scanner import Scanner, copy_into, read_part, within
from idxfast.storage.memory import MemorySource

FILE, CONTENT = FILES["small blocks"], CONTENTS["small blocks"]


def source_of(file=FILE):
    return MemorySource(file, "name")


@pytest.fixture(scope="module")
def block():
    """The first bit of a block in the middle of the file, and the position of its data."""
    decoder = Decoder(source_of())
    decoder.write_to(np.empty(len(CONTENT), np.uint8))
    while decoder.position < len(CONTENT) // 2:
        assert decoder.advance(block_stop=0)
    return decoder.input.source_bit, decoder.position


def test_what_comes_before_a_bit_is_read(block):
    bit, position = block
    memory = np.empty(position, np.uint8)
    Scanner(source_of(), len(CONTENT)).read_into(memory, 0, bit)
    assert memory.tobytes() == CONTENT[:position]


def test_nothing_after_a_bit_is_read(block):
    bit, position = block
    with pytest.raises(TruncatedError):
        Scanner(source_of(), len(CONTENT)).read_into(np.empty(position + 1, np.uint8), 0, bit)
    with pytest.raises(TruncatedError):
        Scanner(source_of(), len(CONTENT) + 1).read_into(
            np.empty(len(CONTENT) + 1, np.uint8), 0, NEVER
        )


@pytest.mark.parametrize("size", [1, 1_000, 100_000])
def test_little_is_held_and_it_is_read_in_turn(size):
    scanner = Scanner(source_of(), len(CONTENT), memory_size=WINDOW_SIZE + (400 << 10))
    for start in range(0, len(CONTENT) - size, 90_001):
        memory = np.empty(size, np.uint8)
        scanner.read_into(memory, start, NEVER)
        assert memory.tobytes() == CONTENT[start : start + size]
        assert 0 <= scanner.origin <= start + size


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (5, 5), (1_000, 200_000), (0, len(CONTENT))])
def test_a_part_is_handed_over(start, stop):
    memory, reports = np.zeros(stop - start, np.uint8), []
    read_part(
        source_of(), len(CONTENT), start, stop, copy_into(memory, start), 1,
        lambda *report: reports.append(report),
    )  # fmt: skip
    assert memory.tobytes() == CONTENT[start:stop]
    assert reports[-1] == (stop, stop)
    assert all(done <= total == stop for done, total in reports)


def test_a_part_that_the_file_does_not_have():
    for stop in (len(CONTENT) + 1, len(CONTENT) + 2):
        with pytest.raises(TruncatedError):
            read_part(source_of(), len(CONTENT) + 2, 0, stop, lambda *piece: None, 1)


def test_only_what_is_within_is_handed_over():
    found = []
    consume = within(10, 20, lambda at, piece: found.append((at, bytes(piece))))
    data = np.arange(30, dtype=np.uint8)
    for start, stop in ((0, 10), (0, 11), (9, 12), (12, 19), (19, 20), (19, 25), (20, 30), (0, 30)):
        consume(start, data[start:stop])
    expected = [(10, 11), (10, 12), (12, 19), (19, 20), (19, 20), (10, 20)]
    assert found == [(start, bytes(range(start, stop))) for start, stop in expected]
