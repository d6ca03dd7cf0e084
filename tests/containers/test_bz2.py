"""What only bzip2 has: levels, and a CRC-32 of each block and each stream."""

import bz2

import numpy as np
import pytest

import idxfast
from idxfast import IdxError, TrailingDataError


@pytest.mark.parametrize("level", range(1, 10))
def test_levels(level, oracle):
    content = oracle.pack(0x0B, (300, 200))
    oracle.check(idxfast.loads(bz2.compress(content, level)), content)


def test_several_blocks(oracle):
    noise = np.random.default_rng(3).bytes(2_000_000)
    content = oracle.pack(0x08, (2_000_000,), noise)
    oracle.check(idxfast.loads(bz2.compress(content, 1)), content)


@pytest.mark.parametrize("at", [10, 13], ids=["block", "block-end"])
def test_a_wrong_checksum_of_a_block(at, oracle):
    packed = bz2.compress(oracle.pack(0x08, (30,)))
    damaged = packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :]
    with pytest.raises(IdxError, match="bzip2 stream 1 cannot be unpacked: Invalid data stream"):
        idxfast.loads(damaged)


def test_a_wrong_checksum_of_the_stream():
    """In a stream without a block, it is at bytes 10 to 13."""
    idx, empty = bz2.compress(b"\0\0\x08\0x"), bz2.compress(b"")
    assert len(empty) == 14
    assert idxfast.loads(idx + empty) == ord("x")
    with pytest.raises(IdxError, match="bzip2 stream 2 cannot be unpacked"):
        idxfast.loads(idx + empty[:-1] + b"\1")


@pytest.mark.parametrize("count", [1, 4, 512])
def test_no_padding(count, oracle):
    packed = bz2.compress(oracle.pack(0x08, (30,)))
    with pytest.raises(TrailingDataError, match="something else follows bzip2 stream 1") as caught:
        idxfast.loads(packed + bytes(count))
    assert caught.value.offset == len(packed)
    assert caught.value.found == bytes(min(count, 4)).hex(" ")
