"""The catalogue: its facts against each other, and against real files where they are at hand."""

import math
import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from idxfast.datasets.catalogue import File, archives, datasets, find
from idxfast.datasets.verifying import verify
from idxfast.format import Header

REAL = Path(__file__).parents[3] / "shared" / "data"
FILES = [(name, file) for name, dataset in datasets().items() for file in dataset.files]
# Where no SHA-256 has been published, or nothing at all.
MD5_ONLY = {"kannada-mnist", "notmnist"} | {name for name in datasets() if "emnist" in name}
NO_HASH = {
    ("kannada-mnist", "X_kannada_MNIST_train-idx3-ubyte.gz"),
    ("notmnist", "train-images-idx3-ubyte.gz"),
    ("oracle-mnist", "train-images-idx3-ubyte.gz"),
    ("spots-10", "train-images-idx3-ubyte.gz"),
    ("spots-10", "test-images-idx3-ubyte.gz"),
    ("emnist-mnist", "emnist-mnist-train-images-idx3-ubyte.gz"),
    ("emnist-mnist", "emnist-mnist-train-labels-idx1-ubyte.gz"),
    ("emnist-mnist", "emnist-mnist-test-images-idx3-ubyte.gz"),
    ("emnist-mnist", "emnist-mnist-test-labels-idx1-ubyte.gz"),
}


def test_the_sets():
    assert list(datasets()) == [
        "mnist", "fashion-mnist", "kmnist", "qmnist", "xnist", "kannada-mnist", "notmnist",
        "oracle-mnist", "bhdd", "spots-10", "emnist-byclass", "emnist-bymerge", "emnist-balanced",
        "emnist-letters", "emnist-digits", "emnist-mnist",
    ]  # fmt: skip
    assert all(find(name).name == name for name in datasets())


@pytest.mark.parametrize(
    ("name", "split", "expected"),
    [
        ("fashion_mnist", None, "fashion-mnist"),
        ("FashionMNIST", None, "fashion-mnist"),
        ("Fashion-MNIST", None, "fashion-mnist"),
        ("MNIST", None, "mnist"),
        ("KMNIST", None, "kmnist"),
        ("Kuzushiji-MNIST", None, "kmnist"),
        ("QMNIST", None, "qmnist"),
        ("SPOTS10", None, "spots-10"),
        ("emnist", "letters", "emnist-letters"),
        ("EMNIST", "byclass", "emnist-byclass"),
        ("emnist/letters", None, "emnist-letters"),
        ("emnist", "mnist", "emnist-mnist"),
    ],
)
def test_names_as_others_write_them(name, split, expected):
    assert find(name, split).name == expected


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("emnist", None, "'emnist' has several splits: emnist-byclass, emnist-bymerge, "),
        ("emnist", "b", "no data set 'emnist' with the split 'b'; there are: mnist, "),
        ("fashion", "letters", "no data set 'fashion' with the split 'letters'; there are: "),
        ("mnits", None, "no data set 'mnits'; there are: mnist, fashion-mnist, "),
        ("k", None, "no data set 'k'; there are: mnist, "),
        ("fashion", None, "no data set 'fashion'; there are: mnist, fashion-mnist, "),
        ("emnist-let", "ters", "no data set 'emnist-let' with the split 'ters'; there are: "),
        ("--", None, "no data set '--'; there are: mnist, "),
        ("", None, "no data set ''; there are: mnist, "),
    ],
)
def test_names_of_no_set_or_of_several(name, split, message):
    with pytest.raises(ValueError, match=message):
        find(name, split)


@pytest.mark.parametrize(("name", "file"), FILES)
def test_an_entry_agrees_with_its_name_and_has_the_best_hash(name, file):
    match = re.search(r"-idx(\d)-(ubyte|int)\.(gz|xz)$", file.name)
    assert len(file.header.shape) == int(match[1])
    assert file.header.dtype == {"ubyte": np.dtype("u1"), "int": np.dtype(">i4")}[match[2]]
    if file.packed is None:
        assert (name, file.name) in NO_HASH
    else:
        pattern = r"md5:[0-9a-f]{32}" if name in MD5_ONLY else r"sha256:[0-9a-f]{64}"
        assert re.fullmatch(pattern, file.packed)
    assert file.raw is None or re.fullmatch(r"(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})", file.raw)


@pytest.mark.parametrize("name", datasets())
def test_mirrors_speak_https(name):
    dataset = datasets()[name]
    archive = dataset.archive
    mirrors = dataset.mirrors if archive is None else archive.mirrors
    assert mirrors
    for mirror in mirrors:
        parts = urlsplit(mirror)
        assert (parts.scheme, parts.username, parts.query) == ("https", None, "")
        assert mirror.endswith("/")


@pytest.mark.parametrize("name", datasets())
def test_as_many_labels_as_images(name):
    counts = [file.header.shape[0] for file in datasets()[name].files]
    images = [file.header.shape[0] for file in datasets()[name].files if "idx3" in file.name]
    assert all(counts.count(n) >= 2 * images.count(n) for n in images)
    side = 32 if name == "spots-10" else 28
    assert all(
        file.header.shape[1:] == (side, side)
        for file in datasets()[name].files
        if "idx3" in file.name
    )


def test_names_in_the_archive():
    """As torchvision, mnists and emnist have them."""
    archive = archives()["emnist"]
    assert archive.file.name == "gzip.zip"
    assert [file.name for file in find("emnist-letters").files] == [
        "emnist-letters-train-images-idx3-ubyte.gz",
        "emnist-letters-train-labels-idx1-ubyte.gz",
        "emnist-letters-test-images-idx3-ubyte.gz",
        "emnist-letters-test-labels-idx1-ubyte.gz",
    ]
    for name, dataset in datasets().items():
        assert (dataset.archive is archive) == name.startswith("emnist-")
        for file in dataset.files if dataset.archive else ():
            assert archive.member(file.name).startswith(f"gzip/{name}-t")


def test_hashes_are_of_different_files():
    hashes = [h for _, file in FILES for h in (file.packed, file.raw) if h]
    assert len(set(hashes)) == len(hashes)


def test_classes():
    assert datasets()["fashion-mnist"].classes[9] == "Ankle boot"
    assert datasets()["kmnist"].classes[3] == "tsu"
    assert datasets()["notmnist"].classes[9] == "J"
    letters = datasets()["emnist-letters"].classes
    assert list(letters) == list(range(1, 27))
    assert (letters[1], letters[26]) == ("a", "z")
    counts = {name: len(dataset.classes) for name, dataset in datasets().items()}
    assert counts.pop("emnist-byclass") == 62
    assert counts.pop("emnist-bymerge") == counts.pop("emnist-balanced") == 47
    assert counts.pop("emnist-letters") == 26
    assert set(counts.values()) == {10}


def test_the_limit_is_the_size_or_what_bad_packing_takes():
    header = Header(np.dtype("u1"), (697932, 28, 28))
    assert File("x.gz", header, size=123, packed="sha256:0").limit == 123
    loose = File("x.gz", header, size=123, packed="sha256:0", raw="sha256:1").limit
    assert loose == File("x.gz", header).limit
    content = 16 + math.prod(header.shape)
    # zlib's compressBound, and room for names in the header.
    assert content + content // 4096 + content // 16384 + 4096 < loose < 1.01 * content


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("number", range(4))
def test_real_files(name, number):
    file = datasets()[name].files[number]
    path = REAL / name / file.name
    if not path.exists():
        pytest.skip("the published files are not at hand")
    assert path.stat().st_size == file.size
    packed_anew = File(file.name, file.header, packed="sha256:0", raw=file.raw)
    with path.open("rb") as opened:
        verify(opened, file, "by its packing")
        verify(opened, packed_anew, "by its content")
        verify(opened, File(file.name, file.header), "by its shape")
