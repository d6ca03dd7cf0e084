"""Chunks, segments, steps and parts small enough for small files; decoders that are watched."""

import time

import numpy as np
import pytest

from idxfast.gzip import (
    decoder,
    input_buffer,
    parts,
    pool,
    scanner,
    segments,
    small_members,
    stream,
)
from idxfast.threads import ordered_map


@pytest.fixture
def small_pieces(monkeypatch):
    """Chunks, and memory for symbols, in proportion to the files."""
    monkeypatch.setattr(input_buffer, "CHUNK", 4_000)
    monkeypatch.setattr(segments, "CHUNK", 4_000)
    monkeypatch.setattr(input_buffer, "RESERVE", 500)
    # After a member of at most the first size, as many members as fit into the second are decoded.
    monkeypatch.setattr(decoder, "BGZF_MAX_SIZE", 100)
    monkeypatch.setattr(small_members, "GROUP", 1_000)
    monkeypatch.setattr(segments, "LITERALS", 100_000)
    monkeypatch.setattr(segments, "MATCHES", 20_000)


@pytest.fixture
def small_steps(monkeypatch):
    """Let a file of some MB be cut as one of some GB would be."""
    monkeypatch.setattr(stream, "MIN_SIZE", 1)
    monkeypatch.setattr(pool, "UNPACKED_STEP", 1)
    monkeypatch.setattr(pool, "MIN_STEP", 16 << 10)
    monkeypatch.setattr(pool, "APPENDING", 2)
    monkeypatch.setattr(input_buffer, "CHUNK", 16 << 10)
    monkeypatch.setattr(input_buffer, "RESERVE", 4 << 10)
    monkeypatch.setattr(segments, "CHUNK", 16 << 10)
    monkeypatch.setattr(
        decoder.Decoder.advance, "__defaults__", (64 << 10, ordered_map.map_serially)
    )
    monkeypatch.setattr(small_members, "GROUP", 64 << 10)


@pytest.fixture
def appended(monkeypatch):
    """How many bytes each segment gave; the leader is slow, so that there are some."""
    sizes = []
    append, advance = decoder.Decoder.append, decoder.Decoder.advance

    def counted(self, segment):
        before = self.position
        is_appended = append(self, segment)
        sizes.append(self.position - before)
        assert is_appended or not sizes[-1]
        return is_appended

    def slow(self, *args, **kwargs):
        time.sleep(0.002)
        return advance(self, *args, **kwargs)

    monkeypatch.setattr(decoder.Decoder, "append", counted)
    monkeypatch.setattr(decoder.Decoder, "advance", slow)
    return sizes


@pytest.fixture
def eager(monkeypatch):
    """No thread leads as long as another segment may be begun, even of a small file."""

    def can_lead_at_last(self):
        return self._find_place() is None and can_lead(self)

    can_lead = pool.Pool._can_lead
    monkeypatch.setattr(pool.Pool, "_can_lead", can_lead_at_last)


@pytest.fixture
def around_decoders(monkeypatch):
    """Make each call of a decoder inside a context, which is given what the call uses."""

    def wrap(context):
        class Inflater:
            def __init__(self):
                self._inflater = inflater()
                self.reset = self._inflater.reset

            def decode(self, data, bit, out, position, **options):
                with context(data, out[position:]):
                    return self._inflater.decode(data, bit, out, position, **options)

            def decode_symbols(self, data, bit, symbols, **options):
                with context(data, out[:0]):
                    return self._inflater.decode_symbols(data, bit, symbols.symbols, **options)

        class Symbols:
            def __init__(self, literals, matches):
                self.symbols = symbols(literals, matches)
                self.clear = self.symbols.clear

            def copy(self, out, position, **options):
                with context(out[:0], out[position : position + self.symbols.size]):
                    return self.symbols.copy(out, position, **options)

        out = np.empty(0, np.uint8)
        inflater, symbols = segments.Inflater, segments.Symbols
        for module in (decoder, segments):
            monkeypatch.setattr(module, "Inflater", Inflater)
        monkeypatch.setattr(segments, "Symbols", Symbols)

    return wrap


@pytest.fixture
def small_parts(monkeypatch):
    """Distances in proportion to the files in files/gzip_parts.py."""
    monkeypatch.setattr(scanner, "SPACING", 6_000)
    monkeypatch.setattr(parts, "FINE_SPACING", 500)
    monkeypatch.setattr(parts, "LONG_PART", 60_000)
    monkeypatch.setattr(parts, "STEP", 5_000)
    monkeypatch.setattr("idxfast.gzip.points.STEP", 64)
