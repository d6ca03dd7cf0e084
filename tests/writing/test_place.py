"""save into an open file: not after an array that it holds."""

import gzip
import io
import os
import tempfile

import numpy as np
import pytest

import idxfast
from idxfast.writing import place

ARRAY = np.arange(5, dtype=np.uint8)
OPTIONS = [{}, {"compresslevel": 6}, {"seekable": True}]


@pytest.fixture(params=OPTIONS, ids=["raw", "gzip", "seekable"])
def options(request):
    return request.param


def check_refused(file, options):
    with pytest.raises(idxfast.IdxError, match=r"idxfast\.append\(path, array\)") as error:
        idxfast.save(file, ARRAY, **options)
    assert (error.value.part, error.value.expected) == ("end", "the start of a file")
    assert error.value.found == "the end of an array of shape (5,)"
    return error.value


# How a file is opened, and whether its descriptor is saved to.
WAYS = [("ab", -1, 0), ("ab", 0, 0), ("a+b", -1, 0), ("r+b", -1, 0), ("ab", -1, 1), ("a+b", 0, 1)]


@pytest.mark.parametrize(("mode", "buffering", "is_descriptor"), WAYS)
def test_a_file_opened_at_its_end(mode, buffering, is_descriptor, options, tmp_path):
    path = tmp_path / "file"
    path.touch()
    with open(path, mode, buffering) as file:
        idxfast.save(file.fileno() if is_descriptor else file, ARRAY, **options)
    data = path.read_bytes()
    with open(path, mode, buffering) as file:
        file.seek(0, 2)
        # What is open for writing alone, and has no name, is looked at through /proc.
        if not is_descriptor or "+" in mode or os.path.exists("/proc/self/fd"):
            name = f"<descriptor {file.fileno()}>" if is_descriptor else str(path)
            error = check_refused(file.fileno() if is_descriptor else file, options)
            assert (error.offset, error.filename) == (len(data), name)
    assert path.read_bytes() == data
    assert idxfast.load(path).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.skipif(not hasattr(os, "O_APPEND"), reason="needs O_APPEND")
def test_a_descriptor_that_appends_from_the_start(options, tmp_path):
    """The position of such a descriptor is 0 until the first write."""
    path = tmp_path / "file"
    with open(path, "wb") as file:
        idxfast.save(file, ARRAY, **options)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        check_refused(descriptor, options)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("is_descriptor", [True, False])
def test_a_file_that_is_written_over(is_descriptor, options, tmp_path):
    path = tmp_path / "file"
    idxfast.save(path, ARRAY[::-1])
    with open(path, "r+b", 0) as file:
        idxfast.save(file.fileno() if is_descriptor else file, ARRAY, **options)
        file.truncate()
    assert idxfast.load(path).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.skipif(os.name == "nt", reason="needs O_APPEND")
def test_a_file_that_appends_from_the_start(options, tmp_path):
    path = tmp_path / "file"
    with open(path, "a+b") as file:
        idxfast.save(file, ARRAY, **options)
    with open(path, "a+b") as file:
        file.seek(0)
        check_refused(file, options)
        assert file.tell() == 0
    assert idxfast.load(path).tolist() == [0, 1, 2, 3, 4]


def test_a_text_file(tmp_path):
    with open(tmp_path / "file", "w+", encoding="latin-1") as file:
        file.write("\0\0text")
        with pytest.raises(TypeError, match="open in text mode"):
            idxfast.save(file, ARRAY)


@pytest.mark.parametrize(
    "make", [io.BytesIO, tempfile.TemporaryFile, tempfile.NamedTemporaryFile, tempfile.SpooledTemporaryFile]
)  # fmt: skip
def test_twice_into_one_object(make, options):
    with make() as file:
        idxfast.save(file, ARRAY, **options)
        position = file.tell()
        check_refused(file, options)
        assert file.tell() == position
        file.seek(0)
        assert idxfast.load(file).tolist() == [0, 1, 2, 3, 4]
        file.seek(0)
        idxfast.save(file, ARRAY, **options)


def test_twice_into_a_buffered_file(options, tmp_path):
    with open(tmp_path / "file", "wb") as file:
        idxfast.save(file, ARRAY, **options)
        check_refused(file, options)
    assert idxfast.load(tmp_path / "file").tolist() == [0, 1, 2, 3, 4]


def test_a_gzip_file_that_is_smaller_than_its_array(tmp_path):
    path = tmp_path / "file.gz"
    idxfast.save(path, np.zeros(1000, np.uint8))
    with open(path, "ab") as file, pytest.raises(idxfast.IdxError, match="holds an array already"):
        idxfast.save(file, ARRAY, compresslevel=6)


@pytest.fixture
def without_proc(monkeypatch):
    """As on a system where a descriptor that is open for writing alone has no path."""
    open_regular = place.open_regular

    def open_by_name(path):
        if path.startswith("/proc/"):
            raise FileNotFoundError(path)
        return open_regular(path)

    monkeypatch.setattr(place, "open_regular", open_by_name)


@pytest.mark.usefixtures("without_proc")
def test_a_file_for_writing_alone_is_looked_at_by_its_name(options, tmp_path):
    path = tmp_path / "file"
    idxfast.save(path, ARRAY)
    with open(path, "ab") as file:
        check_refused(file, options)


@pytest.mark.usefixtures("without_proc")
def test_another_file_of_the_name_is_no_reason_to_refuse(tmp_path):
    path, moved = tmp_path / "file", tmp_path / "moved"
    path.write_bytes(bytes(100))
    with open(path, "ab") as file:
        path.rename(moved)
        idxfast.save(path, ARRAY)
        idxfast.save(file, ARRAY)
    assert moved.read_bytes() == bytes(100) + idxfast.dumps(ARRAY)


@pytest.mark.usefixtures("without_proc")
def test_a_file_for_writing_alone_whose_name_is_a_number(tmp_path):
    """Its content cannot be found out, so `save` does not refuse the file."""
    path = tmp_path / "file"
    idxfast.save(path, ARRAY)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "ab") as file:
        idxfast.save(file, ARRAY)
        idxfast.save(file.fileno(), ARRAY)
    assert path.read_bytes() == idxfast.dumps(ARRAY) * 3


@pytest.mark.parametrize("answer", ["seekable", "readable"])
def test_an_object_that_cannot_be_looked_at_is_not_moved(answer, monkeypatch):
    class Unmoved(io.BytesIO):
        def seek(self, *_):
            raise AssertionError("the position was moved")

    file = Unmoved()
    file.write(idxfast.dumps(ARRAY))
    monkeypatch.setattr(file, answer, lambda: False)
    idxfast.save(file, ARRAY)
    assert file.getvalue() == idxfast.dumps(ARRAY) * 2


# What is not an array, although some of it begins like one.
OTHERS = [
    b"PK\3\4",
    b"\0",
    b"\0\0\x08\1\0\0\0\5abcd",
    b"\0\0\x08\1\0",
    b"\0\0\x0f\1\0\0\0\0",
    b"\x1f\x8b\x08",
    gzip.compress(b"no IDX file"),
]


@pytest.mark.parametrize("start", OTHERS)
@pytest.mark.parametrize("is_object", [True, False])
def test_after_other_bytes(start, is_object, options, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(start)
    with open(path, "ab") as file:
        idxfast.save(file if is_object else file.fileno(), ARRAY, **options)
    with open(path, "rb") as file:
        assert file.read(len(start)) == start
        assert idxfast.load(file).tolist() == [0, 1, 2, 3, 4]


def test_what_cannot_be_asked():
    class Writes:
        def __init__(self):
            self.data = idxfast.dumps(ARRAY)

        def write(self, data):
            self.data += data

    file = Writes()
    idxfast.save(file, ARRAY)
    assert file.data == idxfast.dumps(ARRAY) * 2


@pytest.mark.skipif(not hasattr(os, "pipe"), reason="needs pipes")
def test_a_pipe(options):
    reader, writer = os.pipe()
    with open(reader, "rb") as file:
        with open(writer, "wb") as to:
            idxfast.save(to, ARRAY, **options)
            idxfast.save(to.fileno(), ARRAY, **options)
        assert len(file.read()) > 2 * len(ARRAY)
