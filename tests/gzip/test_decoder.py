"""One pass over a gzip source, in pieces of any size: bytes, blocks, windows and errors."""

import functools
import gzip
import struct
import zlib

import numpy as np
import pytest

import idxfast
from files.handmade import Deflate, deflate, member
from idxfast.gzip import decoder, input_buffer, stream
from idxfast.storage.memory import MemorySource

DICE = np.random.default_rng(4)
# Bytes with matches near and far.
WORDS = [DICE.bytes(int(size)) for size in DICE.integers(1, 40, 60)]
TEXT = b"".join(WORDS[i] for i in DICE.integers(0, 60, 900))
NOISE = DICE.bytes(5_000)


def bgzf(data):
    """A block as bgzip writes it."""
    packed = deflate(data)
    extra = b"BC\2\0" + struct.pack("<H", 12 + 6 + len(packed) + 8 - 1)
    return member(data, extra=extra, body=packed)


def flushed(data, mode, step=777):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    return b"".join(packer.compress(p) + packer.flush(mode) for p in pieces) + packer.flush()


def in_members(data, size, pack=gzip.compress):
    return b"".join(pack(data[at : at + size]) for at in range(0, len(data), size))


# Each is the whole of TEXT or NOISE.
FILES = {
    **{f"level {level}": gzip.compress(TEXT, level) for level in (0, 1, 6, 9)},
    "noise": gzip.compress(NOISE),
    "fixed": member(TEXT, body=Deflate().fixed([*TEXT], True).pack()),
    "flushed": flushed(TEXT, zlib.Z_SYNC_FLUSH),
    "flushed to the full": flushed(TEXT, zlib.Z_FULL_FLUSH),
    "members": in_members(TEXT, 1_000),
    "small members": in_members(TEXT, 7),
    "blocks": in_members(TEXT, 1_000, bgzf) + bgzf(b""),
    "padding": in_members(TEXT, 5_000, lambda data: gzip.compress(data) + bytes(9)),
    "nothing at first": (gzip.compress(b"") + bytes(1)) * 3 + gzip.compress(TEXT),
    "headers": in_members(
        TEXT, 3_000, lambda data: member(data, extra=b"12", name=b"n", comment=b"c", header_crc=0)
    ),
    "stored in the middle": member(
        TEXT, body=Deflate().fixed([*TEXT[:99]]).stored(TEXT[99:999]).fixed([*TEXT[999:]], True).pack()
    ),
}  # fmt: skip


def made(file, total, chunk=None):
    """A decoder, and the memory that it decodes into."""
    reader = decoder.Decoder(MemorySource(file, "name"))
    if chunk is not None:
        reader.input.move_to(0, chunk)
    reader.total = total
    out = np.full(total, 99, np.uint8)
    reader.write_to(out)
    return reader, out


def failure(call):
    with pytest.raises(idxfast.IdxError) as caught:
        call()
    return type(caught.value), str(caught.value), vars(caught.value)


@pytest.mark.parametrize("piece", [1, 2, 100, 5_000, decoder.PIECE])
@pytest.mark.parametrize("name", FILES)
def test_pieces(name, piece, monkeypatch):
    content = gzip.decompress(FILES[name])
    for chunk, reserve in ((1, 1), (100, 50), (None, input_buffer.RESERVE)):
        monkeypatch.setattr(input_buffer, "RESERVE", reserve)
        reader, out = made(FILES[name], len(content), chunk)
        before = -1
        while reader.advance(piece):
            assert reader.position >= before
            before = reader.position
            assert out[:before].tobytes() == content[:before]
        assert reader.position == len(content)
        assert out.tobytes() == content
        assert reader.input.offset == len(FILES[name])
        # It stays at the end.
        assert not reader.advance(piece)


def test_a_piece_is_about_as_large_as_asked_for():
    """A round of cursors more, perhaps."""
    data = DICE.integers(0, 50, 3_000_000, np.uint8).tobytes()
    file = gzip.compress(data, 1)
    for piece in (1, 100_000, decoder.PIECE):
        reader, _ = made(file, len(data))
        places = [0]
        while reader.advance(piece):
            places.append(reader.position)
        assert max(np.diff(places)) <= piece + (64 << 10)


def blocks():
    """A stream of several blocks, and the bit and the position where each of them ends."""
    made, ends, size = Deflate(), [], 0
    for i, part in enumerate(TEXT[at : at + 500] for at in range(0, 5_000, 500)):
        is_last = i == 9
        if i % 3 == 0:
            made.fixed([*part], is_last)
        elif i % 3 == 1:
            made.dynamic([*part], is_last)
        else:
            made.stored(part, is_last)
        size += len(part)
        ends.append((80 + len(made.bits), size))
    return member(TEXT[:5_000], body=made.pack()), ends


def test_it_stops_at_each_block():
    file, ends = blocks()
    reader, out = made(file, 5_000)
    found = []
    while reader.advance(block_stop=0):
        found.append((reader.input.source_bit, reader.position))
    # The end of the last block is met again when its member is verified.
    assert found[: len(ends)] == ends
    assert out.tobytes() == TEXT[:5_000]


def test_it_stops_at_the_first_block_that_ends_there_or_later():
    file, ends = blocks()
    for bit, _ in ends[:-1]:
        for stop in (bit - 1, bit, bit + 1):
            reader, _ = made(file, 5_000)
            reader.advance(block_stop=stop)
            assert (reader.input.source_bit, reader.position) == next(
                e for e in ends if e[0] >= stop
            )


@pytest.mark.parametrize("name", FILES)
def test_blocks_in_chunks_of_a_byte(name, monkeypatch):
    content = gzip.decompress(FILES[name])
    monkeypatch.setattr(input_buffer, "RESERVE", 1)
    reader, out = made(FILES[name], len(content), 1)
    while reader.advance(block_stop=0):
        pass
    assert out.tobytes() == content


START = member(TEXT)
BAD = {
    "block type": START[:10] + b"\7" + START[11:],
    "block type later": member(TEXT, body=Deflate().fixed([*TEXT[:300]]).raw("011").pack() + bytes(9)),
    "stored length": member(TEXT, body=Deflate().fixed([*TEXT[:301]]).stored(b"12", check=9).pack()),
    "code": member(TEXT, body=Deflate().dynamic([*TEXT[:50]], False, [15] * 257, [1]).pack() + bytes(99)),
    "distance": member(TEXT, body=Deflate().fixed([*TEXT[:300], (3, 301)], True).pack()),
    "over a member": member(TEXT) + member(TEXT, body=Deflate().fixed([1, 2, (3, 3)], True).pack()),
    "crc": START[:-8] + bytes(4) + START[-4:],
    "length": START[:-4] + bytes(4),
    "crc of the second": START + START[:-8] + bytes(4) + START[-4:],
    "crc of a small one": in_members(TEXT[:99], 9) + member(b"12", crc=9) + START,
    "method": START + b"\x1f\x8b\7" + START[3:],
    "reserved": START + b"\x1f\x8b\x08\x20" + START[4:],
    "header crc": START + member(TEXT, header_crc=1),
    "header cut": START + member(TEXT, name=b"n" * 99)[:50],
    "trailer cut": START[:-3],
    "nothing after the header": START[:10],
    "cut": START[:-500],
    "something else": START + b"something",
    "something after zeros": START + bytes(99) + b"something",
    "too much": START + START,
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_an_error_is_raised_again(name, monkeypatch):
    """By each later call, whatever pieces led to it, and once all before it has been decoded."""
    file, outcomes = BAD[name], set()
    total = len(TEXT) * (1 if name == "too much" else 2)
    for piece, chunk, reserve in (
        (1, 1, 1),
        (7, 100, 9),
        (decoder.PIECE, None, input_buffer.RESERVE),
    ):
        for stop in (0, decoder.NEVER):
            monkeypatch.setattr(input_buffer, "RESERVE", reserve)
            reader, out = made(file, total, chunk)

            def go_on(reader=reader, piece=piece, stop=stop):
                while reader.advance(piece, block_stop=stop):
                    pass
                raise reader.truncated()

            first = failure(go_on)
            at = reader.position
            for _ in range(3):
                assert failure(go_on) == first
                assert reader.position == at
            kind, text, details = first
            assert details["position"] in (None, at)
            outcomes.add((kind, text, details["offset"], details["position"], out[:at].tobytes()))
    assert len(outcomes) == 1
    ((_, _, offset, _, decoded),) = outcomes
    assert 0 <= offset <= len(file)
    assert decoded == by_zlib(file)[: len(decoded)]
    if name in ("block type later", "stored length", "distance"):
        assert (
            len(decoded) == {"block type later": 300, "stored length": 301, "distance": 300}[name]
        )


def by_zlib(file):
    """What zlib gives of the members, byte by byte, until it meets an error."""
    content = b""
    try:
        while file:
            inflate = zlib.decompressobj(31)
            for at in range(len(file)):
                content += inflate.decompress(file[at : at + 1])
                if inflate.eof:
                    file = file[at + 1 :]
                    break
            else:
                break
    except zlib.error:
        pass
    return content


def test_padding_is_skipped_a_chunk_at_a_time():
    """There may be gigabytes of zeros, and Ctrl-C in between."""
    reader, out = made(START + bytes(4 * input_buffer.CHUNK) + START, 2 * len(TEXT))
    offsets = [0]
    while reader.advance():
        offsets.append(reader.input.offset)
    assert out.tobytes() == 2 * TEXT
    assert max(np.diff(offsets)) <= input_buffer.CHUNK


def test_offsets_and_positions():
    """Of the file, and of the unpacked stream."""
    stored = Deflate().fixed([*TEXT[:301]]).stored(b"12", check=9)
    for name, offset, position in (
        ("block type", 10, 0),
        ("crc", len(START) - 8, len(TEXT)),
        ("length", len(START) - 4, len(TEXT)),
        ("crc of the second", 2 * len(START) - 8, 2 * len(TEXT)),
        ("method", len(START) + 2, len(TEXT)),
        ("reserved", len(START) + 3, len(TEXT)),
        ("header cut", len(BAD["header cut"]), len(TEXT)),
        ("trailer cut", len(START) - 3, len(TEXT)),
        ("nothing after the header", 10, 0),
        ("something else", len(START), len(TEXT)),
        ("something after zeros", len(START) + 99, len(TEXT)),
        ("cut", len(START) - 500, len(by_zlib(BAD["cut"]))),
        ("over a member", None, len(TEXT) + 2),
    ):
        reader, _ = made(BAD[name], 2 * len(TEXT))
        *_, details = failure(lambda reader=reader: [*iter(reader.advance, False)])
        assert offset in (None, details["offset"]), name
        assert details["position"] == position, name
    reader, _ = made(BAD["stored length"], len(TEXT))
    *_, details = failure(lambda: [*iter(reader.advance, False)])
    assert 10 + len(stored.bits) // 8 - 7 <= details["offset"] <= 10 + len(stored.bits) // 8
    reader, _ = made(BAD["too much"], len(TEXT))
    kind, _, details = failure(lambda: [*iter(reader.advance, False)])
    assert kind is idxfast.TrailingDataError
    assert (details["position"], details["expected"]) == (len(TEXT), len(TEXT))


def unpacked(file, total, start, count, threads=1):
    """Read the head of a stream, and then the rest from a position on."""
    source = MemorySource(file, "name")
    reader = stream.GzipStream(source, threads)
    head = reader.head(count)
    memory = np.full(total - start, 99, np.uint8)
    reader.read_into(memory, start)
    return head, memory.tobytes()


@pytest.mark.parametrize("name", FILES)
def test_heads_of_every_length(name):
    content = gzip.decompress(FILES[name])
    for count in (0, 1, 4, 7, 8, 100, 500, 776, 777, 778, 1_000, 1_024):
        for start in {0, 1, count // 2, count}:
            if start <= count:
                head, rest = unpacked(FILES[name], len(content), start, count)
                assert head == content[:count]
                assert rest == content[start:]


@pytest.mark.parametrize("distance", [1, 2, 8, 9, 300, 1_024, 1_500])
@pytest.mark.parametrize("length", [3, 4, 100, 258])
def test_a_match_over_the_end_of_the_head(distance, length):
    """Also one of bytes that are in the head alone, and one that reaches to its first byte."""
    for before in (distance, distance + 1, 1_000, 1_023, 1_024):
        if before < distance:
            continue
        data = (DICE.bytes(1_500))[:before]
        body = (
            Deflate().fixed([*data, (length, distance), 1, 2, 3, (length, distance)], True).pack()
        )
        content = zlib.decompress(body, -15)
        file = member(content, body=body)
        for count in (4, before, before + 1, before + 2):
            count = min(count, 1_024, len(content))
            for start in (0, count // 2, count):
                head, rest = unpacked(file, len(content), start, count)
                assert head == content[:count]
                assert rest == content[start:]


def test_heads_are_asked_for_one_after_another():
    reader = stream.GzipStream(MemorySource(FILES["members"], "name"))
    for count in (0, 4, 3, 16, 16, 1_000, 1_024, 1):
        assert reader.head(count) == TEXT[:count]
    memory = np.empty(len(TEXT) - 16, np.uint8)
    reader.read_into(memory, 16)
    assert memory.tobytes() == TEXT[16:]
    short = stream.GzipStream(MemorySource(gzip.compress(b"12345"), "name"))
    assert short.head(1_024) == b"12345"
    assert short.head(2) == b"12"


@pytest.mark.parametrize("first", [1, 8, 500, 1_023, 1_024, 1_025, 1_300, 31_000])
@pytest.mark.parametrize("second", [0, 1, 100, 1_500])
def test_no_match_goes_back_over_the_start_of_a_member(first, second):
    """Wherever that is: in the head, in the memory before it, or after it."""
    before, data = DICE.bytes(first), DICE.bytes(second)
    start = member(before, body=Deflate().stored(before, True).pack())
    for distance in sorted({1, second, second + 1, second + first}):
        body = Deflate().stored(data).fixed([(3, distance)] if distance else [1, 2, 3], True).pack()
        total = first + second + 3
        for count in {0, 4, min(first, 1_024), min(total, 1_024)}:
            for cut in {0, count}:
                call = functools.partial(unpacked, start, total, cut, count)
                if distance <= second:
                    end = zlib.decompress(body, -15)
                    file = start + member(end, body=body)
                    assert unpacked(file, total, cut, count)[1] == (before + end)[cut:]
                    continue
                file = start + member(data + b"123", body=body)
                call = functools.partial(unpacked, file, total, cut, count)
                kind, text, details = failure(call)
                assert kind is idxfast.GzipError
                assert "member 2 are damaged: invalid distance too far back" in text
                assert details["position"] == first + second


def test_an_end_or_too_much_after_the_head():
    for name in ("level 6", "members", "blocks"):
        file = FILES[name]
        for total, error in (
            (len(TEXT) - 1, idxfast.TrailingDataError),
            (1_000, idxfast.TrailingDataError),
            (9, idxfast.TrailingDataError),
            (len(TEXT) + 1, idxfast.TruncatedError),
            (1 << 20, idxfast.TruncatedError),
        ):
            kind, _, details = failure(functools.partial(unpacked, file, total, 8, 8))
            assert kind is error
            assert details["position"] == min(total, len(TEXT))
            assert details["expected"] == total
