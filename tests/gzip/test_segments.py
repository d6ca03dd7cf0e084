"""Segments: where they start and stop, and where they are appended."""

import numpy as np
import pytest

from files.handmade import Deflate, member
from files.small_blocks import CONTENTS, FILES, IMAGES
from idxfast.gzip import decoder, input_buffer, segments
from idxfast.native.inflate import BLOCK, END
from idxfast.storage.memory import MemorySource

pytestmark = pytest.mark.usefixtures("small_pieces")


def segments_of(file, step):
    """Decoded segments of a file, one after another."""
    for first in range(step, len(file), step):
        segment = segments.Segment(MemorySource(file, "name"))
        segment.begin(first, first + step)
        segment.decode(lambda: True)
        segment.is_ready = True
        yield segment


def test_a_segment_is_appended_only_where_it_starts():
    """There a block of a member starts. Elsewhere the decoder stays as it is."""
    file, content = FILES["many members"], CONTENTS["many members"]
    tried = 0
    for segment in segments_of(file, 3_000):
        if segment.start is None:
            continue
        reader = decoder.Decoder(MemorySource(file, "name"))
        reader.total = len(content)
        out = np.full(len(content), 99, np.uint8)
        reader.write_to(out)
        while reader.input.source_bit < segment.start:
            before = reader.input.source_bit, reader.position
            assert not reader.append(segment)
            assert (reader.input.source_bit, reader.position) == before
            assert reader.advance(1, block_stop=0)
        is_next = reader.input.source_bit == segment.start
        assert reader.append(segment) == is_next
        tried += is_next
        assert not reader.append(segment)
        while reader.advance():
            pass
        assert out.tobytes() == content
    assert tried > 3


def test_what_a_segment_is():
    """From the first block that starts in a part, to the first one after it."""
    file, content = FILES["small blocks"], IMAGES
    reader = decoder.Decoder(MemorySource(file, "name"))
    reader.write_to(np.empty(len(content), np.uint8))
    starts = {80: 0}
    while reader.advance(block_stop=0):
        starts[reader.input.source_bit] = reader.position
    seen = 0
    for segment in segments_of(file, 1_000):
        if segment.start is None or segment.stop != BLOCK:
            continue
        seen += 1
        assert 8 * segment.first <= segment.start < 8 * segment.last <= segment.input.source_bit
        assert segment.start in starts
        assert segment.input.source_bit == min(bit for bit in starts if bit >= 8 * segment.last)
        assert segment.symbols.size == starts[segment.input.source_bit] - starts[segment.start]
    assert seen > 5


def test_what_is_no_block_is_not_decoded_for_ever(monkeypatch):
    """Whole bytes of ones before a stop are a long match, again and again."""
    lengths = [1] + [0] * 255 + [2, 2]
    body = Deflate().dynamic([0] * 400_000, True, lengths, [1]).pack()
    file = member(bytes(400_000), body=body)
    monkeypatch.setattr(segments, "find_block", lambda data, start, stop: 80)
    segment = segments.Segment(MemorySource(file, "name"))
    segment.begin(0, 1_000)
    monkeypatch.setattr(segments, "find_block", lambda data, start, stop: start + 80)
    segment.symbols = segments.Symbols(1 << 20, 0)
    segment.decode(lambda: True)
    assert segment.start == 80
    assert segment.stop not in (BLOCK, END)
    assert 16_000 <= segment.input.source_bit < 16_000 + 8 * input_buffer.CHUNK


def test_a_segment_that_is_not_wanted_any_more_is_none():
    segment = segments.Segment(MemorySource(FILES["small blocks"], "name"))
    segment.begin(1_000, 2_000)
    segment.decode(lambda: False)
    assert segment.start is None
