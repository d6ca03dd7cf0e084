"""The DEFLATE decoder against zlib: bytes, ends, verdicts and reasons."""

import copy
import pickle
import random
import threading
import zlib

import numpy as np
import pytest

from files.deflated import LARGE, SAMPLES, SLOW, STRATEGIES, by_zlib, packed, shifted, small_streams
from files.handmade import FIXED_DISTANCES, FIXED_LITERALS, ORDER, Deflate, bits, codewords, number
from idxfast.native.inflate import BAD, BLOCK, END, INPUT, PAUSE, SPACE, Inflater


def decoded(stream, bit=0, space=1 << 16, history=b"", **options):
    """Decode by an Inflater, in one call. The position is in bits, where zlib's is in bytes."""
    out = bytearray(space)
    stop, bit, position, reason = Inflater().decode(stream, bit, out, 0, history=history, **options)
    return stop, bytes(out[:position]), reason if stop == BAD else bit


def check(stream, history=b"", space=1 << 16):
    stop, content, detail = by_zlib(stream, history)
    assert len(content) <= space
    ours = decoded(stream, space=space, history=history)
    if stop == BAD:
        assert ours[1].startswith(content)
        assert len(ours[1]) - len(content) <= 1 or len(content) >= SLOW
    else:
        assert ours[1] == content
    assert ours[0] == stop
    if stop == END:
        assert (ours[2] + 7) // 8 == detail
    elif stop == BAD:
        assert ours[2] == detail
    return ours


@pytest.mark.parametrize("name", SAMPLES)
def test_every_level_and_strategy(name):
    data = SAMPLES[name]
    for level in range(10):
        for strategy in STRATEGIES:
            stream = packed(data, level, strategy=strategy)
            stop, content, bit = decoded(stream + b"more", space=len(data))
            assert (stop, content) == (END, data)
            assert (bit + 7) // 8 == len(stream)


@pytest.mark.parametrize("wbits", range(9, 16))
def test_every_window_and_memory(wbits):
    for memory in range(1, 10):
        for data in SAMPLES["images"], SAMPLES["text"]:
            assert decoded(packed(data, 6, wbits, memory))[:2] == (END, data)


@pytest.mark.parametrize(
    "flush", [zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_BLOCK]
)
def test_flushes(flush):
    data, stream = SAMPLES["text"], b""
    packer = zlib.compressobj(6, wbits=-15)
    for start in range(0, len(data), 777):
        stream += packer.compress(data[start : start + 777]) + packer.flush(flush)
    stream += packer.flush()
    assert check(stream)[:2] == (END, data)


@pytest.mark.parametrize("bit", range(17))
def test_every_starting_bit(bit):
    # No stored blocks, which begin at bytes.
    for name in "images", "text", "zeros", "noise of 4 bits":
        stream = packed(SAMPLES[name])
        stop, content, end = decoded(shifted(stream, bit), bit, space=len(SAMPLES[name]) + 5)
        assert (stop, content) == (END, SAMPLES[name])
        assert (end - bit + 7) // 8 == len(stream)


@pytest.mark.parametrize("stream", [*small_streams()], ids=range(4))
def test_every_end_of_output(stream):
    """Nothing is written after the end of the memory, and a longer one gets the same bytes."""
    _, content, _ = by_zlib(stream)
    for space in range(len(content) + 1):
        inflater, out = Inflater(), bytearray(b"\xa5" * (len(content) + 300))
        view = memoryview(out)
        stop, bit, position, _ = inflater.decode(stream, 0, view[:space], 0)
        assert stop == (SPACE if space < len(content) else END)
        assert out[:position] == content[:position]
        assert position > space - 258
        assert out[space:] == b"\xa5" * (len(out) - space)
        stop, bit, position, _ = inflater.decode(stream, bit, view, position)
        assert stop == END
        assert out[:position] == content


@pytest.mark.parametrize("stream", [*small_streams()], ids=range(4))
def test_every_split_of_input(stream):
    _, content, _ = by_zlib(stream)
    for size in range(len(stream)):
        inflater, out = Inflater(), bytearray(len(content))
        expected = by_zlib(stream[:size])
        stop, bit, position, _ = inflater.decode(stream[:size], 0, out, 0)
        assert (stop, out[:position]) == expected[:2]
        # The rest, from the first byte that has not been read to its end.
        stop, end, position, _ = inflater.decode(stream[bit // 8 :], bit % 8, out, position)
        assert (stop, position) == (END, len(content))
        assert out == content
        assert (bit // 8 * 8 + end + 7) // 8 == len(stream)


@pytest.mark.parametrize("stream", [*small_streams()], ids=range(4))
def test_a_byte_at_a_time(stream):
    _, content, _ = by_zlib(stream)
    inflater, out, held, bit, position = Inflater(), bytearray(len(content)), b"", 0, 0
    for i in range(len(stream)):
        held = held[bit // 8 :] + stream[i : i + 1]
        stop, bit, position, _ = inflater.decode(held, bit % 8, out, position)
        assert stop == (END if i == len(stream) - 1 else INPUT)
    assert out == content
    assert inflater.decode(held, bit, out, position)[0] == END


@pytest.mark.parametrize("name", ["images", "text", "zeros", "noise", "noise of 4 bits", "tiles"])
@pytest.mark.parametrize("most", [0, 1, 100, 5_000])
def test_budgets(name, most):
    data = SAMPLES[name][:40_000]
    for level in 0, 6:
        stream = packed(data, level)
        for budget in {"max_bytes": most}, {"max_bits": most}:
            inflater, out, bit, position, calls = Inflater(), bytearray(len(data)), 0, 0, 0
            stop = PAUSE
            while stop == PAUSE:
                before = bit, position
                stop, bit, position, _ = inflater.decode(stream, bit, out, position, **budget)
                assert (bit, position) > before or stop == END
                calls += 1
            assert stop == END
            assert out == data
            assert calls > len(data) // (most + 65_535) or "max_bits" in budget


@pytest.mark.parametrize("level", [0, 1])
def test_a_budget_ends_a_call(level):
    data = np.random.default_rng(0).integers(0, 16, 2_000_000, np.uint8).tobytes()
    stream = packed(data, level)
    for budget in {"max_bytes": 1_000}, {"max_bits": 8_000}:
        out = bytearray(len(data))
        stop, _, position, _ = Inflater().decode(stream, 0, out, 0, **budget)
        assert stop == PAUSE
        assert 1_000 <= position < 200_000
        # Of stored bytes no more are copied.
        assert position == 1_000 or level or "max_bits" in budget
        assert out[:position] == data[:position]


def test_a_budget_ends_a_call_within_a_block():
    """More matches than literals, which no cursors decode."""
    literals = [3] + [0] * 255 + [3, 1, 2]
    stream = Deflate().dynamic([0] + [(3, 1)] * 100_000, True, literals, [1, 1]).pack()
    for budget in {"max_bytes": 1_000}, {"max_bits": 8_000}:
        out = bytearray(300_001)
        stop, _, position, _ = Inflater().decode(stream, 0, out, 0, **budget)
        assert stop == PAUSE
        assert 1_000 <= position < 100_000


def test_a_budget_that_is_met_exactly():
    stream = Deflate().fixed([*b"some"], True).pack()
    out = bytearray(4)
    assert Inflater().decode(stream, 0, out, 0, max_bits=3)[:3] == (PAUSE, 3, 0)
    assert Inflater().decode(stream, 0, out, 0, max_bits=4)[:3] == (END, 3 + 4 * 8 + 7, 4)


def test_the_end_is_for_good():
    data = SAMPLES["images"]
    stream, out, inflater = packed(data, 6), bytearray(2 * len(data)), Inflater()
    stop, bit, position, _ = inflater.decode(2 * stream, 0, out, 0)
    assert (stop, position) == (END, len(data))
    for more in 2 * stream, stream:
        assert inflater.decode(more, bit, out, position) == (END, bit, position, None)


def test_blocks():
    stream = Deflate().fixed([*b"ab"]).dynamic([*b"cde", (5, 3)]).stored(b"x" * 9)
    stream.fixed([], True)
    data, inflater, out = stream.pack(), Inflater(), bytearray(99)
    places, bit, position = [], 0, 0
    while True:
        stop, bit, position, _ = inflater.decode(data, bit, out, position, block_stop=0)
        places.append((stop, position))
        if stop != BLOCK:
            break
    assert places == [(BLOCK, 2), (BLOCK, 10), (BLOCK, 19), (END, 19)]
    assert bytes(out[:19]) == by_zlib(data)[1]
    # From each block's bit, another Inflater goes on; the window is in place, or elsewhere.
    inflater = Inflater()
    _, first, position, _ = inflater.decode(data, 0, out, 0, block_stop=0)
    assert first == 3 + 8 + 8 + 7
    assert Inflater().decode(data, first, out, position)[0] == END
    assert bytes(out[:19]) == by_zlib(data)[1]
    # No block that ends before the stop ends the call, one that ends there does.
    for most, end in (0, 2), (first, 2), (first + 1, 10):
        stop, bit, position, _ = Inflater().decode(data, 0, out, 0, block_stop=most)
        assert (stop, position) == (BLOCK, end)
        assert bit >= most
    tail = bytearray(17)
    assert Inflater().decode(data, first, tail, 0, history=b"ab")[:1] == (END,)
    assert tail == by_zlib(data)[1][2:]


@pytest.mark.parametrize("size", [1, 2, 100, 32_767, 32_768, 50_000])
def test_history(size):
    window = (SAMPLES["images"] + SAMPLES["text"])[-size:]
    data = window[-32_768:][:20_000] + SAMPLES["text"][:9_000] + window[-9_000:]
    packer = zlib.compressobj(9, wbits=-15, zdict=window)
    stream = packer.compress(data) + packer.flush()
    assert decoded(stream, history=window)[:2] == (END, data)
    # The same in one buffer, whose window may begin anywhere before.
    for left_out in {0, size - min(size, 32_768)}:
        out = bytearray(window) + bytearray(len(data))
        stop, _, position, _ = Inflater().decode(stream, 0, out, size, start=left_out)
        assert (stop, position) == (END, len(out))
        assert out == window + data
    # Half here, half there.
    out = bytearray(window[size // 2 :]) + bytearray(len(data))
    stop, _, position, _ = Inflater().decode(
        stream, 0, out, size - size // 2, history=window[: size // 2]
    )
    assert (stop, position) == (END, len(out))
    assert out[size - size // 2 :] == data


@pytest.mark.parametrize("distance", [1, 2, 3, 7, 8, 15, 16, 31, 32, 257, 32_768])
@pytest.mark.parametrize("length", [3, 4, 15, 16, 17, 257, 258])
def test_the_window_begins_where_it_is_said_to(distance, length):
    window = random.Random(distance).randbytes(distance)
    expected = (window * (length // distance + 1))[:length]
    for literals in {0, 1, min(distance, 40)}:
        tokens = [*window[:literals], (length, distance)] if literals else [(length, distance)]
        stream = Deflate().fixed(tokens, True).pack()
        held = (
            window
            if literals == 0
            else (window[literals:] + window[:literals])[: distance - literals]
        )
        content = held + window[:literals]
        expected = (content * (length // distance + 1))[:length]
        for before in 0, 5:
            out = bytearray(before) + held + bytearray(literals + length)
            at = before + len(held)
            stop, _, position, _ = Inflater().decode(stream, 0, out, at, start=before)
            assert (stop, position) == (END, len(out))
            assert out[-length:] == expected
            if held:
                out = bytearray(before) + held + bytearray(literals + length)
                assert Inflater().decode(stream, 0, out, at, start=before + 1)[::3] == (
                    BAD, "invalid distance too far back",
                )  # fmt: skip
        if held:
            assert decoded(stream, history=held)[:2] == (END, window[:literals] + expected)
            assert decoded(stream, history=held[1:])[::2] == (BAD, "invalid distance too far back")


def precode(lengths):
    """The header of a dynamic block but for its counts: the code lengths of the precode."""
    return "".join(number(lengths[symbol], 3) for symbol in ORDER)


def dynamic(
    literals, distances, words, precode_lengths=(4,) * 16 + (0,) * 3, hlit=None, hdist=None
):
    """A final dynamic block up to the end of its header."""
    code = codewords(list(precode_lengths))
    return [
        "1", "01", number(len(literals) - 257 if hlit is None else hlit, 5),
        number(len(distances) - 1 if hdist is None else hdist, 5), "1111", precode(precode_lengths),
        *(code[length] for length in [*literals, *distances]), *words,
    ]  # fmt: skip


LONE = [0] * 256 + [1]
ONE_LITERAL = [1] + [0] * 255 + [1]
LITERAL_LENGTH = [2] + [0] * 255 + [2, 1]
HEADER = 3 + 14 + 57
FAULTS = {
    "block type": (["1", "11"], "invalid block type", 0),
    "stored lengths": (["1", "00", "00000", number(5, 16), number(5, 16)], "invalid stored block lengths", 8),
    "287 literals": (["1", "01", number(30, 5), number(0, 5), "0000"], "too many length or distance symbols", 3),
    "31 distances": (["1", "01", number(0, 5), number(30, 5), "0000"], "too many length or distance symbols", 3),
    "precode over-subscribed": (["1", "01", number(0, 14), "100" * 4], "invalid code lengths set", 17),
    "precode incomplete": (["1", "01", number(0, 14), "100000000000"], "invalid code lengths set", 17),
    "precode of one": (["1", "01", number(0, 14), "000000000100"], "invalid code lengths set", 17),
    "no precode": (["1", "01", number(0, 14), "0" * 12, "0" * 258], "invalid code -- missing end-of-block", 29),
    "no precode, ones": (["1", "01", number(0, 14), "0" * 12, "1" * 258], "invalid code -- missing end-of-block", 29),
    "repeat of nothing": (["1", "01", number(0, 14), "100000000100", "1", "00"], "invalid bit length repeat", 29),
    "no end of block": (dynamic([8] * 256 + [0], [0], []), "invalid code -- missing end-of-block", HEADER),
    "literals over-subscribed": (dynamic([1] * 3 + [0] * 253 + [1], [0], []), "invalid literal/lengths set", HEADER),
    "literals incomplete": (dynamic([2] * 2 + [0] * 254 + [2], [0], []), "invalid literal/lengths set", HEADER),
    "lone literal of two bits": (dynamic([0] * 256 + [2], [0], []), "invalid literal/lengths set", HEADER),
    "distances over-subscribed": (dynamic(ONE_LITERAL, [1] * 3, []), "invalid distances set", HEADER),
    "distances incomplete": (dynamic(ONE_LITERAL, [1, 2], []), "invalid distances set", HEADER),
    "lone distance of two bits": (dynamic(ONE_LITERAL, [2], []), "invalid distances set", HEADER),
    "other word of a lone code": (dynamic(LONE, [0], ["1"]), "invalid literal/length code", HEADER + 258 * 4),
    "other word of a lone distance": (dynamic(LITERAL_LENGTH, [1], ["10", "0", "1"]), "invalid distance code", HEADER + 259 * 4 + 3),
    "no distance code": (dynamic(LITERAL_LENGTH, [0], ["10", "0", "0"]), "invalid distance code", HEADER + 259 * 4 + 3),
    "too far back": (dynamic(LITERAL_LENGTH, [1, 1], ["10", "0", "1"]), "invalid distance too far back", HEADER + 260 * 4 + 3),
    "symbol 286": (["1", "10", codewords(FIXED_LITERALS)[286]], "invalid literal/length code", 3),
    "symbol 287": (["1", "10", codewords(FIXED_LITERALS)[287]], "invalid literal/length code", 3),
    "distance 30": (["1", "10", codewords(FIXED_LITERALS)[257], codewords(FIXED_DISTANCES)[30]], "invalid distance code", 10),
    "distance 31": (["1", "10", codewords(FIXED_LITERALS)[257], codewords(FIXED_DISTANCES)[31]], "invalid distance code", 10),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name):
    fields, reason, bit = FAULTS[name]
    text = "".join(fields)
    stream = bits(text + "0" * 999)
    assert by_zlib(stream)[::2] == (BAD, reason)
    out = bytearray(9)
    found = Inflater().decode(stream, 0, out, 0)
    assert found[::3] == (BAD, reason)
    assert found[1] == bit
    # Wherever the input ends, and whatever comes before: zlib's verdict.
    for size in range(len(stream)):
        check(stream[:size])
    before = Deflate().fixed([*b"some bytes"]).stored(b"some more")
    check(before.raw(text, "0" * 999).pack())
    # With what is wrong at each bit of a byte, so that the input ends after each of its bits.
    for count in range(1, 8):
        shifted_by = Deflate()
        for _ in range(count):
            shifted_by.fixed([144])
        first = (len(shifted_by.bits) + bit) // 8
        shifted_by.raw(text, "0" * 99)
        for size in range(first, first + 9):
            check(shifted_by.pack()[:size])
    # For good, whatever comes then; and not for another stream.
    inflater = Inflater()
    assert inflater.decode(stream, 0, out, 0) == found
    assert inflater.decode(packed(b"some"), 5, out, 4) == (BAD, 5, 4, reason)
    inflater.reset()
    assert inflater.decode(packed(b"some"), 0, out, 0)[::2] == (END, 4)


def test_repeats_that_go_past_the_end():
    for symbol, extra in (16, "11"), (17, "111"), (18, "1111111"):
        lengths = [1 if i in (0, symbol) else 0 for i in range(19)]
        code = codewords(lengths)
        for count in range(1, 258):
            words = code[0] * count + code[symbol] + extra
            for total in (257, 286):
                check(bits("1", "01", number(total - 257, 5), number(0, 5), "1111", precode(lengths), words + code[0] * 400))  # fmt: skip


def test_lone_codes_and_none_are_taken():
    assert check(bits(*dynamic(LONE, [0], ["0"])))[:2] == (END, b"")
    assert check(bits(*dynamic(LONE, [1], ["0"])))[:2] == (END, b"")
    assert check(bits(*dynamic(ONE_LITERAL, [0], ["0" * 9 + "1"])))[:2] == (END, bytes(9))
    # Matches of distance 1 alone: a codeword of one bit.
    words = ["10", "0", "0", "0", "0", "11"]
    assert check(bits(*dynamic(LITERAL_LENGTH, [1], words)))[:2] == (END, bytes(7))
    # The only distance is another one than 1.
    words = ["10", "10", "0", "0", "11"]
    assert check(bits(*dynamic(LITERAL_LENGTH, [0, 1], words)))[:2] == (END, bytes(5))


def test_codewords_of_every_length():
    lengths = [*range(1, 15), 15, 15]
    literals = [0] * 286
    for symbol, length in zip(
        [0, 257, 1, 285, 2, 3, 265, 4, 256, 5, 284, 6, 7, 280, 8, 9], lengths, strict=True
    ):
        literals[symbol] = length
    distances = [0] * 30
    for symbol, length in zip(
        [0, 3, 1, 29, 4, 28, 10, 9, 8, 7, 6, 5, 2, 12, 11, 20], lengths, strict=True
    ):
        distances[symbol] = length
    rng = random.Random(7)
    tokens = [*range(10)]
    spans = {0: (1, 1), 3: (4, 4), 1: (2, 2), 4: (5, 6), 10: (33, 48), 9: (25, 32), 8: (17, 24), 7: (13, 16), 6: (9, 12), 5: (7, 8), 2: (3, 3), 12: (65, 96), 11: (49, 64), 20: (1025, 1536)}  # fmt: skip
    for _ in range(5_000):
        tokens += [rng.randrange(10) for _ in range(rng.randrange(3))]
        length = rng.choice([3, 258, *range(11, 13), *range(227, 258), *range(115, 131)])
        low, high = rng.choice([*spans.values()])
        if high < len(tokens):
            tokens.append((length, rng.randint(low, high)))
    stream = Deflate().dynamic(tokens, True, literals, distances).pack()
    stop, content, _ = by_zlib(stream)
    assert stop == END
    assert len(content) > 100_000
    assert decoded(stream, space=len(content))[:2] == (END, content)
    assert decoded(stream, space=len(content) + 999)[:2] == (END, content)


def test_the_longest_symbols_that_follow_each_other():
    """A literal of 11 bits, a length of 20 and a distance of 24, before another literal of 11."""
    literals, distances = [0] * 286, [0] * 30
    for length, symbol in enumerate([*range(13), 256, 283, 284], 1):
        literals[symbol] = min(length, 15)
    for length, symbol in enumerate([*range(10), 28, 29], 1):
        distances[symbol] = min(length, 11)
    rng = random.Random(11)
    tokens = []
    for _ in range(1_000):
        tokens += [10, (rng.randint(195, 257), rng.randint(16_385, 32_768))]
    stream = Deflate().dynamic(tokens, True, literals, distances).pack()
    window = rng.randbytes(32_768)
    stop, content, _ = by_zlib(stream, window)
    assert stop == END
    assert decoded(stream, space=len(content) + 999, history=window)[:2] == (END, content)


def test_nothing_beyond_the_input_is_decoded():
    """Four symbols take 71 bits, where the fast way counts with 56."""
    literals, distances = [0] * 286, [0] * 30
    for length, symbol in enumerate([*range(4), 284, *range(4, 9), 256, 9], 1):
        literals[symbol] = min(length, 11)
    for length, symbol in enumerate([*range(9), 29, *range(9, 14), 28], 1):
        distances[symbol] = min(length, 15)
    rng = random.Random(5)
    tokens = []
    for _ in range(1_500):
        tokens += [(rng.randint(227, 257), rng.randint(24_577, 32_768))]
        tokens += [(rng.randint(227, 257), rng.randint(16_385, 24_576))]
    stream = Deflate().dynamic(tokens, True, literals, distances).pack()
    window = rng.randbytes(32_768)
    for size in range(len(stream) - 1, 1_000, -331):
        check_end(stream, size, window)


def test_nothing_beyond_the_input_is_decoded_of_large_blocks():
    stream = packed(LARGE["images"])
    for size in range(len(stream) - 1, len(stream) // 2, -len(stream) // 30):
        check_end(stream, size)


def check_end(stream, size, window=b""):
    """What is decoded if no more than `size` bytes are given, although more of the stream follows."""
    _, expected, _ = by_zlib(stream[:size], window)
    # In memory of exactly that size, sanitizers notice more.
    for given in memoryview(stream)[:size], stream[:size]:
        out = bytearray(window) + bytearray(len(expected) + 1_000)
        stop, bit, position, _ = Inflater().decode(given, 0, out, len(window))
        assert stop == INPUT
        assert 8 * size - 48 < bit <= 8 * size
        assert out[len(window) : position] == expected


@pytest.mark.parametrize("kind", ["stored", "fixed", "dynamic"])
def test_empty_blocks_at_every_bit(kind):
    for count in range(9):
        stream = Deflate()
        for _ in range(count):
            stream.fixed([144])  # 3 + 9 + 7 bits, an odd number
        for _ in range(3):
            getattr(stream, kind)([])
        content = check(stream.fixed([*b"end"], True).pack())[1]
        assert content == b"\x90" * count + b"end"


def test_stored_blocks_of_every_size():
    for size in [*range(300), 32_768, 65_534, 65_535]:
        data = random.Random(size).randbytes(size)
        stream = Deflate().fixed([]).stored(data, padding="1").stored(data[::-1], True).pack()
        assert decoded(stream, space=2 * size)[:2] == (END, data + data[::-1])


@pytest.mark.parametrize("name", ["images", "text", "noise of 4 bits", "skewed", "zeros"])
def test_damage(name):
    """Streams with a bit changed: zlib's verdict, bytes and reason."""
    rng = random.Random(name)
    for level in 1, 6:
        for strategy in zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED:
            stream = packed(SAMPLES[name][:4_000], level, strategy=strategy)
            for count in range(250):
                damaged = bytearray(stream)
                for _ in range(1 + count % 3):
                    at = rng.randrange(len(stream) if count % 2 else min(90, len(stream)))
                    damaged[at] ^= 1 << rng.randrange(8)
                check(bytes(damaged), space=1 << 20)


def test_noise_is_judged_as_by_zlib():
    rng = random.Random(1)
    for _ in range(4_000):
        check(rng.randbytes(rng.randrange(1, 120)), space=1 << 17)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", LARGE)
def test_large_blocks(name, strategy):
    data = LARGE[name]
    for level in 1, 6, 9:
        for memory in 8, 9:
            stream = packed(data, level, 15, memory, strategy)
            stop, content, bit = decoded(stream, space=len(data))
            assert (stop, content) == (END, data)
            assert (bit + 7) // 8 == len(stream)


@pytest.mark.parametrize("name", LARGE)
def test_ends_within_large_blocks(name):
    """Output and input that end at places taken by chance, and budgets."""
    data, rng = LARGE[name], random.Random(name)
    stream = packed(data)
    for _ in range(40):
        inflater, out, bit, position = Inflater(), bytearray(b"\xa5" * len(data)), 0, 0
        space, size = 0, 0
        while True:
            view = memoryview(out)[:space]
            stop, bit, position, _ = inflater.decode(
                memoryview(stream)[:size],
                bit,
                view,
                position,
                max_bytes=rng.choice([500, 50_000, 1 << 30]),
            )
            assert position <= space
            assert out[space:] == b"\xa5" * (len(data) - space)
            if stop == SPACE:
                space = min(len(data), space + rng.randrange(1, len(data)))
            elif stop == INPUT:
                size = min(len(stream), size + rng.randrange(1, len(stream)))
            elif stop == END:
                break
            else:
                assert stop == PAUSE
        assert out == data


@pytest.mark.parametrize("name", LARGE)
def test_damage_within_large_blocks(name):
    rng = random.Random(name)
    stream = packed(LARGE[name])
    for _ in range(4):
        damaged = bytearray(stream)
        damaged[rng.randrange(len(stream))] ^= 1 << rng.randrange(8)
        check(bytes(damaged), space=4 * len(LARGE[name]))


@pytest.mark.parametrize("name", LARGE)
def test_large_blocks_from_any_block_on(name):
    """The window in place, or elsewhere, or partly so; matches into it from every cursor."""
    data = LARGE[name]
    stream, inflater, out = packed(data), Inflater(), bytearray(len(data))
    bit, position, starts = 0, 0, []
    while True:
        stop, bit, position, _ = inflater.decode(stream, bit, out, position, block_stop=0)
        if stop == END:
            break
        starts.append((bit, position))
    assert out == data
    assert starts
    for bit, position in starts:
        for inside in 0, 1_000, min(position, 32_768):
            window = data[max(0, position - 32_768) : position - inside]
            rest = bytearray(data[position - inside : position]) + bytearray(len(data) - position)
            stop, _, end, _ = Inflater().decode(stream, bit, rest, inside, history=window)
            assert (stop, end) == (END, len(rest))
            assert rest == data[position - inside :]


def test_arguments_are_checked():
    inflater, out = Inflater(), bytearray(9)
    stream = packed(b"some")
    for arguments, options in [
        ((stream, 8 * len(stream) + 1, out, 0), {}),
        ((stream, 0, out, -1), {}),
        ((stream, 0, out, 10), {}),
        ((stream, 0, out, 2), {"start": 3}),
        ((stream, 0, out, 2), {"start": -1}),
        ((stream, 0, out, 2), {"max_bytes": -1}),
    ]:
        with pytest.raises(ValueError):
            inflater.decode(*arguments, **options)
    for arguments in (stream, -1, out, 0), (stream, 1 << 64, out, 0):
        with pytest.raises(OverflowError):
            inflater.decode(*arguments)
    with pytest.raises(BufferError):
        inflater.decode(stream, 0, b"read-only", 0)
    with pytest.raises(TypeError):
        inflater.decode("text", 0, out, 0)
    # After all of that nothing is held, and nothing has begun.
    out += b"longer"
    assert inflater.decode(stream, 0, out, 0)[::2] == (END, 4)
    inflater.reset()
    assert inflater.decode(b"\0\4\0\xfb\xffab", 0, out, 0)[:3] == (INPUT, 56, 2)
    with pytest.raises(ValueError, match="stored block"):
        inflater.decode(b"ab", 3, out, 2)
    assert inflater.decode(b"cd", 0, out, 2)[:3] == (INPUT, 16, 4)


def test_a_stream_is_not_copied():
    for protocol in range(2, 6):
        with pytest.raises(TypeError, match="cannot be copied"):
            pickle.dumps(Inflater(), protocol)
    with pytest.raises(TypeError, match="cannot be copied"):
        copy.copy(Inflater())


def test_reset_begins_anew():
    inflater, out = Inflater(), bytearray(1 << 16)
    for name in "images", "text":
        stream = packed(SAMPLES[name])
        inflater.decode(stream, 0, out, 0, max_bytes=1_000)
        inflater.reset()
        stop, _, position, _ = inflater.decode(stream, 0, out, 0)
        assert (stop, out[:position]) == (END, SAMPLES[name])
        inflater.reset()


def test_one_inflater_serves_one_thread_at_a_time():
    """Another one is refused; what the first one decodes is right."""
    data = np.random.default_rng(3).integers(0, 200, 1 << 22, np.uint8).tobytes()
    stream, inflater = packed(data, 1), Inflater()
    results, refused, barrier = [], [], threading.Barrier(2)

    def decode():
        out = bytearray(len(data))
        barrier.wait()
        try:
            stop = inflater.decode(stream, 0, out, 0)[0]
            results.append((stop, bytes(out) == data))
        except RuntimeError:
            refused.append(True)

    for _ in range(5):
        results.clear()
        inflater.reset()
        threads = [threading.Thread(target=decode) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # One has decoded it all; the other was refused, or came after that and found the end.
        assert (END, True) in results
        assert len(results) + len(refused) == 2
        refused.clear()


def test_many_threads_with_an_inflater_each():
    streams = {name: packed(data) for name, data in SAMPLES.items()}
    failed = []

    def decode():
        for name, stream in streams.items():
            for _ in range(3):
                if decoded(stream, space=len(SAMPLES[name]))[:2] != (END, SAMPLES[name]):
                    failed.append(name)

    threads = [threading.Thread(target=decode) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
