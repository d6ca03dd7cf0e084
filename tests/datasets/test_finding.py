"""Find images and labels below a folder."""

import gzip
import os
import zipfile

import pytest

from idxfast import FormatError, IdxError
from idxfast.datasets import finding
from idxfast.datasets.finding import search


@pytest.fixture
def put(tmp_path, oracle):
    """Write files of images and labels; a path with .zip is an archive and its member."""

    def put(*paths, count=5):
        for path in paths:
            shape = (count,) if "label" in path else (count, 4, 3)
            data = oracle.pack(8, shape)
            archive, is_member, member = path.partition(".zip/")
            (tmp_path / (archive if is_member else path)).parent.mkdir(parents=True, exist_ok=True)
            if is_member:
                with zipfile.ZipFile(tmp_path / f"{archive}.zip", "a") as opened:
                    opened.writestr(member, data)
                continue
            (tmp_path / path).write_bytes(gzip.compress(data) if path.endswith(".gz") else data)

    return put


def pair(place, kind="train", form="{}-{}-idx{}-ubyte"):
    return [f"{place}{form.format(kind, role, n)}" for role, n in (("images", 3), ("labels", 1))]


def found(root, kind="train", **options):
    return ["/".join(entry.parts) for entry in search(str(root), kind, **options)]


@pytest.mark.parametrize(
    "place",
    [
        "",
        "MNIST/raw/",
        "datasets/fashion-mnist/",
        "a/b/c/d/e/f/g/h/",
        "mnist.zip/",
        "data/mnist.zip/MNIST/raw/",
    ],
)
def test_places(place, put, tmp_path):
    put(*pair(place), *pair(place, "t10k"))
    assert found(tmp_path) == pair(place)
    assert found(tmp_path, "test") == pair(place, "t10k")


def test_the_cache_of_the_hub(put, tmp_path):
    """Links of speaking names to files that are called by their hashes; two snapshots of them."""
    hub = tmp_path / "datasets--x--mnist"
    for number, name in enumerate(pair("")):
        blob = hub / "blobs" / f"{number:064x}"
        put(f"datasets--x--mnist/{name}")
        blob.parent.mkdir(exist_ok=True)
        (hub / name).rename(blob)
        for snapshot in "ab":
            folder = hub / "snapshots" / (40 * snapshot)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(f"../../blobs/{blob.name}")
    snapshot = f"datasets--x--mnist/snapshots/{40 * 'a'}/"
    assert len(finding.entries_of(str(tmp_path))) == 4  # without the blobs
    assert found(tmp_path) == pair(snapshot)


def test_files_whose_names_say_nothing_are_listed(tmp_path, oracle):
    (tmp_path / "one").write_bytes(oracle.pack(8, (3,)))
    (tmp_path / "two").write_bytes(oracle.pack(8, (3, 4)))
    with pytest.raises(FileNotFoundError) as caught:
        search(str(tmp_path), "train")
    assert str(caught.value).endswith(
        "there are: one (3 uint8, raw), without images; two (3 x 4 uint8, raw)"
    )


def test_what_is_nearer_is_taken(put, tmp_path):
    put(*pair("a/b/"), *pair("mnist.zip/"))
    assert found(tmp_path) == pair("mnist.zip/")
    put(*pair("", form="{}_{}.bin"))
    assert found(tmp_path) == pair("", form="{}_{}.bin")


def test_half_of_a_pair_with_other_words_is_no_rival(put, tmp_path):
    put("extra-train-images.idx", *pair("raw/"))
    assert found(tmp_path) == pair("raw/")


def test_files_are_taken_rather_than_the_archive_that_they_come_from(put, tmp_path):
    put(*pair("mnist.zip/"), *pair("mnist/"))
    assert found(tmp_path) == pair("mnist/")


@pytest.mark.parametrize(
    "paths",
    [
        ["v1.1/train-images", "v1.1/train-labels.gz", "v1.2/train-images.gz", "v1.2/train-labels"],
        ["set (1)/train-images.idx", "set (2)/train-labels.idx"],
        ["A/train-images.idx", "a/train-labels.idx"],
        ["train-images (1)", "train-labels (1).gz", "train-images (2).gz", "train-labels (2)"],
        ["images/train.gz", "img/train", "labels/train-labels"],
        ["images/a/images", "labels/b/labels"],
        ["mnist.zip/train-images.idx", "mnist/train-labels.idx"],
        ["mnist.zip/train-images", "mnist.zip/train-labels", "mnist/train-labels"],
        ["image-net-train-images.idx", "net-train-labels.idx"],
        ["train-val-images.idx", "val-labels.idx"],
    ],
)  # fmt: skip
def test_files_of_different_places_are_no_pair(paths, put, tmp_path):
    put(*paths)
    for kind in ("train", "val", ""):
        with pytest.raises(
            (FileNotFoundError, ValueError), match=r"no images with|several|has no partner"
        ):
            search(str(tmp_path), kind)


def test_no_archive_is_opened_that_is_further_away(put, tmp_path, monkeypatch):
    put(*pair("a/"), *pair("b/c/mnist.zip/"))
    monkeypatch.setattr("idxfast.datasets.archives.MAX_ENTRIES", 0)
    assert found(tmp_path) == pair("a/")
    with pytest.raises(ValueError, match="the archives hold more"):
        found(tmp_path / "b")


def test_archives_may_be_left_out(put, tmp_path):
    put(*pair("a.zip/"), *pair("a/b/"))
    assert found(tmp_path) == pair("a.zip/")
    assert found(tmp_path, archives=False) == pair("a/b/")


def test_names_without_other_words_are_preferred(put, tmp_path):
    form = "{}_{}.bin"
    put(*pair("", form="letters_" + form), *pair("", form="digits_" + form))
    with pytest.raises(ValueError, match="several sets"):
        search(str(tmp_path), "train")
    assert found(tmp_path, "digits-train") == pair("", form="digits_" + form)
    put(*pair("", form=form))
    assert found(tmp_path) == pair("", form=form)


def test_archives_are_rivals_of_files(put, tmp_path):
    put(*pair("a/"), *(f"b/{name}.zip/{name}" for name in pair("")))
    with pytest.raises(ValueError, match=r"several sets .*: a-train: .*; b-train: b/train-images"):
        search(str(tmp_path), "train")


def test_long_lists_of_sets_are_cut(put, tmp_path):
    put(*(path for number in range(20) for path in pair(f"s{number:02}-")))
    with pytest.raises(ValueError, match=r"several sets .*; s11-train: .*; and 8 more; say which"):
        search(str(tmp_path), "train")


def test_exact_words(put, tmp_path):
    put(*pair("emnist-letters-"))
    assert found(tmp_path) == pair("emnist-letters-")
    with pytest.raises(FileNotFoundError):
        search(str(tmp_path), "train", exact=True)
    put(*pair("MNIST/raw/"))
    assert found(tmp_path, exact=True) == pair("MNIST/raw/")
    assert found(tmp_path, "emnist-letters-train", exact=True) == pair("emnist-letters-")


def test_the_folder_says_the_kind(put, tmp_path):
    put("train/images.idx", "train/labels.idx", "else/images.idx", "else/labels.idx")
    assert found(tmp_path / "train") == ["images.idx", "labels.idx"]
    with pytest.raises(FileNotFoundError, match=r"of kind 'test'; there are: train: images\.idx"):
        search(str(tmp_path / "train"), "test")
    with pytest.raises(FileNotFoundError, match=r"of kind 'train'; there are: of no kind: images"):
        search(str(tmp_path / "else"), "train")
    assert found(tmp_path / "else", "") == ["images.idx", "labels.idx"]


def test_several_sets(put, tmp_path):
    put(*pair("MNIST/raw/"), *pair("FashionMNIST/raw/"))
    with pytest.raises(ValueError) as caught:
        search(str(tmp_path), "train")
    text = str(caught.value)
    assert text.startswith(f"{tmp_path}: several sets are of kind 'train': fashionmnist-train: ")
    assert all(path in text for path in pair("MNIST/raw/") + pair("FashionMNIST/raw/"))
    assert "5 x 4 x 3 uint8" in text and text.endswith("say which, or its folder")
    for kind in ("FashionMNIST-train", "fashion-mnist-train", "fashion_mnist"):
        assert found(tmp_path, kind) == pair("FashionMNIST/raw/")
    assert found(tmp_path, "MNIST-train") == pair("MNIST/raw/")
    assert found(tmp_path / "MNIST") == pair("raw/")


def test_several_files(put, tmp_path):
    put("train-images.idx", "train-labels.idx", "train_labels.bin")
    with pytest.raises(
        ValueError, match=r"several .*: train-labels\.idx, train_labels\.bin; rename"
    ):
        search(str(tmp_path), "train")


def test_absence_lists_what_is_there_and_what_is_missing(put, tmp_path):
    put("train-images-idx3-ubyte.gz", *pair("", "t10k"), "cnt/dev_labels.bin", "o.zip/x.txt")
    with pytest.raises(FileNotFoundError) as caught:
        search(str(tmp_path), "train")
    assert str(caught.value) == (
        f"{tmp_path}: no images with labels of kind 'train'; there are: "
        "test: t10k-images-idx3-ubyte (5 x 4 x 3 uint8, raw), "
        "with t10k-labels-idx1-ubyte (5 uint8, raw); "
        "train-images-idx3-ubyte.gz (5 x 4 x 3 uint8, gzip), without labels; "
        "cnt/dev_labels.bin (5 uint8, raw), without images; "
        "o.zip: a zip archive without IDX files"
    )


def test_an_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there are: none at all$"):
        search(str(tmp_path), "train")


def test_long_lists_are_cut(put, tmp_path):
    put(*(f"set{number:02}-images.idx" for number in range(20)))
    with pytest.raises(FileNotFoundError, match=r"set11-images.* without labels; and 8 more$"):
        search(str(tmp_path), "train")


@pytest.mark.parametrize("lonely", pair(""))
def test_no_pair_is_taken_past_half_of_one(lonely, put, tmp_path):
    """The caller may mean the images whose labels are missing, not other images further down."""
    put(lonely, *pair("MNIST/raw/"))
    words = rf"a file of kind 'train' has no partner, .*: .*MNIST/raw.*{lonely} .*, without "
    with pytest.raises(FileNotFoundError, match=words):
        search(str(tmp_path), "train")
    assert found(tmp_path, "mnist-train") == pair("MNIST/raw/")


def test_swapped_files_are_refused(put, tmp_path):
    images, labels = pair("")
    put(images, labels)
    os.rename(tmp_path / images, tmp_path / "x")
    os.rename(tmp_path / labels, tmp_path / images)
    os.rename(tmp_path / "x", tmp_path / labels)
    with pytest.raises(FormatError, match=rf"{images}: the file is named after images, but"):
        search(str(tmp_path), "train")


def test_exchanged_labels_are_refused(put, tmp_path):
    put(*pair("", form="{}_{}.bin"))
    put(*pair("", "test", form="{}_{}.bin"), count=3)
    one, other = tmp_path / "train_labels.bin", tmp_path / "test_labels.bin"
    one.rename(tmp_path / "x")
    other.rename(one)
    (tmp_path / "x").rename(other)
    for kind in ("train", "test"):
        with pytest.raises(IdxError, match="not as many labels"):
            search(str(tmp_path), kind)


def test_too_many_files(put, tmp_path, monkeypatch):
    put(*(f"{number}-images.idx" for number in range(4)))
    (tmp_path / "a.png").touch()
    monkeypatch.setattr(finding, "MAX_OPENED", 4)
    assert len(finding.entries_of(str(tmp_path))) == 4
    monkeypatch.setattr(finding, "MAX_OPENED", 3)
    with pytest.raises(ValueError, match="more than 3 files that might be IDX: name the folder"):
        search(str(tmp_path), "train")


def test_controls_in_names_are_shown_as_escapes(put, tmp_path):
    put("\x1b[2Jtrain-images.idx")
    with pytest.raises(FileNotFoundError) as caught:
        search(str(tmp_path), "train")
    assert str(caught.value).isprintable()
