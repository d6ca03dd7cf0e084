"""Which files belong together."""

import pytest

from idxfast.datasets.pairs import find_pair

STANDARD = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]
EMNIST = [
    f"emnist-{split}-{kind}-{what}-ubyte.gz"
    for split in ("letters", "digits")
    for kind in ("train", "test")
    for what in ("images-idx3", "labels-idx1")
]
QMNIST = [
    "qmnist-train-images-idx3-ubyte.gz",
    "qmnist-train-labels-idx2-int.gz",
    "qmnist-test-images-idx3-ubyte.gz",
    "qmnist-test-labels-idx2-int.gz",
    "qmnist-test-labels-idx1-ubyte.gz",
]
XNIST = ["xnist-images-idx3-ubyte.xz", "xnist-labels-idx2-int.xz"]
KANNADA = [
    f"{what}_{kind}-{idx}-ubyte.gz"
    for kind in ("kannada_MNIST_train", "kannada_MNIST_test", "dig_MNIST")
    for what, idx in (("X", "idx3"), ("y", "idx1"))
]
NOISE = [
    "README.md",
    ".train-images-idx3-ubyte.gz.part",
    ".train-images-idx3-ubyte.gz.lock",
    "train-images-idx3-ubyte.gz.part",
    "train-images-idx3-ubyte.png",
    "train-masks-idx3-ubyte",
    "train.csv",
    "--idx3-ubyte",
]
LETTER = ["emnist-x-train-images-idx3-ubyte.gz", "emnist-x-train-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize(
    ("names", "kind", "images", "labels"),
    [
        (STANDARD, "train", STANDARD[0], STANDARD[1]),
        (STANDARD, "t10k", STANDARD[2], STANDARD[3]),
        (STANDARD, "test", STANDARD[2], STANDARD[3]),
        (
            ["train-images.idx3-ubyte", "train-labels.idx1-ubyte.gz"],
            "train",
            "train-images.idx3-ubyte",
            "train-labels.idx1-ubyte.gz",
        ),
        (
            ["test-images-idx3-ubyte", "test-labels-idx1-ubyte"],
            "t10k",
            "test-images-idx3-ubyte",
            "test-labels-idx1-ubyte",
        ),
        (EMNIST, "letters-train", EMNIST[0], EMNIST[1]),
        (EMNIST, "emnist-digits-t10k", EMNIST[6], EMNIST[7]),
        (EMNIST[:4], "test", EMNIST[2], EMNIST[3]),
        (EMNIST + STANDARD, "train", STANDARD[0], STANDARD[1]),
        (LETTER, "train", LETTER[0], LETTER[1]),
        (QMNIST, "train", QMNIST[0], QMNIST[1]),
        (QMNIST, "test", QMNIST[2], QMNIST[3]),
        (QMNIST + XNIST, "xnist", XNIST[0], XNIST[1]),
        (KANNADA, "train", KANNADA[0], KANNADA[1]),
        (KANNADA, "test", KANNADA[2], KANNADA[3]),
        (KANNADA, "dig", KANNADA[4], KANNADA[5]),
        (
            ["mnist8m-patterns-idx3-ubyte", "mnist8m-labels-idx1-ubyte"],
            "mnist8m",
            "mnist8m-patterns-idx3-ubyte",
            "mnist8m-labels-idx1-ubyte",
        ),
        (
            ["cifar10-train-images-idx4-ubyte", "cifar10-train-labels-idx1-short"],
            "train",
            "cifar10-train-images-idx4-ubyte",
            "cifar10-train-labels-idx1-short",
        ),
    ],
)
def test_pairs(names, kind, images, labels):
    assert find_pair([*NOISE, *names], kind, "here") == (images, labels)
    assert find_pair([*reversed(names), *NOISE], kind, "here") == (images, labels)


@pytest.mark.parametrize("what", ["images-idx3", "labels-idx1"])
def test_of_several_forms_of_a_file_the_fastest_to_read(what):
    other = {"images-idx3": "labels-idx1", "labels-idx1": "images-idx3"}[what]
    forms = [f"train-{what}-ubyte{suffix}" for suffix in ("", ".gz", ".xz", ".bz2")]
    forms.append(f"train-{what.replace('-', '.')}-ubyte")
    for first in range(len(forms)):
        names = [*reversed(forms[first:]), f"train-{other}-ubyte.bz2"]
        assert forms[first] in find_pair(names, "train", "here")


T10K = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
TEST = ["test-images-idx3-ubyte.gz", "test-labels.idx1-ubyte"]
CAPITALS = ["TEST-images-idx3-ubyte", "TEST-labels-idx1-ubyte"]


@pytest.mark.parametrize(
    ("names", "kind", "expected"),
    [
        (T10K + TEST, "test", TEST),
        (T10K + TEST, "t10k", T10K),
        (T10K[:1] + TEST, "test", TEST),
        (T10K[:1] + TEST, "t10k", TEST),
        (T10K[1:] + TEST, "t10k", TEST),
        (TEST + CAPITALS, "TEST", CAPITALS),
        ([f"set-{name}" for name in T10K + TEST], "test", [f"set-{name}" for name in TEST]),
        (TEST + CAPITALS[:1], "TEST", TEST),
        (TEST[:1] + T10K[1:], "test", [TEST[0], T10K[1]]),
        (TEST[:1] + CAPITALS[1:], "test", [TEST[0], CAPITALS[1]]),
        (STANDARD[:2] + TEST[:1] + T10K[1:], "test", [TEST[0], T10K[1]]),
    ],
)
def test_images_and_labels_are_of_the_same_set(names, kind, expected):
    """If spellings differ, files with the same spelling belong together."""
    assert list(find_pair(names, kind, "here")) == expected
    assert list(find_pair(names[::-1], kind, "here")) == expected


def test_of_sets_that_are_written_otherwise_none_is_guessed():
    with pytest.raises(ValueError, match=r"several sets are of kind 'Test': t10k, test; say which"):
        find_pair(T10K + TEST, "Test", "here")
    for names in (T10K[:1] + TEST[:1] + CAPITALS[1:], T10K[1:] + TEST[1:] + CAPITALS[:1]):
        with pytest.raises(FileNotFoundError):
            find_pair(names, "test", "here")


def test_of_several_forms_the_dashed_and_unpacked_is_chosen():
    stems = ["train-images-idx3-ubyte", "train-images.idx3-ubyte"]
    names = [stem + ending for stem in stems for ending in ("", ".gz")]
    for first in range(4):
        chosen = find_pair([*names[first:], "train-labels-idx1-ubyte"], "train", "here").images
        assert chosen == names[first]


@pytest.mark.parametrize(
    ("names", "kind", "known"),
    [
        ([], "train", "none at all"),
        (NOISE, "train", "none at all"),
        (STANDARD[:1] + STANDARD[3:], "train", "none at all"),
        (STANDARD, "dev", "t10k, train"),
        (STANDARD, "trai", "t10k, train"),
        (STANDARD[:3], "test", "train"),
        (EMNIST, "train-letters", "emnist-digits-test, "),
    ],
)
def test_none(names, kind, known):
    message = f"^here: no images with labels of kind '{kind}'; there are: {known}"
    with pytest.raises(FileNotFoundError, match=message):
        find_pair(names, kind, "here")


FASHION = ["fashion-mnist-train-images-idx3-ubyte", "fashion-mnist-train-labels-idx1-ubyte"]
MNIST = [name.removeprefix("fashion-") for name in FASHION]


@pytest.mark.parametrize("kind", ["mnist-train", "MNIST", "mnist.train"])
def test_mnist_is_not_fashion_mnist(kind):
    with pytest.raises(FileNotFoundError, match=r"there are: fashion-mnist-train$"):
        find_pair(FASHION, kind, "here")
    assert list(find_pair(FASHION + MNIST, kind, "here")) == MNIST
    assert list(find_pair(FASHION + MNIST, "fashion-mnist-train", "here")) == FASHION


def test_several():
    with pytest.raises(ValueError, match=r"here: .*emnist-digits-train, emnist-letters-train"):
        find_pair(EMNIST, "train", "here")
