"""What the drop-in modules share: reading through gzip.open, finding files, naming faults."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from idxfast import FormatError, IdxError, loads
from idxfast.compat import files


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
def test_a_gzip_file_that_was_begun_is_read_from_where_it_stands(tmp_path, oracle, begin):
    idx = oracle.pack(0x08, (40,))
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress((b"abc" if begin == "read(3)" else b"") + idx))
    with gzip.open(path) as file:
        eval(f"file.{begin}")
        oracle.check(files.load(file), idx)
        assert file.read() == b""


def test_gzip_within_a_larger_file_is_read_from_where_it_stands(oracle):
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


def test_big_endian_keeps_values_and_memory():
    array = np.array([1, -2, 300], np.int16)
    swapped = files.big_endian(array)
    assert swapped.dtype == ">i2"
    assert swapped.tolist() == [1, -2, 300]
    assert np.shares_memory(swapped, array)
    assert files.big_endian(swapped.view(np.uint8)).dtype == np.uint8


@pytest.mark.parametrize("shape", [(3, 4, 5), (0, 4, 5), (3, 0, 5)])
def test_flat(shape):
    assert files.flat(np.zeros(shape)).shape == (shape[0], shape[1] * shape[2])


def test_load_pair_wants_images_and_labels(family):
    images = family.raw / "train-images-idx3-ubyte"
    labels = family.raw / "train-labels-idx1-ubyte"
    with pytest.raises(FormatError, match=r"train-labels.*not a file of images"):
        files.load_pair(labels, labels)
    with pytest.raises(FormatError, match=r"train-images.*not a file of labels"):
        files.load_pair(images, images)


def test_load_pair_wants_bytes(tmp_path, family, oracle):
    path = tmp_path / "images"
    path.write_bytes(oracle.pack(0x0B, (7, 4, 5)))
    with pytest.raises(FormatError, match="int16 of 3"):
        files.load_pair(path, family.raw / "train-labels-idx1-ubyte")


def test_load_pair_wants_as_many_labels_as_images(family):
    with pytest.raises(IdxError, match=r"t10k-labels.*not as many.*expected 7, found 3"):
        files.load_pair(
            family.raw / "train-images-idx3-ubyte", family.raw / "t10k-labels-idx1-ubyte"
        )


@pytest.mark.parametrize("folder", ["raw", "packed"])
def test_load_four(family, same, folder):
    same(files.load_four(str(getattr(family, folder))), (family.train, family.t10k))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        files.load_four(str(tmp_path))


def test_a_folder_that_holds_the_files_is_taken(family, no_download):
    assert files.find_or_fetch("mnist", family.packed) == str(family.packed)
    assert no_download == []


def test_what_a_folder_lacks_is_downloaded_into_it(tmp_path, family, no_download):
    (tmp_path / "train-images-idx3-ubyte").touch()
    assert files.find_or_fetch("mnist", tmp_path) == str(tmp_path)
    assert no_download == [("mnist", tmp_path)]


def test_load_member(tmp_path, oracle):
    idx = oracle.pack(0x08, (4,))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("gzip/labels.gz", gzip.compress(idx))
    oracle.check(files.load_member(str(tmp_path / "a.zip"), "gzip/labels.gz"), idx)


def test_a_zip_file_with_any_byte_wrong_is_an_error_that_names_it(tmp_path, oracle):
    idx = oracle.pack(0x08, (4,))
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.gz", gzip.compress(idx))
    data = path.read_bytes()
    refused = 0
    for i in range(len(data)):
        for damaged in (data[:i], data[:i] + bytes([data[i] ^ 0x80]) + data[i + 1 :]):
            path.write_bytes(damaged)
            try:
                oracle.check(files.load_member(str(path), "labels.gz"), idx)
            except IdxError as error:
                assert str(error).startswith(f"{path}: the zip file cannot be read: ")
                refused += 1
            except KeyError:
                # It has another name now.
                assert b"labels.gz" in data[i - 8 : i + 9]
    assert refused > len(data)


@pytest.mark.parametrize("method", [12, 14, 93], ids=["bzip2", "lzma", "zstd"])
def test_a_zip_file_that_names_another_method_is_an_error_that_names_it(method, tmp_path, oracle):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.gz", oracle.pack(0x08, (40,)))
    data = bytearray(path.read_bytes())
    for header, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        data[data.index(header) + at] = method
    path.write_bytes(data)
    with pytest.raises(IdxError, match=f"^{path}: the zip file cannot be read: "):
        files.load_member(str(path), "labels.gz")


def test_no_zip_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.load_member(str(tmp_path / "a.zip"), "labels.gz")


IDX = b"\0\0\x0b\2\0\0\0\2\0\0\0\1\0\1\0\2"
FAULTS = {
    b"": ("start", b""),
    IDX[:3]: ("start", b""),
    b"\1": ("start", b""),
    b"\1\2\3\4": ("zeros", b"\1\2\3\4"),
    b"\0\2\x0b\1": ("zeros", b"\0\2\x0b\1"),
    b"\0\0\x0a\1": ("type", b"\0\0\x0a\1"),
    b"\0\0\x0a": ("start", b""),
    IDX[:4]: ("dimensions", b""),
    IDX[:11]: ("dimensions", b""),
    b"\0\0\x08\xff" + bytes(4 * 255): ("dimensions", b""),
    b"\0\0\x08\4" + b"\xff" * 16: ("dimensions", b""),
    IDX[:12]: ("payload", b""),
    IDX[:15]: ("payload", b""),
    IDX + b"\0": ("end", b""),
}


PACKED = gzip.compress(IDX)
FAULTS |= {PACKED[:size]: ("gzip", b"") for size in range(2, len(PACKED))}
FAULTS |= {
    PACKED[:-1] + b"\1": ("gzip", b""),
    gzip.compress(b""): ("start", b""),
    gzip.compress(IDX[:3]): ("start", b""),
    gzip.compress(IDX[:11]): ("dimensions", b""),
}


@pytest.mark.parametrize("data", FAULTS, ids=repr)
@pytest.mark.parametrize(
    "read", [loads, lambda data: files.load(io.BufferedReader(io.BytesIO(data)))]
)
def test_fault(data, read):
    with pytest.raises(IdxError) as caught:
        read(data)
    assert files.fault(caught.value) == FAULTS[data]
