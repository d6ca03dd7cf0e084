"""Objects that only read: as much as they like, too much, nothing, or an error."""

import gzip
import io
import os
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.objects import Pieces, Reads, ReadsInto
from idxfast.containers import survey
from idxfast.format import MAX_HEADER_SIZE
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
    """Nobody knows what an object does with a larger request, or whether it fails at 2 GB."""
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


def refused(function, file):
    """The error of a call that may not wait, though the sender has not ended."""
    found = []

    def call():
        try:
            function(file)
        except idxfast.IdxError as error:
            found.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(60)
    assert found, "it waits for the sender"
    return found[0]


@pytest.mark.skipif(os.name != "posix", reason="needs select for pipes")
@pytest.mark.parametrize("buffering", [0, -1])
def test_little_is_read_of_what_is_not_idx(buffering):
    """No more than the longest header; the rest of a text may say something else."""
    reader, writer = os.pipe()
    os.write(writer, b"../" + b"a" * 2000)
    with open(reader, "rb", buffering=buffering) as pipe, open(writer, "wb"):
        assert "symbolic link" in str(refused(idxfast.read_header, pipe))
        assert pipe.read(2003 - MAX_HEADER_SIZE) == b"a" * (2003 - MAX_HEADER_SIZE)


@pytest.mark.skipif(os.name != "posix", reason="needs select for pipes")
@pytest.mark.parametrize("buffering", [0, -1])
@pytest.mark.parametrize(
    "function",
    [
        idxfast.load,
        idxfast.read_header,
        idxfast.open,
        lambda file: idxfast.load(file, start=0, stop=1),
        lambda file: idxfast.load(file, max_bytes=9),
    ],
)
@pytest.mark.parametrize(
    "sent",
    [
        b"NAK\n",
        b"login: ",
        b"HTTP/1.1 404 Not Found\r\n" * 99,
        b"\0\0\7\2",
        b"\0\0\x08\xff",
        b"\1\x08\0\0\7\0\0\0",
        b"\0\0\x08\4" + b"\xff" * 16,
    ],
    ids=repr,
)
def test_a_wrong_start_is_refused_at_once(sent, function, buffering):
    """The sender may wait for an answer."""
    reader, writer = os.pipe()
    os.write(writer, sent)
    with open(reader, "rb", buffering=buffering) as pipe, open(writer, "wb"):
        assert refused(function, pipe).part in ("start", "type", "dimensions")


def test_an_object_is_not_asked_for_more_than_it_has():
    class Waits(Reads):
        def read(self, size):
            data = super().read(size)
            assert data, "it waits for the sender"
            return data

    for sent in (b"NAK\n", b"\0\0\7\2", b"\1\x08\0\0"):
        with pytest.raises(idxfast.FormatError):
            idxfast.load(Waits(sent, lambda: 99))


def test_an_endless_stream_is_refused():
    class Endless:
        count = 0

        def read(self, size):
            self.count += size
            return b"\1" * size

    stream = Endless()
    with pytest.raises(idxfast.FormatError):
        idxfast.load(stream)
    assert stream.count < survey.BUDGET + (1 << 20)


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


def test_nothing_is_read_after_the_end(content, oracle):
    """A terminal would wait for its user to end the input once more."""
    terminal = Pieces(gzip.compress(content), b"", b"more")
    oracle.check(idxfast.load(terminal), content)
    assert terminal.left == [b"more"]


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
    assert source.position == 0
    assert source.peek(4) == b"0123"
    assert source.peek(2) == b"01"
    assert source.read(3) == b"012"
    assert source.position == 3
    source.put_back(b"0", memoryview(b"12"))
    assert source.peek(2) == b"01"
    assert source.position == 0
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
