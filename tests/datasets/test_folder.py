"""Images and labels together, from a directory."""

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile

import pytest

from idxfast import ChecksumError, FormatError, IdxError, load, load_dataset
from idxfast.datasets import find


@pytest.fixture
def put(tmp_path, oracle):
    """Write an IDX file, compressed as its name says; return its unpacked content."""

    def put(name, code, shape, payload=None):
        data = oracle.pack(code, shape, payload)
        packers = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}
        pack = packers.get(name.rpartition(".")[2], bytes)
        (tmp_path / name).write_bytes(pack(data))
        return data

    return put


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz"),
        ("{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"),
        ("{}-images.idx3-ubyte", "{}-labels.idx1-ubyte.gz"),
        ("{}-images-idx3-ubyte.xz", "{}-labels-idx1-ubyte.bz2"),
        ("X_kannada_MNIST_{}-idx3-ubyte.gz", "y_kannada_MNIST_{}-idx1-ubyte.gz"),
    ],
)
@pytest.mark.parametrize(("kind", "name"), [("train", "train"), ("test", "t10k"), ("t10k", "test")])
def test_images_and_labels_are_those_of_the_kind(images, labels, kind, name, put, tmp_path, oracle):
    expected = put(images.format(name), 8, (5, 4, 3)), put(labels.format(name), 8, (5,))
    put(images.format("other"), 8, (2, 4, 3))
    put(labels.format("other"), 8, (2,))
    for directory in (tmp_path, str(tmp_path), os.fsencode(tmp_path)):
        for array, data in zip(load_dataset(directory, kind), expected, strict=True):
            oracle.check(array, data)


def test_the_default_is_train(put, tmp_path, oracle):
    images = put("train-images-idx3-ubyte", 8, (5, 4, 3))
    put("train-labels-idx1-ubyte", 8, (5,))
    put("t10k-images-idx3-ubyte", 8, (2, 4, 3))
    put("t10k-labels-idx1-ubyte", 8, (2,))
    oracle.check(load_dataset(tmp_path)[0], images)


def test_qmnist(put, tmp_path, oracle):
    put("qmnist-test-images-idx3-ubyte.gz", 8, (5, 28, 28))
    table = put("qmnist-test-labels-idx2-int.gz", 0x0C, (5, 8))
    put("qmnist-test-labels-idx1-ubyte.gz", 8, (5,))
    put("xnist-images-idx3-ubyte.xz", 8, (6, 28, 28))
    more = put("xnist-labels-idx2-int.xz", 0x0C, (6, 8))
    oracle.check(load_dataset(tmp_path, "test")[1], table)
    oracle.check(load_dataset(tmp_path, "xnist")[1], more)


# 256 images are transposed at once.
@pytest.mark.parametrize("count", [0, 1, 256, 300])
def test_emnist_is_upright_unless_asked(count, put, tmp_path, oracle):
    data = put("emnist-letters-train-images-idx3-ubyte.gz", 8, (count, 28, 28))
    labels = bytes(1 + i % 26 for i in range(count))
    put("emnist-letters-train-labels-idx1-ubyte.gz", 8, (count,), labels)
    stored, found = load_dataset(tmp_path, upright=False)
    oracle.check(stored, data)
    assert found.tobytes() == labels
    upright, found = load_dataset(tmp_path)
    assert upright.tobytes() == b"".join(
        data[16 + 784 * i + x + 28 * y :][:1]
        for i in range(count)
        for x in range(28)
        for y in range(28)
    )
    assert upright.flags.c_contiguous
    assert upright.flags.writeable
    assert found.tobytes() == labels


@pytest.mark.parametrize("form", ["emnist.{}", "emnist_{}", "EMNIST-{}", ".emnist-{}"])
def test_emnist_is_upright_however_its_name_is_written(form, put, tmp_path):
    data = put(form.format("letters-test-images-idx3-ubyte.gz"), 8, (1, 28, 28))
    put(form.format("letters-test-labels-idx1-ubyte.gz"), 8, (1,))
    images, _ = load_dataset(tmp_path, "test")
    assert images.tobytes() == bytes(data[16 + x + 28 * y] for x in range(28) for y in range(28))


def test_others_are_left_as_they_are(put, tmp_path, oracle):
    data = put("kmnist-train-images-idx3-ubyte", 8, (5, 28, 28))
    put("kmnist-train-labels-idx1-ubyte", 8, (5,))
    oracle.check(load_dataset(tmp_path)[0], data)


def test_emnist_that_is_not_square_is_left_as_it_is(put, tmp_path, oracle):
    data = put("emnist-letters-train-images-idx3-ubyte", 8, (5, 4, 3))
    put("emnist-letters-train-labels-idx1-ubyte", 8, (5,))
    oracle.check(load_dataset(tmp_path)[0], data)


@pytest.mark.parametrize("shape", [(4,), (6,), (), (0,), (4, 5)])
def test_labels_have_to_be_as_many_as_images(shape, put, tmp_path):
    put("train-images-idx3-ubyte.gz", 8, (5, 4, 3))
    put(f"train-labels-idx{len(shape)}-ubyte.gz", 8, shape)
    with pytest.raises(IdxError, match="not as many labels") as caught:
        load_dataset(tmp_path)
    error = caught.value
    assert not isinstance(error, FormatError)
    assert error.filename == str(tmp_path / f"train-labels-idx{len(shape)}-ubyte.gz")
    assert (error.expected, error.found) == (5, shape[0] if shape else "no row")


def test_images_have_to_be_countable(put, tmp_path):
    put("train-images-idx0-ubyte", 8, ())
    put("train-labels-idx0-ubyte", 8, ())
    with pytest.raises(IdxError, match="not as many labels"):
        load_dataset(tmp_path)


def test_a_damaged_file(put, tmp_path):
    put("train-images-idx3-ubyte.gz", 8, (5, 4, 3))
    put("train-labels-idx1-ubyte.gz", 8, (5,))
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ChecksumError):
        load_dataset(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs descriptors by name")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_opened_once(pack, oracle):
    data = oracle.pack(8, (5, 4))
    reading, writing = os.pipe()
    os.write(writing, pack(data))
    os.close(writing)
    with open(reading, "rb"):
        oracle.check(load(f"/dev/fd/{reading}"), data)


def test_a_directory_of_the_name_is_no_file(put, tmp_path):
    put("train-images-idx3-ubyte", 8, (5, 4, 3))
    (tmp_path / "train-labels-idx1-ubyte").mkdir()
    with pytest.raises(FileNotFoundError, match=r"there are: train-images.* without labels$"):
        load_dataset(tmp_path)


def test_no_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_dataset(tmp_path / "missing")


FOUR = [
    f"{kind}-{role}-ubyte" for kind in ("train", "t10k") for role in ("images-idx3", "labels-idx1")
]


def put_four(put, form="{}"):
    shapes = (5, 4, 3), (5,), (2, 4, 3), (2,)
    return [put(form.format(name), 8, shape) for name, shape in zip(FOUR, shapes, strict=True)]


@pytest.mark.parametrize("form", ["{}", "{}.gz", "MNIST/raw/{}", "{0}/{0}.gz", "{} (1).xz"])
def test_what_is_found_is_what_is_loaded(form, put, tmp_path, oracle):
    for name in FOUR:
        (tmp_path / form.format(name)).parent.mkdir(parents=True, exist_ok=True)
    contents = put_four(put, form)
    for kind, first in (("train", 0), ("test", 2)):
        paths = [str(tmp_path / form.format(name)) for name in FOUR[first : first + 2]]
        found = find(tmp_path, kind)
        assert [found.images, found.labels] == paths
        for array, data in zip(load_dataset(tmp_path, kind), contents[first:], strict=False):
            oracle.check(array, data)
    assert find(str(tmp_path)) == find(os.fsencode(tmp_path)) == find(tmp_path, "train")


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_members_of_an_archive(ending, put, tmp_path, oracle):
    contents = put_four(put)
    path = tmp_path / f"mnist.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in FOUR:
                archive.write(tmp_path / name, f"sub/{name}")
    else:
        with tarfile.open(path, "w:gz" if ending == "tar.gz" else "w") as archive:
            for name in FOUR:
                archive.add(tmp_path / name, f"sub/{name}")
    for name in FOUR:
        (tmp_path / name).unlink()
    kind = ending[:3]
    assert find(tmp_path).images == f"{kind}://sub/{FOUR[0]}::{path}"
    for array, data in zip(load_dataset(tmp_path, "test"), contents[2:], strict=True):
        oracle.check(array, data)


def test_emnist_is_upright_wherever_it_is(put, tmp_path):
    (tmp_path / "EMNIST" / "raw").mkdir(parents=True)
    data = put("EMNIST/raw/emnist-letters-train-images-idx3-ubyte", 8, (1, 3, 3))
    put("EMNIST/raw/emnist-letters-train-labels-idx1-ubyte", 8, (1,))
    images, _ = load_dataset(tmp_path)
    assert images.tobytes() == bytes(data[16 + x + 3 * y] for x in range(3) for y in range(3))
    assert load_dataset(tmp_path, upright=False)[0].tobytes() == data[16:]


@pytest.mark.parametrize("call", [load_dataset, find])
@pytest.mark.parametrize("form", ["{}", "{}.gz"])
def test_files_that_are_renamed_into_each_other_are_refused(call, form, put, tmp_path):
    put_four(put, form)
    images, labels = (tmp_path / form.format(name) for name in FOUR[2:])
    images.rename(tmp_path / "x")
    labels.rename(images)
    (tmp_path / "x").rename(labels)
    with pytest.raises(FormatError, match="named after images, but holds something else") as caught:
        call(tmp_path, "test")
    error = caught.value
    assert (error.filename, error.part, error.offset) == (str(images), "dimensions", 3)
    assert (error.expected, error.found) == ("2 or more dimensions", "2 uint8")
    assert len(call(tmp_path, "train")) == 2


@pytest.mark.parametrize("call", [load_dataset, find])
def test_labels_that_are_exchanged_are_refused(call, put, tmp_path):
    put_four(put)
    one, other = tmp_path / FOUR[1], tmp_path / FOUR[3]
    one.rename(tmp_path / "x")
    other.rename(one)
    (tmp_path / "x").rename(other)
    for kind in ("train", "test"):
        with pytest.raises(IdxError, match="not as many labels as images"):
            call(tmp_path, kind)


@pytest.mark.parametrize("call", [load_dataset, find])
def test_images_as_labels_are_refused(call, put, tmp_path):
    put(FOUR[0], 8, (5, 4, 3))
    put(FOUR[1], 8, (5, 4, 3))
    with pytest.raises(FormatError, match=r"train-labels.*named after labels, but holds"):
        call(tmp_path)


def test_an_undamaged_form_of_a_file_is_taken(put, tmp_path, oracle):
    images = put("train-images-idx3-ubyte", 8, (5, 4, 3))
    labels = put("train-labels-idx1-ubyte.gz", 8, (5,))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels[:-1])
    assert find(tmp_path).labels == str(tmp_path / "train-labels-idx1-ubyte.gz")
    for array, data in zip(load_dataset(tmp_path), (images, labels), strict=True):
        oracle.check(array, data)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(IdxError, match="truncated"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("call", [load_dataset, find])
def test_no_other_set_takes_the_place_of_a_damaged_one(call, put, tmp_path):
    put("emnist-letters-train-images-idx3-ubyte", 8, (5, 4, 3))
    labels = tmp_path / "emnist-letters-train-labels-idx1-ubyte"
    labels.write_bytes(put(labels.name, 8, (5,))[:-1])
    put("train_images.bin", 8, (5, 4, 3))
    put("train_labels.bin", 8, (5,))
    with pytest.raises(IdxError, match="truncated"):
        call(tmp_path)


def test_emnist_is_upright_if_its_name_is_written_in_words(put, tmp_path):
    data = put("Emnist Letters train images.idx", 8, (1, 3, 3))
    put("Emnist Letters train labels.idx", 8, (1,))
    images, _ = load_dataset(tmp_path)
    assert images.tobytes() == bytes(data[16 + x + 3 * y] for x in range(3) for y in range(3))


def test_a_link_in_a_circle_is_no_obstacle(put, tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    put_four(put)
    assert len(load_dataset(tmp_path)[1]) == 5


def test_a_page_in_the_place_of_a_file_is_named(put, tmp_path):
    put("train-images-idx3-ubyte.gz", 8, (5, 4, 3))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(b"<!DOCTYPE html>")
    for call in (load_dataset, find):
        with pytest.raises(FormatError, match=r"train-labels-idx1-ubyte.gz: .*HTML"):
            call(tmp_path)


def test_an_archive_under_the_name_of_a_file(put, tmp_path, oracle):
    """As `tar czf train-images-idx3-ubyte.gz` makes it."""
    contents = put_four(put)
    for name in FOUR:
        with tarfile.open(tmp_path / f"{name}.gz", "w:gz") as archive:
            archive.add(tmp_path / name, name)
        (tmp_path / name).unlink()
    assert find(tmp_path).labels == f"tar://{FOUR[1]}::{tmp_path / FOUR[1]}.gz"
    for array, data in zip(load_dataset(tmp_path), contents[:2], strict=True):
        oracle.check(array, data)
