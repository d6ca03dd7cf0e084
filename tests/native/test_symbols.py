"""Segments decoded in two phases, symbols and copies, against zlib and against one call of decode."""

import contextlib
import copy
import pickle
import random
import threading
import time
import zlib

import numpy as np
import pytest

from files.deflated import LARGE, SAMPLES, STRATEGIES, by_zlib, packed, shifted, small_streams
from files.handmade import Deflate
from idxfast.native.inflate import BAD, BLOCK, END, INPUT, PAUSE, SPACE, Inflater, Symbols

GUARD = b"\xa5"


def in_segments(stream, symbols, out, position=0, bit=0, **options):
    """Decode all of a stream: a segment ends where the room, the budget or a block does."""
    inflater = Inflater()
    while True:
        before = bit
        stop, bit, reason = inflater.decode_symbols(stream, bit, symbols, **options)
        end = position + symbols.size
        assert symbols.copy(out, position) == end
        assert bit > before or stop not in (SPACE, PAUSE, BLOCK)
        position = end
        symbols.clear()
        assert symbols.size == 0
        if stop not in (SPACE, PAUSE, BLOCK):
            return stop, bit, position, reason


@pytest.mark.parametrize("name", SAMPLES)
def test_every_level_and_strategy(name):
    data = SAMPLES[name]
    rooms = [Symbols(1 << 20, 1 << 17), Symbols(900, 300), Symbols(9_000, 7_000)]
    for level in range(10):
        for strategy in STRATEGIES:
            stream = packed(data, level, strategy=strategy)
            for symbols in rooms:
                out = bytearray(len(data))
                stop, bit, position, _ = in_segments(stream + b"more", symbols, out)
                assert (stop, position) == (END, len(data))
                assert out == data
                assert (bit + 7) // 8 == len(stream)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", LARGE)
def test_large_blocks(name, strategy):
    data = LARGE[name]
    for literals, matches in (1 << 22, 1 << 20), (20_000, 1 << 20), (1 << 22, 20_000):
        symbols = Symbols(literals, matches)
        for level in 1, 6, 9:
            stream, out = packed(data, level, 15, 9, strategy), bytearray(len(data))
            for options in {}, {"max_bits": 200_000}, {"block_stop": 0}:
                found = in_segments(stream, symbols, out, **options)
                assert found[::2] == (END, len(data))
                assert out == data
                out[:] = bytes(len(data))


@pytest.mark.parametrize("stream", [*small_streams()], ids=range(4))
def test_room_that_ends_everywhere(stream):
    _, content, _ = by_zlib(stream)
    for room in range(1, len(content) + 2):
        for literals, matches in (room, 1), (1, room), (room, room), (room, 999), (999, room):
            out = bytearray(len(content))
            found = in_segments(stream, Symbols(literals, matches), out)
            assert found[::2] == (END, len(content))
            assert out == content


def test_the_room_is_used_to_its_end():
    """Of literals and of matches alike, in every kind of block and by every way through one."""
    literals = np.random.default_rng(1).integers(0, 200, 90_000, np.uint8).tobytes()
    matches = Deflate().fixed([0, *[(258, 1)] * 30_000], True).pack()
    for room in 0, 1, 5, 64, 4_095, 4_096, 60_000:
        for level in 0, 6:
            stream = packed(literals, level, strategy=zlib.Z_HUFFMAN_ONLY)
            symbols, out = Symbols(room, 0), bytearray(room)
            inflater = Inflater()
            stop, bit, _ = inflater.decode_symbols(stream, 0, symbols)
            assert (stop, symbols.size) == (SPACE, room)
            assert symbols.copy(out, 0) == room
            assert out == literals[:room]
            # Without room nothing changes.
            assert inflater.decode_symbols(stream, bit, symbols) == (SPACE, bit, None)
        for count in {1, room}:
            symbols = Symbols(count, room)
            stop, _, _ = Inflater().decode_symbols(matches, 0, symbols)
            expected = 1 + 258 * min(room, 30_000)
            assert (stop, symbols.size) == (
                (END if room > 30_000 else SPACE, expected) if count else (SPACE, 0)
            )


@pytest.mark.parametrize("stream", [*small_streams()], ids=range(4))
def test_going_on_within_a_block(stream):
    """From every symbol, by one call that decodes at once."""
    _, content, _ = by_zlib(stream)
    for room in range(len(content) + 1):
        inflater, symbols = Inflater(), Symbols(room, room // 2)
        out = bytearray(len(content))
        _, bit, _ = inflater.decode_symbols(stream, 0, symbols)
        position = symbols.copy(out, 0)
        assert position == symbols.size
        stop, _, position, _ = inflater.decode(stream, bit, out, position)
        assert (stop, position) == (END, len(content))
        assert out == content


@pytest.mark.parametrize("name", LARGE)
def test_both_ways_by_turns(name):
    """Room, input, output and budgets that end at places taken by chance."""
    data, rng = LARGE[name], random.Random(name)
    stream = packed(data)
    for _ in range(12):
        inflater, out = Inflater(), bytearray(GUARD * len(data))
        bit = position = size = space = 0
        while True:
            view, piece = memoryview(out)[:space], memoryview(stream)[:size]
            if rng.random() < 0.7:
                symbols = Symbols(rng.randrange(1, 200_000), rng.randrange(1, 60_000))
                stop, bit, _ = inflater.decode_symbols(
                    piece, bit, symbols, max_bits=rng.choice([9, 70_000, 1 << 40])
                )
                end = position + symbols.size
                while end > space:
                    assert symbols.copy(view, position) == -1
                    assert out[:position] == data[:position]
                    assert out[space:] == GUARD * (len(data) - space)
                    space = rng.randrange(end, min(len(data), end + 70_000) + 1)
                    view = memoryview(out)[:space]
                assert symbols.copy(view, position) == end
                position = end
            else:
                stop, bit, position, _ = inflater.decode(piece, bit, view, position)
                space = min(len(data), space + rng.randrange(90_000))
            assert out[:position] == data[:position]
            assert out[space:] == GUARD * (len(data) - space)
            if stop == END:
                break
            if stop == INPUT:
                size = min(len(stream), size + rng.randrange(1, len(stream)))
        assert out == data


def block_starts(stream, size):
    """The bits at which blocks begin, and the end."""
    inflater, out, places, position = Inflater(), bytearray(size), [0], 0
    stop = BLOCK
    while stop == BLOCK:
        stop, bit, position, _ = inflater.decode(stream, places[-1], out, position, block_stop=0)
        places.append(bit)
    assert stop == END
    return places


@pytest.mark.parametrize("name", LARGE)
def test_segments_from_every_block_on(name):
    """A thread for each segment, with an Inflater of its own; the copies follow in order."""
    data = LARGE[name]
    for memory in 5, 8:
        stream = packed(data, 6, memory=memory)
        starts = block_starts(stream, len(data))
        assert len(starts) > (2 if memory == 5 else 1)
        parts = [Symbols(1 << 20, 1 << 18) for _ in starts[1:]]
        found = [None] * len(parts)

        def decode(k, stream=stream, starts=starts, parts=parts, found=found):
            found[k] = Inflater().decode_symbols(stream, starts[k], parts[k], block_stop=0)

        threads = [threading.Thread(target=decode, args=(k,)) for k in range(len(parts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [
            (END if k == len(parts) - 1 else BLOCK, starts[k + 1], None) for k in range(len(parts))
        ]
        out, position = bytearray(len(data)), 0
        for part in parts:
            end = position + part.size
            assert part.copy(memoryview(out)[:end], position) == end
            position = end
        assert out == data
        # The window elsewhere, or partly so, or a byte too short.
        position = 0
        for part in parts:
            end = position + part.size
            for inside in {0, min(position, 1_000), min(position, 32_768)}:
                window = data[max(0, position - 32_768) : position - inside]
                rest = bytearray(data[position - inside : position]) + bytearray(end - position)
                assert part.copy(rest, inside, history=window) == len(rest)
                assert rest == data[position - inside : end]
            position = end


@pytest.mark.parametrize("name", LARGE)
def test_the_bytes_of_the_window_that_are_used(name):
    """Any other byte may change; a change of one of them shows."""
    data, seen = LARGE[name], 0
    stream = packed(data, 6, memory=5)
    starts, position = block_starts(stream, len(data)), 0
    symbols = Symbols(1 << 20, 1 << 18)
    for start in starts[:-1]:
        symbols.clear()
        Inflater().decode_symbols(stream, start, symbols, block_stop=0)
        content = data[position : position + symbols.size]
        window = data[max(0, position - 32_768) : position].rjust(32_768, b"\0")
        used = symbols.used_window()
        assert len(used) == 32_768
        assert set(used) <= {0, 1}
        assert 1 not in used[: max(0, 32_768 - position)]
        out = bytearray(len(content))
        others = bytes(byte if use else byte ^ 255 for byte, use in zip(window, used, strict=True))
        assert symbols.copy(out, 0, history=others) == len(out)
        assert out == content
        places = [place for place, use in enumerate(used) if use]
        for place in places[:3] + places[len(places) // 2 :][:3] + places[-3:]:
            changed = bytearray(window)
            changed[place] ^= 255
            assert symbols.copy(out, 0, history=changed) == len(out)
            assert out != content
            seen += 1
        position += len(content)
    assert position == len(data)
    assert seen or name.endswith("lengths")


@pytest.mark.parametrize("bit", range(9))
def test_every_starting_bit(bit):
    for name in "images", "text", "zeros", "noise of 4 bits":
        out = bytearray(len(SAMPLES[name]))
        found = in_segments(shifted(packed(SAMPLES[name]), bit), Symbols(5_000, 5_000), out, 0, bit)
        assert found[::2] == (END, len(out))
        assert out == SAMPLES[name]


@pytest.mark.parametrize("stream", [*small_streams()], ids=range(4))
def test_every_end_of_output(stream):
    """Nothing is written beyond it or before the segment, nor at all of what does not fit."""
    _, content, _ = by_zlib(stream)
    symbols = Symbols(4_096, 4_096)
    assert Inflater().decode_symbols(stream, 0, symbols)[0] == END
    for space in range(len(content) + 200):
        for before in 0, 7:
            out = bytearray(GUARD * (before + len(content) + 300))
            position = symbols.copy(memoryview(out)[: before + space], before, start=before)
            assert position == (before + len(content) if space >= len(content) else -1)
            assert out[:before] == GUARD * before
            assert out[before + space :] == GUARD * (len(content) + 300 - space)
            if position != -1:
                assert out[before:position] == content


@pytest.mark.parametrize("distance", [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 257, 32_767, 32_768])
@pytest.mark.parametrize("length", [3, 4, 15, 16, 17, 257, 258])
def test_the_window_begins_where_it_is_said_to(distance, length):
    """A match may begin with the window's first byte, and not a byte earlier."""
    window = random.Random(distance).randbytes(distance)
    for literals in {0, 1, min(distance - 1, 40)}:
        before, own = window[: distance - literals], window[distance - literals :]
        expected = own + (window * (length // distance + 1))[:length]
        symbols = Symbols(literals, 1)
        stream = Deflate().fixed([*own, (length, distance)], True).pack()
        assert Inflater().decode_symbols(stream, 0, symbols)[0] == END
        assert symbols.size == len(expected)
        for inside in {0, min(1, len(before)), len(before) // 2, len(before)}:
            history, held = before[: len(before) - inside], before[len(before) - inside :]
            for left_out in 0, 5:
                for more in 0, 1, 99, 400:
                    space = bytearray(GUARD * (left_out + inside + len(expected) + more))
                    space[left_out : left_out + inside] = held
                    at = left_out + inside
                    end = symbols.copy(space, at, start=left_out, history=history)
                    assert end == at + len(expected)
                    assert space[at:end] == expected
                    assert space[:at] == GUARD * left_out + held
                if len(before):
                    short = history[1:] if history else history
                    start = left_out if history else left_out + 1
                    assert symbols.copy(space, at, start=start, history=short) == -1
                    assert space[:at] == GUARD * left_out + held


def test_stored_blocks():
    for size in [*range(100), 65_535]:
        first, second = random.Random(size).randbytes(size), random.Random(-size).randbytes(size)
        stream = Deflate().fixed([1]).stored(first).stored(second, True).pack()
        for room in {1, 2, 3, size or 1, 2 * size + 1}:
            if size > 99 and room < size:
                continue
            out = bytearray(2 * size + 1)
            assert in_segments(stream, Symbols(room, 0), out)[::2] == (END, len(out))
            assert out == b"\1" + first + second


def judged_alike(stream, symbols, space):
    """The results of `decode` and of both phases, which agree unless a match cannot be copied."""
    expected = bytearray(space)
    stop, bit, position, reason = Inflater().decode(stream, 0, expected, 0)
    found = symbols_stop, symbols_bit, symbols_reason = Inflater().decode_symbols(
        stream, 0, symbols
    )
    out = bytearray(space)
    end = symbols.copy(out, 0)
    if end == -1:
        assert stop == SPACE or reason == "invalid distance too far back"
        assert symbols_bit >= bit
    else:
        assert found == (stop, bit, reason)
        assert end == position
        assert out[:end] == expected[:end]
    symbols.clear()
    return stop, reason, end, (symbols_stop, symbols_reason)


@pytest.mark.parametrize("name", ["images", "text", "noise of 4 bits", "skewed", "zeros"])
def test_damage(name):
    rng, symbols, seen = random.Random(name), Symbols(1 << 20, 1 << 20), set()
    for level in 1, 6:
        for strategy in zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED:
            stream = packed(SAMPLES[name][:20_000], level, strategy=strategy)
            for count in range(250):
                damaged = bytearray(stream)
                for _ in range(1 + count % 3):
                    at = rng.randrange(len(stream) if count % 2 else min(90, len(stream)))
                    damaged[at] ^= 1 << rng.randrange(8)
                seen.add(judged_alike(damaged, symbols, 1 << 19)[1])
    assert len(seen) > 5


def test_noise():
    rng, symbols = random.Random(1), Symbols(1 << 14, 1 << 14)
    for _ in range(3_000):
        judged_alike(rng.randbytes(rng.randrange(1, 120)), symbols, 1 << 17)


def test_an_error_that_is_met_first_may_come_second():
    """The first phase cannot see a match that goes back too far, and meets what is wrong later."""
    stream = Deflate().fixed([1, 2, (3, 3), 4]).raw("111").pack()
    symbols = Symbols(9, 9)
    assert judged_alike(stream, symbols, 99) == (
        BAD, "invalid distance too far back", -1, (BAD, "invalid block type"),
    )  # fmt: skip
    stream = Deflate().fixed([1, 2, (3, 2), 4]).raw("111").pack()
    assert judged_alike(stream, symbols, 99)[:3] == (BAD, "invalid block type", 6)
    # For good.
    inflater = Inflater()
    found = inflater.decode_symbols(stream, 0, symbols)
    assert found[0] == BAD
    assert inflater.decode_symbols(b"", 0, symbols) == (BAD, 0, found[2])
    assert symbols.size == 6


def test_every_split_of_input():
    for stream in small_streams():
        _, content, _ = by_zlib(stream)
        for size in range(len(stream)):
            inflater, symbols, out = Inflater(), Symbols(9_999, 9_999), bytearray(len(content))
            stop, bit, _ = inflater.decode_symbols(stream[:size], 0, symbols)
            assert stop == INPUT
            assert symbols.size == len(by_zlib(stream[:size])[1])
            stop, _, _ = inflater.decode_symbols(stream[bit // 8 :], bit % 8, symbols)
            assert stop == END
            assert symbols.copy(out, 0) == len(content)
            assert out == content


@pytest.mark.parametrize("most", [1, 100, 5_000, 100_000])
def test_budgets(most):
    for data in SAMPLES["images"], SAMPLES["zeros"] * 20, SAMPLES["noise"]:
        for level in 0, 6:
            stream, inflater, bit = packed(data, level), Inflater(), 0
            symbols, out, stop = Symbols(1 << 21, 1 << 21), bytearray(len(data)), PAUSE
            while stop == PAUSE:
                before = bit
                stop, bit, _ = inflater.decode_symbols(stream, bit, symbols, max_bits=most)
                assert bit > before or stop == END
                if stop == PAUSE:
                    assert bit >= before + most
            assert stop == END
            assert symbols.copy(out, 0) == len(data)
            assert out == data


def test_a_budget_ends_a_call_within_a_block():
    """More matches than literals, which no cursors decode."""
    literals = [3] + [0] * 255 + [3, 1, 2]
    stream = Deflate().dynamic([0] + [(3, 1)] * 200_000, True, literals, [1, 1]).pack()
    symbols = Symbols(1 << 17, 1 << 18)
    stop, bit, _ = Inflater().decode_symbols(stream, 0, symbols, max_bits=8_000)
    assert stop == PAUSE
    assert 8_000 <= bit < 200_000


def test_arguments_are_checked():
    stream, symbols, inflater, out = packed(b"some"), Symbols(9, 9), Inflater(), bytearray(9)
    for literals, matches in (-1, 0), (0, -1), ((1 << 30) + 1, 0), (0, (1 << 27) + 1):
        with pytest.raises(ValueError):
            Symbols(literals, matches)
    with pytest.raises(OverflowError):
        Symbols(1 << 64, 0)
    with pytest.raises(TypeError):
        Symbols()
    for other in None, bytearray(9):
        with pytest.raises(TypeError):
            inflater.decode_symbols(stream, 0, other)
    with pytest.raises(TypeError):
        inflater.decode_symbols("text", 0, symbols)
    with pytest.raises(ValueError):
        inflater.decode_symbols(stream, 8 * len(stream) + 1, symbols)
    for bit in -1, 1 << 64:
        with pytest.raises(OverflowError):
            inflater.decode_symbols(stream, bit, symbols)
    # After all of that nothing is held, and nothing has begun.
    assert inflater.decode_symbols(stream, 0, symbols)[0] == END
    for position, options in [(-1, {}), (10, {}), (2, {"start": 3}), (2, {"start": -1})]:
        with pytest.raises(ValueError):
            symbols.copy(out, position, **options)
    with pytest.raises(BufferError):
        symbols.copy(b"read-only", 0)
    with pytest.raises(TypeError):
        symbols.copy(out, 0, history="text")
    out += b"longer"
    assert symbols.copy(out, 0) == 4
    assert out[:4] == b"some"
    inflater.reset()
    assert inflater.decode_symbols(b"\0\4\0\xfb\xffab", 0, symbols)[:2] == (INPUT, 56)
    with pytest.raises(ValueError, match="stored block"):
        inflater.decode_symbols(b"ab", 3, symbols)
    assert inflater.decode_symbols(b"cd", 0, symbols)[:2] == (INPUT, 16)
    assert symbols.copy(out, 0) == 8
    assert out[:8] == b"someabcd"


def test_of_nothing():
    symbols = Symbols(0, 0)
    assert symbols.size == 0
    assert symbols.copy(bytearray(), 0) == 0
    assert symbols.copy(bytearray(3), 3, history=b"x") == 3
    assert Inflater().decode_symbols(b"", 0, symbols) == (INPUT, 0, None)
    assert Inflater().decode_symbols(packed(b""), 0, symbols)[0] == END
    # A stored block of some bytes, with room for none of them.
    assert Inflater().decode_symbols(packed(b"a", 0), 0, symbols) == (SPACE, 40, None)


def test_symbols_are_not_copied():
    for protocol in range(2, 6):
        with pytest.raises(TypeError, match="cannot be copied"):
            pickle.dumps(Symbols(1, 1), protocol)
    with pytest.raises(TypeError, match="cannot be copied"):
        copy.copy(Symbols(1, 1))


def test_symbols_serve_one_thread_at_a_time():
    """Another one is refused; what the first one decodes is right."""
    data = np.random.default_rng(3).integers(0, 200, 1 << 23, np.uint8).tobytes()
    stream, symbols = packed(data, 1), Symbols(1 << 23, 1 << 20)
    barrier, out = threading.Barrier(2), bytearray(len(data))

    def decode():
        barrier.wait()
        # It is refused itself if the use below is at work just then.
        with contextlib.suppress(RuntimeError):
            Inflater().decode_symbols(stream, 0, symbols)

    def is_refused(use):
        symbols.clear()
        thread = threading.Thread(target=decode)
        thread.start()
        barrier.wait()
        time.sleep(0.005)
        try:
            use()
        except RuntimeError as error:
            assert str(error) == "another thread uses this Symbols"
        else:
            return False
        finally:
            thread.join()
        assert symbols.copy(out, 0) == symbols.size == len(data)
        return out == data

    for use in (
        symbols.clear,
        lambda: symbols.size,
        lambda: symbols.copy(out, 0),
        lambda: Inflater().decode_symbols(b"", 0, symbols),
    ):
        assert any(is_refused(use) for _ in range(50))
