"""Objects that only read: as much as they like, too much, nothing, or an error."""

import gzip
import io
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.objects import Reads, ReadsInto
from idxfast.storage.streams import StreamSource


@pytest.mark.parametrize("base", [io.FileIO, io.BufferedReader])
def test_a_file_with_a_read_of_its_own_is_read_by_it(base, content, packed, oracle, tmp_path):
    class Inverted(base):
        def readinto(self, buffer):
            count = super().readinto(buffer)
            buffer[:count] = bytes(byte ^ 0xFF for byte in buffer[:count])
            return count

    data = packed(content)
    path = tmp_path / "file"
    path.write_bytes(bytes(byte ^ 0xFF for byte in data))
    with Inverted(path if base is io.FileIO else io.FileIO(path)) as file:
        oracle.check(idxfast.load(file), data)


def test_no_more_is_read_at_once_than_a_system_can(content, packed, oracle, monkeypatch):
    """What the object does with it, and whether at 2 GB it fails, is not known."""
    monkeypatch.setattr("idxfast.storage.streams.MAX_READ", 100)
    sizes = []

    class Asked(ReadsInto):
        def readinto(self, buffer):
            sizes.append(len(buffer))
            return self.file.readinto(buffer)

    oracle.check(idxfast.load(Asked(packed(content), None)), content)
    assert max(sizes) == 100


def test_a_file_that_reads_in_its_own_way(content, packed, oracle, tmp_path):
    class Inverted(io.FileIO):
        def readinto(self, buffer):
            count = super().readinto(buffer)
            buffer[:] = bytes(byte ^ 0xFF for byte in buffer)
            return count

    path = tmp_path / "file"
    path.write_bytes(bytes(byte ^ 0xFF for byte in packed(content)))
    with Inverted(path) as file:
        oracle.check(idxfast.load(file), content)


def test_an_object_with_readinto_alone(content, packed, oracle):
    class File:
        readinto = io.BytesIO(packed(content)).readinto

    oracle.check(idxfast.load(File()), content)


@pytest.mark.parametrize("call", [idxfast.load, idxfast.read_header])
def test_no_more_is_read_of_what_is_not_idx(call):
    """Of a pipe no more may come."""
    stream = Reads(b"<htm" + bytes(1000), lambda: 99)
    with pytest.raises(idxfast.FormatError, match="HTML"):
        call(stream)
    assert stream.file.tell() == 4


@pytest.mark.parametrize("shape", [(0,), (0, 28, 28), (2,), ()])
@pytest.mark.parametrize("compressed", [False, True])
def test_an_array_from_a_stream_is_aligned(shape, compressed, oracle):
    content = oracle.pack(0x0E, shape)
    data = gzip.compress(content) if compressed else content
    kept = []
    for _ in range(8):
        kept.append(idxfast.load(Reads(data, lambda: 99)))
        oracle.check(kept[-1], content)
        assert kept[-1].ctypes.data % 64 == 0


def test_a_stream_may_keep_what_it_wrote_into(content, oracle):
    class Keeps(ReadsInto):
        kept = ()

        def readinto(self, buffer):
            self.kept += (memoryview(buffer),)
            return super().readinto(buffer)

    oracle.check(idxfast.load(Keeps(content, lambda: 99)), content)


def test_nothing_is_read_behind_the_end(content, oracle):
    """A terminal would wait for another end."""
    pieces = [gzip.compress(content), b"", b"more"]

    class Terminal:
        def read(self, size):
            piece, pieces[0] = pieces[0][:size], pieces[0][size:]
            if not pieces[0]:
                del pieces[0]
            return piece

    oracle.check(idxfast.load(Terminal()), content)


def test_a_wrong_out_for_a_stream(content):
    read_only = np.zeros((30, 20), np.int16)
    read_only.flags.writeable = False
    for out, error in (
        (np.zeros((20, 30), np.int16), idxfast.SizeError),
        (np.zeros((30, 20), np.uint16), idxfast.SizeError),
        (read_only, ValueError),
        (bytearray(1200), TypeError),
    ):
        with pytest.raises(error, match="out="):
            idxfast.load(Reads(content, lambda: 50), out=out)
        assert not np.any(out)


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        (None, BlockingIOError, "the non-blocking file has no data yet"),
        ("text", TypeError, "binary mode"),
        (b"x" * 2_000_000, OSError, "asked for"),
    ],
    ids=["none", "str", "too-many"],
)
@pytest.mark.parametrize("after", [0, 4, 40])
def test_wrong_read(result, error, words, after, content, packed):
    class Wrong(Reads):
        def read(self, size):
            at = self.file.tell()
            return self.file.read(min(size, after - at)) if at < after else result

    with pytest.raises(error, match=words):
        idxfast.load(Wrong(packed(content), None))


@pytest.mark.parametrize("count", [-1, 10**6, 1 << 70], ids=["negative", "too-many", "huge"])
@pytest.mark.parametrize("after", [0, 4, 40])
def test_wrong_readinto(count, after, content, packed):
    class Wrong(Reads):
        def readinto(self, buffer):
            left = after - self.file.tell()
            return self.file.readinto(memoryview(buffer)[:left]) if left > 0 else count

    with pytest.raises(OSError, match="asked for"):
        idxfast.load(Wrong(packed(content), None), out=np.zeros((30, 20), np.int16))


@pytest.mark.parametrize("after", [0, 4, 40])
def test_error_of_read_passes(after, content, packed):
    class Broken(Reads):
        def read(self, size):
            left = after - self.file.tell()
            if left <= 0:
                raise ConnectionResetError("gone")
            return self.file.read(min(size, left))

    with pytest.raises(ConnectionResetError, match=r"^gone$"):
        idxfast.load(Broken(packed(content), None))


def test_what_was_peeked_at_is_read_again():
    source = StreamSource(Reads(b"0123456789", lambda: 3), "name", owned=False)
    assert source.peek(4) == b"0123"
    assert source.peek(2) == b"01"
    assert source.read(3) == b"012"
    assert source.peek(0) == b""
    buffer = bytearray(4)
    assert source.read_into(memoryview(buffer)) == 4
    assert buffer == b"3456"
    assert source.peek(9) == b"789"
    assert source.read(9) == b"789"
    assert source.read(1) == source.peek(1) == b""


def test_a_stream_is_asked_for_nothing_after_its_end():
    asked = []

    def read(size):
        asked.append(size)
        return b"ab" if len(asked) == 1 else b""

    source = StreamSource(SimpleNamespace(read=read), "name", owned=False)
    assert source.peek(4) == source.read(4) == b"ab"
    assert source.read(4) == b""
    assert asked == [4, 2]
