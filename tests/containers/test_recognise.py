"""Every container, read by the same function, whatever holds the file."""

import bz2
import gzip
import io
import lzma
import os
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from idxfast import FormatError, IdxError, SizeError, TrailingDataError, TruncatedError
from idxfast.containers import archives, recognise

PACKERS = {"raw": bytes, "gzip": gzip.compress, "xz": lzma.compress, "bzip2": bz2.compress}
CODES = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]


@pytest.fixture(params=PACKERS)
def kind(request):
    return request.param


@pytest.fixture
def pack(kind):
    return PACKERS[kind]


class Stream:
    """Can only be read in order, a few bytes at a time."""

    name = "stream"

    def __init__(self, data, count=99):
        self.file = io.BytesIO(data)
        self._count = count

    def read(self, size):
        return self.file.read(min(size, self._count))


def test_the_container_is_told_by_four_bytes(kind, pack):
    packed = pack(b"\0\0\x08\1\0\0\0\1x")
    names = [recognise.container_of(start).NAME for start in (packed, packed[:4])]
    assert names == [kind, kind]


@pytest.mark.parametrize(
    "start", [b"", b"\0", b"\x1f", b"\x1f\0", b"\xfd7z", b"BZ", b"BZh0", b"BZhx", b"PK\3"]
)
def test_everything_else_is_taken_for_raw(start):
    assert recognise.container_of(start).NAME == "raw"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "shape", [(), (0,), (7,), (0, 2**31, 4), (3, 5, 4), (400, 28, 28)], ids=str
)
def test_types_and_shapes(code, shape, pack, oracle, tmp_path):
    content = oracle.pack(code, shape)
    data = pack(content)
    path = tmp_path / "file"
    path.write_bytes(data)
    for array in (idxfast.load(path), idxfast.loads(data), idxfast.load(Stream(data))):
        oracle.check(array, content)
        assert array.ctypes.data % 64 == 0
    for source in (path, data, Stream(data)):
        header = idxfast.read_header(source)
        assert (header.dtype.name, header.shape) == (oracle.types[code][0], shape)


def ways(data, tmp_path):
    """Whatever can hold a file, at the position where the file starts."""
    path = tmp_path / "file"
    path.write_bytes(b"abc" + data)
    (tmp_path / "whole").write_bytes(data)
    yield tmp_path / "whole"
    yield memoryview(data)
    for file in (path.open("rb"), path.open("rb", buffering=0), io.BytesIO(b"abc" + data)):
        with file:
            file.seek(3)
            yield file
    with path.open("rb") as file:
        os.lseek(file.fileno(), 3, os.SEEK_SET)
        yield file.fileno()
    yield Stream(data, 1)
    yield SimpleNamespace(readinto=io.BytesIO(data).readinto)


def test_ways_in(pack, oracle, tmp_path):
    content = oracle.pack(0x0C, (30, 20))
    for source in ways(pack(content), tmp_path):
        oracle.check(idxfast.load(source), content)
    for source in ways(pack(content), tmp_path):
        assert idxfast.read_header(source).shape == (30, 20)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_pipes(pack, oracle, tmp_path):
    content = oracle.pack(0x0B, (300, 200))
    data = pack(content)
    path = tmp_path / "fifo"
    os.mkfifo(path)
    thread = threading.Thread(target=path.write_bytes, args=(data,))
    thread.start()
    oracle.check(idxfast.load(path), content)
    thread.join()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_of_zip_files(method, pack, oracle, tmp_path):
    content = oracle.pack(0x0B, (300, 200))
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("images", pack(content))
    oracle.check(archives.load_member(str(path), "images"), content)


def test_a_file_object_is_left_at_its_end(pack, oracle, tmp_path):
    data = pack(oracle.pack(0x08, (30, 20)))
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as file:
        idxfast.load(file)
        assert file.tell() == len(data)
    file = io.BytesIO(data)
    assert idxfast.read_header(file).shape == (30, 20)
    assert file.tell() == 0


@pytest.mark.parametrize("how", ["memory", "stream"])
def test_out(how, pack, oracle):
    content = oracle.pack(0x0B, (30, 20))
    data = pack(content)

    def source():
        return data if how == "memory" else Stream(data)

    memory = np.full(1216, 7, np.uint8)
    out = memory[8:1208].view(np.int16).reshape(30, 20)
    assert idxfast.load(source(), out=out) is out
    oracle.check(out, content)
    assert (memory[:8] == 7).all()
    assert (memory[1208:] == 7).all()
    for wrong in (np.zeros((20, 30), np.int16), np.zeros((30, 20), np.uint16)):
        with pytest.raises(SizeError, match="does not match the file's shape and dtype"):
            idxfast.load(source(), out=wrong)
        assert not wrong.any()


@pytest.mark.parametrize("how", ["path", "memory", "stream"])
def test_max_bytes(how, pack, oracle, tmp_path):
    content = oracle.pack(0x0C, (30,))
    data = pack(content)
    path = tmp_path / "file"
    path.write_bytes(data)

    def source():
        return {"path": path, "memory": data, "stream": Stream(data)}[how]

    oracle.check(idxfast.load(source(), max_bytes=120), content)
    with pytest.raises(SizeError, match="larger than max_bytes allows") as caught:
        idxfast.load(source(), max_bytes=119)
    assert caught.value.found == 120


@pytest.mark.parametrize("how", ["path", "stream"])
@pytest.mark.parametrize("count", [0, 600, 1_200_000])
def test_progress(how, count, pack, oracle, tmp_path):
    content = oracle.pack(0x0C, (count,), np.random.default_rng(1).bytes(800) * (count // 200))
    path = tmp_path / "file"
    path.write_bytes(pack(content))
    calls = []
    source = path if how == "path" else SimpleNamespace(read=io.BytesIO(path.read_bytes()).read)
    array = idxfast.load(source, threads=1, progress=lambda *numbers: calls.append(numbers))
    oracle.check(array, content)
    assert calls == sorted(calls)
    assert {total for _, total in calls} == {len(content)}
    assert calls[-1][0] == len(content)
    assert len(calls) > 1 or count < 1_000


def test_an_error_of_progress_passes(pack, oracle):
    def stop(done, total):
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        idxfast.load(pack(oracle.pack(0x08, (5,))), progress=stop)


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_what_is_mapped(mode, kind, pack, oracle, tmp_path):
    content = oracle.pack(0x0B, (5,))
    path = tmp_path / "file"
    path.write_bytes(pack(content))
    if kind == "raw" or mode != "r+":
        array = idxfast.load(path, mmap_mode=mode)
        assert array.dtype == ">i2"
        assert array.tobytes() == content[8:]
        return
    with pytest.raises(IdxError, match="cannot be mapped for writing, because") as caught:
        idxfast.load(path, mmap_mode=mode)
    assert caught.value.found == kind
    assert caught.value.part == "container"
    assert path.read_bytes() == pack(content)


def test_one_container_in_another_is_refused(kind, pack, oracle):
    names = {"gzip": "gzip, packed once more", "xz": "an xz file", "bzip2": "a bzip2 file"}
    inner = oracle.pack(0x08, (5,))
    for name, what in names.items():
        if kind == "raw":
            continue
        with pytest.raises(FormatError, match=f"it looks like {what}"):
            idxfast.loads(pack(PACKERS[name](inner)))


CLAIM = b"\0\0\x08\1\xb0\0\0\0"


def test_what_the_unpacked_file_lacks_or_has_too_much(kind, pack, oracle):
    content = oracle.pack(0x08, (3, 4))
    for bad, error, part in (
        (content[:-1], TruncatedError, "payload"),
        (content + b"x", TrailingDataError, "end"),
        (content[:11], TruncatedError, "dimensions"),
        (content[:3], TruncatedError, "start"),
        (b"", TruncatedError, "start"),
        (b"\0\0\x0a\0x", FormatError, "type"),
        (b"\1\0\x08\0x", FormatError, "start"),
        # 3 GB are announced.
        (CLAIM + bytes(12), TruncatedError, "container" if kind == "gzip" else "payload"),
    ):
        for source in (pack(bad), Stream(pack(bad))):
            with pytest.raises(error) as caught:
                idxfast.load(source)
            assert caught.value.part == part
            assert caught.value.offset is not None


def test_something_else_after_the_file(kind, pack, oracle):
    packed = pack(oracle.pack(0x08, (3, 4)))
    for more in (b"x", b"\1\2\3\4\5\6\7", b"BZh"[:1] + b"?", packed[:1] + b"?"):
        for source in (packed + more, Stream(packed + more)):
            with pytest.raises(TrailingDataError) as caught:
                idxfast.load(source)
            assert caught.value.part == "end"
            assert caught.value.offset == len(packed)


def test_a_name_is_not_believed(pack, oracle, tmp_path):
    content = oracle.pack(0x08, (3, 4))
    for suffix in ("", ".gz", ".xz", ".bz2", ".zip"):
        path = Path(f"{tmp_path / 'file'}{suffix}")
        path.write_bytes(pack(content))
        oracle.check(idxfast.load(path), content)


def test_out_in_the_memory_that_is_read(pack):
    packed = pack(b"\0\0\x08\1\0\0\0\x09abcdefghi")
    for start in (0, len(packed), 500):
        memory = bytearray(packed) + bytes(600)
        out = np.frombuffer(memory, np.uint8)[start : start + 9]
        data = memoryview(memory)[: len(packed)]
        if start == 0:
            with pytest.raises(ValueError, match="overlaps"):
                idxfast.loads(data, out=out)
            assert data == packed
        else:
            assert idxfast.loads(data, out=out).tobytes() == b"abcdefghi"
    file = io.BytesIO(packed)
    with file.getbuffer() as content, pytest.raises(ValueError, match="overlaps"):
        idxfast.load(file, out=np.frombuffer(content, np.uint8)[-9:])
