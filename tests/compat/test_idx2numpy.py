"""The drop-in module for idx2numpy, against idx2numpy itself."""

import gzip
import importlib
import io
from pathlib import Path

import numpy as np
import pytest

from idxfast import GzipError
from idxfast.compat import idx2numpy as ours

SHAPES = [(), (3,), (2, 3), (0, 4, 5), (2, 3, 4, 5)]
TYPES = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("idx2numpy")


def test_names(theirs):
    from idxfast.compat.idx2numpy.FormatError import FormatError

    assert set(theirs.__all__) <= set(ours.__all__)
    assert ours.FormatError is FormatError
    assert issubclass(FormatError, Exception)
    assert not issubclass(FormatError, ValueError)
    assert isinstance(ours.__version__, str)
    for module in (theirs, ours):
        converters = importlib.import_module(f"{module.__name__}.converters")
        assert module.converters is converters
        for name in ("file", "string"):
            for function in (f"convert_from_{name}", f"convert_to_{name}"):
                assert getattr(converters, function) is getattr(module, function)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("code", TYPES, ids=hex)
def test_reading(theirs, same, oracle, tmp_path, code, shape):
    data = oracle.pack(code, shape)
    path = tmp_path / "file"
    path.write_bytes(data)
    expected = theirs.convert_from_string(data)
    same(ours.convert_from_string(data), expected)
    same(ours.convert_from_file(str(path)), expected)
    same(ours.convert_from_file(path), expected)
    same(ours.convert_from_file(io.BytesIO(data)), expected)
    with path.open("rb") as file:
        same(ours.convert_from_file(file), expected)
        assert file.read() == b""


def test_reading_from_the_position_of_a_file(theirs, same, oracle):
    data = oracle.pack(0x0C, (3,))
    streams = [io.BytesIO(b"before" + data) for _ in range(2)]
    for stream in streams:
        stream.seek(6)
    same(ours.convert_from_file(streams[0]), theirs.convert_from_file(streams[1]))


def test_reading_an_object_that_can_only_read(theirs, same, oracle):
    class Reader:
        def __init__(self):
            self.read = io.BytesIO(oracle.pack(0x0B, (3,))).read

    same(ours.convert_from_file(Reader()), theirs.convert_from_file(Reader()))


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_published_files(theirs, same, published, name):
    with gzip.open(published / name) as one, gzip.open(published / name) as other:
        same(ours.convert_from_file(one), theirs.convert_from_file(other))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4, 5)], ids=str)
@pytest.mark.parametrize("code", TYPES, ids=hex)
def test_writing(theirs, oracle, tmp_path, code, shape):
    values = np.random.default_rng(code).normal(0, 50, shape)
    array = values.astype(oracle.types[code][0])
    layouts = [array, np.asfortranarray(array), np.repeat(array, 2, axis=-1)[..., ::2], array[::-1]]
    for layout in layouts:
        expected = theirs.convert_to_string(layout)
        assert ours.convert_to_string(layout) == expected
        for file in (str(tmp_path / "file"), tmp_path / "file.gz"):
            ours.convert_to_file(file, layout)
            assert Path(file).read_bytes() == expected
        stream = io.BytesIO()
        ours.convert_to_file(stream, layout)
        assert stream.getvalue() == expected


def test_what_was_read_can_be_written(oracle):
    data = oracle.pack(0x0E, (2, 3))
    assert ours.convert_to_string(ours.convert_from_string(data)) == data


# What the original says, or begins with where it goes on in numpy's or struct's words.
MESSAGES = {
    b"\1\2\x08\1": "Incorrect first two bytes of the magic number: 0x01 0x02",
    b"\0\0\x0a\1\0\0\0\1": "Incorrect data type code: 0x0A",
    b"\0\0\x08\2\0\0\0\1": "Dims sizes: ",
    b"\0\0\x0b\1\0\0\0\2\0\1": "Error creating numpy array: ",
    b"\0\0\x0b\1\0\0\0\2\0\1\0": "Error creating numpy array: ",
    b"\0\0\x08\1\0\0\0\1\0\0": "Superfluous data detected.",
}


@pytest.mark.parametrize("data", MESSAGES)
def test_messages_of_reading(theirs, data):
    for module in (theirs, ours):
        with pytest.raises(module.FormatError) as caught:
            module.convert_from_string(data)
        assert str(caught.value).startswith(MESSAGES[data])
    if not MESSAGES[data].endswith(": "):
        assert str(caught.value) == MESSAGES[data]
    assert caught.value.__cause__.offset is not None


REFUSED = {
    "empty": (np.empty((0, 28, 28), np.uint8), "Cannot encode empty array."),
    **{
        name: (np.ones(2, name), "numpy ndarray type not supported by IDX format.")
        for name in ("bool", "int64", "uint16", "uint32", "uint64", "float16", "complex64", "O")
    },
    "too long": (
        np.broadcast_to(np.uint8(0), (2**32,)),
        "IDX format cannot encode array with more than 4294967295 elements along any axis",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_written(theirs, tmp_path, name):
    array, message = REFUSED[name]
    path = tmp_path / "old"
    path.write_bytes(b"old")
    for module in (theirs, ours):
        with pytest.raises(module.FormatError) as caught:
            module.convert_to_string(array)
        assert str(caught.value) == message
    with pytest.raises(ours.FormatError):
        ours.convert_to_file(path, array)
    assert path.read_bytes() == b"old"


def test_the_longest_axis(monkeypatch):
    converters = importlib.import_module("idxfast.compat.idx2numpy.converters")
    monkeypatch.setattr(converters, "_MAX_LENGTH", 3)
    assert ours.convert_to_string(np.zeros(3, np.uint8)) == b"\0\0\x08\1\0\0\0\3" + bytes(3)
    with pytest.raises(ours.FormatError, match="more than 3 elements along any axis"):
        ours.convert_to_string(np.zeros((2, 4), np.uint8))


def test_gzip_that_ends_early_is_an_eof_error(theirs, oracle):
    data = gzip.compress(oracle.pack(0x08, (300,)))
    for size in (4, 12, 100, len(data) - 1):
        for module in (theirs, ours):
            with pytest.raises(EOFError), gzip.open(io.BytesIO(data[:size])) as file:
                module.convert_from_file(file)


def test_whole_gzip_of_a_file_that_was_cut_short(theirs, oracle):
    data = gzip.compress(oracle.pack(0x08, (300,))[:-1])
    for module in (theirs, ours):
        with (
            pytest.raises(module.FormatError, match="Error creating numpy array: "),
            gzip.open(io.BytesIO(data)) as file,
        ):
            module.convert_from_file(file)


def test_damaged_gzip_is_an_os_error(oracle):
    data = bytearray(gzip.compress(oracle.pack(0x08, (300,))))
    data[-8] ^= 1
    with pytest.raises(GzipError) as caught:
        ours.convert_from_string(bytes(data))
    assert isinstance(caught.value, OSError)
