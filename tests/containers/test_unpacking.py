"""xz and bzip2 files, whole, damaged and hostile. The standard library's modules are the oracle."""

import bz2
import contextlib
import io
import itertools
import lzma
import sys
import tracemalloc
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest

import idxfast
from files.objects import Pieces
from idxfast import IdxError, SizeError, TrailingDataError, TruncatedError
from idxfast.containers import in_order, unpacking
from idxfast.errors import Part

MODULES = {"xz": lzma, "bzip2": bz2}
LITTLE = 16 << 20


@pytest.fixture(params=MODULES)
def kind(request):
    return request.param


@pytest.fixture
def module(kind):
    return MODULES[kind]


@pytest.fixture
def content(oracle):
    return oracle.pack(0x0B, (9, 3))


@pytest.fixture
def packed(module, content):
    return module.compress(content)


@contextlib.contextmanager
def allocates_little():
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()


def test_every_truncation_is_an_error(packed, tmp_path):
    path = tmp_path / "file"
    for size in range(1, len(packed)):
        path.write_bytes(packed[:size])
        for source in (packed[:size], path, SimpleNamespace(read=io.BytesIO(packed[:size]).read)):
            with pytest.raises(TruncatedError) as caught:
                idxfast.load(source)
            assert caught.value.offset == size
            assert caught.value.part == "container"


def test_every_change_of_a_byte_is_an_error_or_changes_nothing(packed, content, oracle):
    refused = 0
    for i in range(len(packed)):
        for value in range(256):
            damaged = packed[:i] + bytes([value]) + packed[i + 1 :]
            try:
                array = idxfast.loads(damaged)
            except IdxError as error:
                assert error.part in get_args(Part)
                assert None not in (error.offset, error.expected, error.found)
                refused += 1
            else:
                oracle.check(array, content)
    assert refused > 250 * len(packed)


@pytest.mark.parametrize("sizes", [(1, 1), (2, 3), (3, 1), (64, 7)], ids=str)
def test_pieces_of_any_size(sizes, packed, content, oracle, monkeypatch):
    monkeypatch.setattr(unpacking, "FIRST_PIECE", sizes[0])
    monkeypatch.setattr(unpacking, "PIECE", sizes[0])
    monkeypatch.setattr(unpacking, "UNPACKED_PIECE", sizes[1])
    oracle.check(idxfast.loads(packed), content)
    with pytest.raises(TrailingDataError) as caught:
        idxfast.loads(packed + b"more")
    assert caught.value.offset == len(packed)


@pytest.mark.parametrize("cuts", [(0,), (5,), (3, 12, 40), range(63)], ids=str)
@pytest.mark.parametrize("piece", [1, 5, 64 << 10])
def test_several_streams_are_one_file(cuts, piece, module, content, oracle, monkeypatch):
    monkeypatch.setattr(unpacking, "FIRST_PIECE", piece)
    monkeypatch.setattr(unpacking, "PIECE", piece)
    bounds = [0, *cuts, len(content)]
    streams = [module.compress(content[a:b]) for a, b in itertools.pairwise(bounds)]
    streams.append(module.compress(b""))
    data = b"".join(streams)
    assert module.decompress(data) == content
    oracle.check(idxfast.loads(data), content)
    # A fault is found in its stream.
    with pytest.raises(TruncatedError, match=f"stream {len(streams)} is cut short"):
        idxfast.loads(data[:-1])
    with pytest.raises(TrailingDataError, match=f"follows {NAMES[module]} stream {len(streams)}"):
        idxfast.loads(data + b"x")
    damaged = data[: -len(streams[-1])] + streams[-1][:6] + b"\xff" + streams[-1][7:]
    with pytest.raises(IdxError, match=f"stream {len(streams)} cannot be unpacked") as caught:
        idxfast.loads(damaged)
    assert caught.value.position == len(content)


NAMES = {module: kind for kind, module in MODULES.items()}


def test_where_the_unpacked_data_end(module, content):
    for bad, position in ((content + b"x", len(content)), (content[:-1], len(content) - 1)):
        packed = module.compress(bad)
        with pytest.raises((TruncatedError, TrailingDataError)) as caught:
            idxfast.loads(packed)
        assert (caught.value.offset, caught.value.position) == (len(packed), position)


def test_the_header_is_read_without_the_rest(module, oracle):
    content = oracle.pack(0x0B, (300, 200))
    first, second = module.compress(content[:30]), module.compress(content[30:])
    for data in (first, first + second[:20], first + b"garbage", first + second[:-9] + bytes(9)):
        for source in (data, SimpleNamespace(read=io.BytesIO(data).read)):
            assert idxfast.read_header(source).shape == (300, 200)
        with pytest.raises(IdxError):
            idxfast.loads(data)


def test_little_is_read_for_the_header(module, oracle):
    file = io.BytesIO(module.compress(oracle.pack(0x08, (30, 20))) + bytes(1 << 20))
    assert idxfast.read_header(SimpleNamespace(read=file.read)).shape == (30, 20)
    assert file.tell() <= unpacking.FIRST_PIECE


def test_no_more_is_unpacked_at_a_time_than_a_piece(kind, module, packed, content, monkeypatch):
    """So that Ctrl-C is answered in between."""
    decoder = {"xz": "LZMADecompressor", "bzip2": "BZ2Decompressor"}[kind]
    calls = []

    class Spy:
        def __init__(self, *options):
            self._decoder = original(*options)

        def __getattr__(self, name):
            return getattr(self._decoder, name)

        def decompress(self, data, max_length):
            calls.append((len(data), max_length))
            return self._decoder.decompress(data, max_length)

    original = getattr(module, decoder)
    data = idxfast.dumps(np.random.default_rng(3).integers(0, 256, 3_000_000, np.uint8))
    file = module.compress(data)
    monkeypatch.setattr(module, decoder, Spy)
    assert idxfast.dumps(idxfast.loads(file)) == data
    assert max(count for count, _ in calls) == unpacking.PIECE
    assert max(limit for _, limit in calls) == unpacking.UNPACKED_PIECE
    assert min(limit for _, limit in calls) >= 1


def test_a_header_is_not_believed(module):
    """It announces 3 GB; 12 bytes are there."""
    packed = module.compress(b"\0\0\x08\1\xb0\0\0\0" + bytes(12))
    for source in (packed, SimpleNamespace(read=io.BytesIO(packed).read)):
        with allocates_little(), pytest.raises(TruncatedError, match="at byte 12 of 2,952,790,016"):
            idxfast.load(source)


def test_much_after_a_small_array_is_not_unpacked(module):
    bomb = module.compress(b"\0\0\x08\1\0\0\0\3" + bytes(64 << 20))
    assert len(bomb) < 100_000
    with allocates_little(), pytest.raises(TrailingDataError, match="follow the payload"):
        idxfast.loads(bomb)
    with allocates_little():
        assert idxfast.read_header(bomb).shape == (3,)


def test_max_bytes_comes_before_the_payload(module):
    """An honest file that unpacks many thousandfold."""
    bomb = module.compress(b"\0\0\x08\1" + (64 << 20).to_bytes(4) + bytes(64 << 20))
    with allocates_little(), pytest.raises(SizeError, match="max_bytes"):
        idxfast.loads(bomb, max_bytes=1 << 20)
    assert not idxfast.loads(bomb).any()


def test_memory_grows_as_bytes_arrive(module):
    packed = module.compress(b"\0\0\x08\1" + (1 << 30).to_bytes(4) + bytes(3_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TruncatedError, match="byte 3,000,000 of 1,073,741,824"):
            idxfast.loads(packed)
        assert tracemalloc.get_traced_memory()[1] < 16 * in_order.FIRST_GUESS
    finally:
        tracemalloc.stop()


def test_a_flood_of_empty_streams(module, content, oracle):
    empty = module.compress(b"")
    oracle.check(idxfast.loads(empty * 3_000 + module.compress(content) + empty * 3_000), content)


def test_a_python_without_the_module(kind, module, packed, monkeypatch):
    name = module.__name__
    monkeypatch.setitem(sys.modules, name, None)
    for read in (idxfast.loads, idxfast.read_header):
        with pytest.raises(
            IdxError, match=f"module {name}, which this Python was built without"
        ) as caught:
            read(packed)
        assert isinstance(caught.value.__cause__, ImportError)
        assert caught.value.part == "container"
        assert caught.value.found == kind


def test_errors_of_the_file_pass(packed):
    class Breaks:
        def __init__(self):
            self._file = io.BytesIO(packed)

        def read(self, size):
            if self._file.tell() > 20:
                raise OSError(5, "broken")
            return self._file.read(min(size, 7))

    with pytest.raises(OSError, match="broken") as caught:
        idxfast.load(Breaks())
    assert not isinstance(caught.value, IdxError)


def test_nothing_is_read_after_the_end(packed, content, oracle):
    """A terminal would wait for its user to end the input once more."""
    terminal = Pieces(packed, b"", b"more")
    oracle.check(idxfast.load(terminal), content)
    assert terminal.left == [b"more"]


def test_what_was_given_may_be_resized_while_the_error_is_held(packed):
    for data in (packed[:-1], packed + b"x", packed[:9] + b"\xff" + packed[10:]):
        given = bytearray(data)
        with pytest.raises(IdxError) as caught:
            idxfast.loads(given)
        given.append(0)
        assert caught.value.__traceback__ is not None
