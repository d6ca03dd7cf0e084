"""Small members and BGZF blocks, many at a time: how much is read for them, and when sizes are trusted."""

import gzip
import random
import struct

import numpy as np
import pytest

from files import tables
from idxfast.gzip.decoder import NEVER
from idxfast.gzip.input_buffer import CHUNK, FIRST_CHUNK, InputBuffer
from idxfast.gzip.members import BGZF_MAX_SIZE
from idxfast.gzip.small_members import STEP, SmallMembers
from idxfast.storage.memory import MemorySource
from idxfast.threads.ordered_map import map_serially

# Where a wrong size leads, the data look like the size of another block's data.
DATA = struct.pack("<I", 60_000) * 50 + random.Random(1).randbytes(59_800)
MANY = 100
BLOCK, MEMBER = tables.block(DATA, 0), gzip.compress(DATA, 0)


class Counting(MemorySource):
    def __init__(self, data):
        super().__init__(data, "file")
        self.most = 0

    def read_into(self, buffer, offset):
        self.most = max(self.most, len(buffer))
        return super().read_into(buffer, offset)


class Decoding:
    """One decoder of small members, and its memory."""

    def __init__(self, file, space):
        self.source = Counting(file)
        self.input = InputBuffer(self.source)
        self.out = np.empty(space, np.uint8)
        self.members = SmallMembers()
        self.position = 0

    def decode(self, end_bit=NEVER, follows=True):
        count, self.position = self.members.decode(
            self.input, self.out, self.position, map_serially, follows=follows, end_bit=end_bit
        )
        return count


@pytest.mark.parametrize(("one", "least", "most"), [(BLOCK, STEP // 2, STEP), (MEMBER, 1, CHUNK)])
def test_much_is_read_of_blocks_alone(one, least, most):
    decoding = Decoding(one * MANY, len(DATA) * MANY)
    count = decoding.decode()
    assert least <= decoding.source.most <= most
    assert count > 0
    assert decoding.position == count * len(DATA)
    assert decoding.out[: decoding.position].tobytes() == DATA * count


@pytest.mark.parametrize("space", [BGZF_MAX_SIZE - 1, BGZF_MAX_SIZE])
@pytest.mark.parametrize("one", [BLOCK, MEMBER])
def test_little_is_read_while_there_is_little_space(one, space):
    decoding = Decoding(one * MANY, space)
    decoding.decode()
    assert (decoding.source.most <= FIRST_CHUNK) == (space < BGZF_MAX_SIZE)


def wrong(block):
    """A block that states a size up to the middle of the member after it."""
    return block[:16] + struct.pack("<H", len(block) + 98) + block[18:] + MEMBER


def test_after_a_wrong_size_little_is_tried():
    """Until a size is right again."""
    decoding = Decoding(wrong(BLOCK) + BLOCK * MANY, len(DATA) * (MANY + 2))
    assert [decoding.decode() for _ in range(3)] == [1, 1, 1]
    assert decoding.decode() > 10
    assert decoding.out[: decoding.position].tobytes() == DATA * (decoding.position // len(DATA))


def test_after_a_wrong_size_one_group_is_tried():
    block = tables.block(bytes(len(DATA)))
    decoding = Decoding(wrong(block) + block * 3_000, len(DATA) * 3_002)
    assert decoding.decode() == 1
    decoding.decode()
    few, many = decoding.decode(), decoding.decode()
    assert 1 < few < 80
    assert many > 500


def test_no_member_that_ends_after_the_last_bit_is_decoded():
    for end_bit, count in ((8 * len(MEMBER), 1), (8 * len(MEMBER) - 1, 0), (0, 0)):
        assert Decoding(MEMBER * MANY, len(DATA) * MANY).decode(end_bit) == count


def test_after_a_wrong_size_little_is_read():
    decoding = Decoding(wrong(BLOCK) * MANY, len(DATA) * 2 * MANY)
    while decoding.position < STEP:
        assert decoding.decode() == 1
    assert len(decoding.input.unread) < STEP // 2


def test_groups_after_a_wrong_size_are_not_taken():
    """The first block states the size of two, so the second one finds no space in its group."""
    half = tables.block(DATA[:30_000], 0)
    wrong = half[:16] + struct.pack("<H", 2 * len(half) - 1) + half[18:]
    decoding = Decoding(wrong + half * MANY, 30_000 * (MANY + 1))
    count = decoding.decode()
    assert decoding.input.offset == count * len(half)
    assert decoding.position == count * 30_000
    assert decoding.out[: decoding.position].tobytes() == DATA[:30_000] * count


@pytest.mark.parametrize("follows", [False, True])
def test_a_member_may_be_large_unless_a_small_one_came_before(follows):
    assert Decoding(MEMBER * 2, len(DATA) * 2).decode(follows=follows) == int(follows)
