"""What the path of a file says."""

import pytest

from idxfast.datasets.naming import contains, kind_of_folder, name_of, words_of_kind

TRAIN_IMAGES = [
    "train-images-idx3-ubyte.gz",
    "train-images.idx3-ubyte",
    "train_images_idx3_ubyte",
    "train-images-ubyte",
    "train-images.bin",
    "train-images.idx",
    "train-images.idx.xz",
    "train-images-idx3-ubyte (1).gz",
    "train-images-idx3-ubyte(2)",
    "train-images (1).idx3-ubyte",
    "train-images-idx3-ubyte.gz.1",
    "train-images-idx3-ubyte - Copy.gz",
    "Copy of train-images-idx3-ubyte.gz",
    "TRAIN-IMAGES-IDX3-UBYTE.GZ",
    "TrainImages.idx",
    "trainImages.uByte",
    "trainimages.bin",
    "X_train.idx",
    "train_x.idx",
    "xtrain.bin",
    "training_image.dat",
    "train.idx3-ubyte",
    "train_data.idx3-ubyte",
    "train/images-idx3-ubyte",
    "images/train.idx",
    "train-images-idx3-ubyte/train-images-idx3-ubyte",
    "train-images-idx3-ubyte.zip/train-images.idx3-ubyte",
    "train-images-idx3-ubyte.zip/inner/train-images-idx3-ubyte.gz",
]


@pytest.mark.parametrize("path", TRAIN_IMAGES)
def test_spellings_of_training_images(path):
    name = name_of(path.split("/"))
    assert (name.words, name.role, name.depth) == (("train",), "images", 0)


@pytest.mark.parametrize("path", TRAIN_IMAGES)
def test_spellings_of_test_labels(path):
    for old, new in (
        ("images", "labels"), ("Images", "Labels"), ("IMAGES", "LABELS"), ("image.", "lbl."),
        ("idx3", "idx1"), ("IDX3", "IDX1"), ("X_", "y_"), ("_x.", "_y."), ("xtrain", "ytrain"),
        ("training", "testing"), ("train", "test"), ("Train", "Test"), ("TRAIN", "T10K"),
    ):  # fmt: skip
        path = path.replace(old, new)
    name = name_of(path.split("/"))
    assert (name.words, name.role) == (("test",), "labels")


@pytest.mark.parametrize(
    ("path", "words", "role", "depth"),
    [
        ("MNIST/raw/train-images-idx3-ubyte", ("mnist", "train"), "images", 2),
        ("FashionMNIST/raw/t10k-labels-idx1-ubyte.gz", ("fashionmnist", "test"), "labels", 2),
        ("fashion-mnist/train-labels-idx1-ubyte.gz", ("fashionmnist", "train"), "labels", 1),
        ("EMNIST/raw/emnist-letters-test-images-idx3-ubyte", ("emnist", "letters", "test"), "images", 2),
        (f"hub/datasets/snapshots/{40 * 'a'}/train-images.idx", ("train",), "images", 4),
        ("gzip/archive/train-images.idx", ("train",), "images", 2),
        ("qmnist-train-labels-idx2-int.gz", ("qmnist", "train"), "labels", 0),
        ("xnist-images-idx3-ubyte.xz", ("xnist",), "images", 0),
        ("X_kannada_MNIST_test-idx3-ubyte.gz", ("kannada", "mnist", "test"), "images", 0),
        ("y_dig_MNIST-idx1-ubyte.gz", ("dig", "mnist"), "labels", 0),
        ("emnist-x-train-images-idx3-ubyte.gz", ("emnist", "x", "train"), "images", 0),
        ("mnist8m-patterns-idx3-ubyte", ("mnist8m",), "images", 0),
        ("cifar10-train-images-idx4-ubyte", ("cifar10", "train"), "images", 0),
        ("mnist-images/train.idx", ("mnist", "train"), "images", 1),
        ("x-train-labels.idx", ("x", "train"), "labels", 0),
        ("train/extra/test-images.idx", ("extra", "test"), "images", 1),
        ("set/validation/labels.idx", ("set", "validation"), "labels", 1),
        ("images.idx", (), "images", 0),
        ("digits_train_x.idx", ("digits", "train"), "images", 0),
        ("digits_train_y.idx", ("digits", "train"), "labels", 0),
        ("train-val-images.idx", ("train", "validation"), "images", 0),
        ("train-image-labels.idx", ("image", "train"), "labels", 0),
        ("something", ("something",), None, 0),
        ("..", (), None, 0),
        ("(1)", ("1",), None, 0),
        (".gz", ("gz",), None, 0),
        ("copy", ("copy",), None, 0),
    ],
)  # fmt: skip
def test_words_of_sets(path, words, role, depth):
    name = name_of(path.split("/"))
    assert (name.words, name.role, name.depth) == (words, role, depth)


def test_own_words_are_those_of_the_file():
    assert name_of(("MNIST", "raw", "train-images-idx3-ubyte")).own_words == ("train",)
    assert name_of(("train", "images-idx3-ubyte")).own_words == ()


def test_the_searched_folder_says_the_kind_if_nothing_else_does():
    assert name_of(("images.idx",), "test").words == ("test",)
    assert name_of(("train-images.idx",), "test").words == ("train",)
    assert kind_of_folder("T10K") == kind_of_folder("test") == "test"
    assert kind_of_folder("test_something") is None


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("images/train.idx", "labels/train.idx", True),
        ("train/images.idx", "train/labels.idx", True),
        ("archive.zip/train-images.idx", "archive/train-labels.idx", False),
        ("images/train.idx", "labels.zip/train.idx", True),
        (
            "train-images.idx.zip/a/train-images.idx",
            "train-labels.idx.tgz/b/train-labels.idx",
            True,
        ),
        ("images/a/images", "labels/b/labels", False),
        ("train.zip/a/train", "train.zip/b/train", False),
        ("set.zip/a/train-images.idx", "set.zip/b/train-labels.idx", False),
        ("A/train-images.idx", "a/train-labels.idx", False),
        ("v1.1/train-images.idx", "v1.2/train-labels.idx", False),
        ("set (1)/train-images.idx", "set (2)/train-labels.idx", False),
        ("++/--", "==/~~", False),
        ("train-images-idx3-ubyte/train-images-idx3-ubyte", "train-labels-idx1-ubyte", True),
        ("a/train-images.idx", "train-labels.idx", False),
        ("a/train-images.idx", "b/train-labels.idx", False),
        ("images/train.idx", "train-labels.idx", False),
        ("train/images.idx", "train-labels.idx", False),
        ("a-images/train.idx", "b-labels/train.idx", False),
        ("train-images/1.idx", "test-labels/1.idx", False),
    ],
)
def test_the_place_of_pairs(one, other, is_same):
    assert (name_of(one.split("/")).place == name_of(other.split("/")).place) is is_same


def test_the_place_after_unpacking():
    for folder, unpacked in (("a.zip", "a"), ("a.tar.gz", "a"), ("a.b", "a.b"), (".zip", ".zip")):
        assert name_of((folder, "train-images.idx")).unpacked == (unpacked,)


def test_preference():
    """The better one of each two files that say the same."""
    better = "train-images-idx3-ubyte"
    for worse in (
        "train-images.bin",
        "train-images-idx3-ubyte (1)",
        "train-images-idx3-ubyte/train-images-idx3-ubyte",
    ):
        assert name_of((better,)).preference < name_of(worse.split("/")).preference
    assert name_of(("train-images.bin",)).preference < name_of((f"{better} (1)",)).preference


def test_copies_and_folders_of_a_role_are_told_apart():
    one, two = (name_of((f"train-images ({n}).idx",)) for n in (1, 2))
    assert (one.stem, one.mark) == ("train-images-idx", " (1)")
    assert (two.stem, two.mark) == ("train-images-idx", " (2)")
    assert name_of(("set (1)", "set")).mark == " (1)"
    assert name_of(("images", "train")).stem != name_of(("img", "train")).stem


def test_containers_of_one_stem():
    names = [name_of((f"train-images-idx3-ubyte{e}",)) for e in ("", ".gz", ".xz", ".bz2", ".zip")]
    assert len({name.stem for name in names}) == 1
    assert [name.ending for name in names] == [0, 1, 2, 3, 4]
    dotted = name_of(("train-images.idx3-ubyte",))
    assert dotted.stem == names[0].stem
    assert (dotted.is_dotted, names[0].is_dotted) == (True, False)


@pytest.mark.parametrize(
    ("kind", "words", "is_in"),
    [
        ("train", ("mnist", "train"), True),
        ("t10k", ("mnist", "test"), True),
        ("training", ("train",), True),
        ("", ("train",), True),
        ("fashion-mnist-train", ("fashionmnist", "train"), True),
        ("FashionMNIST-train", ("fashionmnist", "train"), True),
        ("FashionMNIST", ("fashionmnist", "train"), True),
        ("train-letters", ("emnist", "letters", "train"), True),
        ("emnist-letters-t10k", ("emnist", "letters", "test"), True),
        ("mnist-train", ("fashionmnist", "train"), False),
        ("trai", ("train",), False),
        ("brain", ("train",), False),
        ("digits-train", ("emnist", "letters", "train"), False),
        ("emnist-train", ("emnist", "letters", "train"), False),
    ],
)
def test_kinds(kind, words, is_in):
    assert contains(words, words_of_kind(kind)) is is_in
