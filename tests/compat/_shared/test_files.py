"""Local files for the drop-in modules: through gzip.open, and in pairs that belong together."""

import gzip
import io

import numpy as np
import pytest

from idxfast import FormatError, IdxError
from idxfast.compat._shared import files


@pytest.fixture
def packed(tmp_path, oracle):
    path = tmp_path / "packed.gz"
    path.write_bytes(gzip.compress(oracle.pack(0x0C, (3, 2))))
    return path


def test_the_file_beneath_an_unread_gzip_file_is_read(packed, oracle, monkeypatch):
    with gzip.open(packed) as file:
        monkeypatch.setattr(file, "readinto", None)
        array = files.load(file)
        monkeypatch.undo()
        oracle.check(array, packed.read_bytes())
        assert file.tell() == 0
        assert file.read() == gzip.decompress(packed.read_bytes())
        file.seek(0)
        oracle.check(files.load(file), packed.read_bytes())


def test_it_is_left_at_its_start_after_an_error(tmp_path):
    content = gzip.compress(b"no IDX file")
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        with pytest.raises(FormatError):
            files.load(file)
        assert file.read() == b"no IDX file"


@pytest.mark.parametrize("begin", ["read(3)", "peek(1)"])
def test_a_gzip_file_that_was_begun_is_read_from_its_position(tmp_path, oracle, begin):
    idx = oracle.pack(0x08, (40,))
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress((b"abc" if begin == "read(3)" else b"") + idx))
    with gzip.open(path) as file:
        eval(f"file.{begin}")
        oracle.check(files.load(file), idx)
        assert file.read() == b""


def test_gzip_within_a_larger_file_is_read_from_its_position(oracle):
    idx = oracle.pack(0x08, (40,))
    beneath = io.BytesIO(b"before" + gzip.compress(idx))
    beneath.seek(6)
    oracle.check(files.load(gzip.GzipFile(fileobj=beneath)), idx)


def test_gzip_over_an_object_that_can_only_read(packed, oracle):
    class Reader:
        def __init__(self):
            self.read = io.BytesIO(packed.read_bytes()).read

    oracle.check(files.load(gzip.GzipFile(fileobj=Reader())), packed.read_bytes())


def test_a_closed_gzip_file_is_refused_as_gzip_does(packed):
    with gzip.open(packed) as file:
        pass
    with pytest.raises(ValueError, match="closed"):
        files.load(file)


def test_a_gzip_file_that_is_open_for_writing_is_refused_as_gzip_does():
    writing = gzip.GzipFile(fileobj=io.BytesIO(), mode="wb")
    with writing, pytest.raises(OSError, match="write-only"):
        files.load(writing)


def test_a_file_of_another_class_is_itself_read(oracle):
    idx = oracle.pack(0x08, (40,))
    file = type("File", (io.BytesIO,), {"fileobj": io.BytesIO(b"no IDX file")})(idx)
    oracle.check(files.load(file), idx)


def test_big_endian_keeps_values_and_memory():
    array = np.array([1, -2, 300], np.int16)
    swapped = files.big_endian(array)
    assert swapped.dtype == ">i2"
    assert swapped.tolist() == [1, -2, 300]
    assert np.shares_memory(swapped, array)
    single = swapped.view(np.uint8)
    assert files.big_endian(single) is single


def test_big_endian_keeps_arrays_of_a_big_endian_machine(monkeypatch):
    monkeypatch.setattr("sys.byteorder", "big")
    array = np.array([1, -2, 300], np.int16)
    assert files.big_endian(array) is array


@pytest.mark.parametrize("shape", [(3, 4, 5), (0, 4, 5), (3, 0, 5)])
def test_flat(shape):
    assert files.flat(np.zeros(shape)).shape == (shape[0], shape[1] * shape[2])


def test_load_pair_wants_images_and_labels(family):
    images = family.raw / "train-images-idx3-ubyte"
    labels = family.raw / "train-labels-idx1-ubyte"
    with pytest.raises(FormatError, match=r"train-labels.*not a file of images") as caught:
        files.load_pair(labels, labels)
    assert caught.value.part == "dimensions"
    with pytest.raises(FormatError, match=r"train-images.*not a file of labels"):
        files.load_pair(images, images)


def test_load_pair_wants_bytes(tmp_path, family, oracle):
    path = tmp_path / "images"
    path.write_bytes(oracle.pack(0x0B, (7, 4, 5)))
    with pytest.raises(FormatError, match="int16 of 3") as caught:
        files.load_pair(path, family.raw / "train-labels-idx1-ubyte")
    assert caught.value.part == "type"


def test_load_pair_wants_as_many_labels_as_images(family):
    with pytest.raises(IdxError, match=r"t10k-labels.*not as many.*expected 7, found 3"):
        files.load_pair(
            family.raw / "train-images-idx3-ubyte", family.raw / "t10k-labels-idx1-ubyte"
        )
