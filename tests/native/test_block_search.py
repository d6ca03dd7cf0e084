"""Where DEFLATE blocks seem to start."""

import zlib

import numpy as np
import pytest

from corpus.deflate import codes, dynamic_headers
from files.handmade import DISTANCES, LITERALS, Deflate, bits
from idxfast.native import inflate


def test_stored_blocks_are_found():
    noise = np.random.default_rng(6).bytes(200_000)
    deflate = zlib.compressobj(0, zlib.DEFLATED, -15)
    packed = deflate.compress(noise) + deflate.flush()
    found, starts = 0, []
    while (found := inflate.find_block(packed, found + 1, 8 * len(packed))) >= 0:
        starts.append(found)
    sizes = [int.from_bytes(packed[at // 8 + 1 : at // 8 + 3], "little") for at in starts]
    assert len(starts) >= 2
    assert all(at % 8 == 0 for at in starts)
    ends = [at + 8 * (5 + size) for at, size in zip(starts, sizes, strict=True)]
    assert ends[:-1] == starts[1:]


def test_what_follows_a_stored_block_is_none():
    # From the second byte on: 0, and a length whose complement is wrong by one bit.
    data = bytes.fromhex("00 0000ffff 01") + bytes(600)
    assert inflate.find_block(data, 0, 8 * len(data)) == 0
    assert inflate.find_block(data, 1, 8 * len(data)) == -1


def test_a_stored_block_from_the_stop_on_is_none():
    data = b"\xff" + bytes.fromhex("00 1000efff") + bytes(600)
    assert inflate.find_block(data, 0, 9) == 8
    assert all(inflate.find_block(data, 0, stop) == -1 for stop in range(9))


def test_no_block_in_noise_or_at_the_end():
    noise = np.random.default_rng(5).bytes(200_000)
    assert inflate.find_block(noise, 0, 8 * len(noise)) == -1
    assert inflate.find_block(noise, 0, -1) == -1
    assert inflate.find_block(b"", 0, 0) == -1
    assert inflate.find_block(bytes(575), 0, 4600) == -1
    with pytest.raises(ValueError, match="negative"):
        inflate.find_block(noise, -1, 8)


def amid_ones(phase, block):
    """Bits after a few ones and before many. No block seems to start among the ones."""
    return bits("1" * phase + block + "1" * 8 * 600)


@pytest.mark.parametrize("phase", range(17))
@pytest.mark.parametrize("distances", [DISTANCES, [1], [0], [1, 1]], ids=len)
def test_a_block_is_found(phase, distances):
    block = Deflate().dynamic([], False, LITERALS, distances).bits
    data = amid_ones(phase, block)
    end = 8 * len(data)
    assert inflate.find_block(data, 0, end) == phase
    assert inflate.find_block(data, phase, end) == phase
    assert inflate.find_block(data, phase, phase + 1) == phase
    assert all(inflate.find_block(data, 0, stop) == -1 for stop in range(-1, phase + 1))
    short = bits("1" * phase + block)
    assert inflate.find_block(short, 0, 8 * len(short)) == -1
    assert inflate.find_block(data, phase + 1, end) == -1
    data = amid_ones(phase, Deflate().dynamic([], True, LITERALS, distances).bits)
    assert inflate.find_block(data, 0, end) == -1


@pytest.mark.parametrize("phase", [0, 3])
def test_a_damaged_header_is_no_block(phase):
    damaged = [Deflate().dynamic([], False, *lengths).bits for _, *lengths in codes()]
    damaged += ["001" + "".join(words) for _, words in dynamic_headers()]
    whole = Deflate().dynamic([], False, LITERALS, DISTANCES).bits
    damaged += ["0" + other + whole[3:] for other in ("00", "10", "11")]
    assert len(damaged) > 15
    for block in damaged:
        assert inflate.find_block(amid_ones(phase, block), 0, 8 * 1000) == -1
