"""Which files belong together, and which of several forms of a file is taken."""

import numpy as np
import pytest

from idxfast import FormatError, Header, IdxError
from idxfast.datasets.groups import AmbiguousError, groups_of, resolve, some
from idxfast.datasets.looking import Entry
from idxfast.datasets.naming import name_of

IMAGES, LABELS = (5, 4, 3), (5,)


def entry(path, shape, *, error=None, member="", identity=None):
    parts = tuple(path.split("/"))
    header = Header(np.dtype("u1"), shape)
    return Entry(
        path, parts, name_of(parts), header, error, identity or (hash(path),), "raw",
        "zip" if member else None, member,
    )  # fmt: skip


def chosen(*files):
    """The paths that are taken of some files, whatever their order."""
    results = []
    for order in (files, files[::-1]):
        (group,) = groups_of(order)
        assert group.is_complete
        results.append([entry.path for entry in resolve(group)])
    assert results[0] == results[1]
    return results[0]


def test_groups():
    files = [
        entry("train-images-idx3-ubyte", IMAGES),
        entry("train-labels-idx1-ubyte", LABELS),
        entry("t10k-images-idx3-ubyte", IMAGES),
        entry("sub/train-images.idx", IMAGES),
        entry("sub/5", LABELS),
        entry("number", ()),
    ]
    groups = groups_of(files)
    assert [(group.depth, group.words, group.is_complete) for group in groups] == [
        (0, ("train",), True),
        (0, ("test",), False),
        (1, ("sub", "train"), False),
        (1, ("sub", "5"), False),
    ]
    assert groups[3].labels == (files[4],)


@pytest.mark.parametrize(
    "worse",
    [
        "train-labels.idx1-ubyte",
        "train-labels-idx1-ubyte.gz",
        "train-labels-idx1-ubyte (1)",
        "train_labels.bin",
        "TRAIN-LABELS-IDX1-UBYTE",
        "train-labels-idx1-ubyte/train-labels-idx1-ubyte",
    ],
)
def test_the_better_of_two(worse):
    best = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]
    files = entry(best[0], IMAGES), entry(best[1], LABELS), entry(worse, LABELS)
    assert chosen(*files) == best


def test_files_of_one_style_belong_together():
    for style in ("{}.bin", "{} (1)", "{0}/{0}"):
        paths = [style.format("train-images-idx3-ubyte"), style.format("train-labels-idx1-ubyte")]
        files = entry(paths[0], IMAGES), entry(paths[1], LABELS)
        assert chosen(*files, entry("train-labels.idx1-ubyte", LABELS)) == paths
    alone = [entry("train-images.bin", IMAGES), entry("train-labels-idx1-ubyte", LABELS)]
    assert chosen(*alone) == ["train-images.bin", "train-labels-idx1-ubyte"]


def test_files_are_better_than_members():
    files = [
        entry("train-images.idx", IMAGES),
        entry("train-labels.idx.zip/train-labels.idx", LABELS, member="train-labels.idx"),
    ]
    assert chosen(*files)[1] == files[1].path
    assert chosen(*files, entry("train-labels.idx", LABELS))[1] == "train-labels.idx"


def test_whole_tables_are_better_than_classes_alone():
    files = [
        entry("qmnist-test-images-idx3-ubyte.gz", IMAGES),
        entry("qmnist-test-labels-idx2-int.gz", (5, 8)),
        entry("qmnist-test-labels-idx1-ubyte", LABELS),
    ]
    assert chosen(*files) == [files[0].path, files[1].path]


def test_names_that_nobody_publishes_do_not_say_which_is_the_whole_table():
    files = [
        entry("train-images.idx", IMAGES),
        entry("train-labels.idx", (5, 8)),
        entry("train_labels.bin", LABELS),
    ]
    (group,) = groups_of(files)
    with pytest.raises(AmbiguousError, match=r"^train-labels\.idx, train_labels\.bin$"):
        resolve(group)


def test_what_is_undamaged_and_fits_is_better():
    images = entry("train-images-idx3-ubyte", IMAGES)
    damaged = entry("train-labels-idx1-ubyte", LABELS, error=IdxError("damaged"))
    other = entry("train-labels-idx1-ubyte", (5, 4, 3))
    for ending in (".gz", " (1)"):
        good = entry(f"train-labels-idx1-ubyte{ending}", LABELS)
        assert chosen(images, damaged, good)[1] == good.path
        assert chosen(images, other, good)[1] == good.path


def test_a_damaged_file_of_the_same_style_is_not_preferred():
    files = [
        entry("train-images.bin", IMAGES),
        entry("train-labels.bin", LABELS, error=IdxError("damaged")),
        entry("train-labels-idx1-ubyte", LABELS),
    ]
    assert chosen(*files) == ["train-images.bin", "train-labels-idx1-ubyte"]


def test_the_damage_of_several_forms_is_reported():
    """Of such files, not even the shape may be known."""
    forms = [
        entry(f"train-labels-idx1-ubyte{ending}", LABELS, error=IdxError("damaged"))._replace(
            header=None
        )
        for ending in ("", ".gz")
    ]
    (group,) = groups_of([entry("train-images-idx3-ubyte", IMAGES), *forms])
    with pytest.raises(IdxError, match="damaged"):
        resolve(group)


def test_no_other_file_takes_the_place_of_a_damaged_one():
    """Were the first one whole, it would be taken. The other may hold another set."""
    labels = entry("train-labels-idx1-ubyte", LABELS)
    for damaged, match in (
        (entry("train-images-idx3-ubyte", IMAGES, error=IdxError("damaged")), "damaged"),
        (entry("train-images-idx3-ubyte", LABELS), "named after images"),
        (entry("train.images.bin", IMAGES, error=IdxError("damaged")), "damaged"),
    ):
        (group,) = groups_of([damaged, entry("train_images.idx", IMAGES), labels])
        with pytest.raises(IdxError, match=match):
            resolve(group)


@pytest.mark.parametrize(
    "paths",
    [
        ["train-labels.bin", "train_labels.idx"],
        ["train-labels.bin", "train-label.bin.gz"],
        ["train-labels.bin.gz", "train-labels.bin.GZ"],
        ["train-labels-idx1-ubyte (1)", "train-labels-idx1-ubyte (2)"],
        ["train-labels-idx1-ubyte (1)", "train-labels-idx1-ubyte (2).gz"],
        ["train-labels-idx1-ubyte", "TRAIN-labels-idx1-ubyte"],
        ["train-labels-idx1-ubyte", "training-labels-idx1-ubyte"],
    ],
)
def test_nothing_is_guessed(paths):
    files = [entry("train-images-idx3-ubyte", IMAGES), *(entry(path, LABELS) for path in paths)]
    (group,) = groups_of(files)
    with pytest.raises(AmbiguousError) as caught:
        resolve(group)
    assert str(caught.value) == ", ".join(paths)


def test_long_lists_of_files_are_cut():
    files = [entry(f"train-labels ({n}).idx", LABELS) for n in range(1000)]
    (group,) = groups_of([entry("train-images.idx", IMAGES), *files])
    with pytest.raises(AmbiguousError, match=r"train-labels \(11\)\.idx, and 988 more$"):
        resolve(group)


def test_a_list_that_is_just_short_enough():
    assert some(["a", "b"], ", ", 2) == "a, b"
    assert some(["a", "b", "c"], ", ", 2) == "a, b, and 1 more"


def test_two_links_to_one_file_are_one():
    files = [entry(f"train-labels ({n}).idx", LABELS, identity=(1,)) for n in (1, 2)]
    (group,) = groups_of([entry("train-images.idx", IMAGES), *files])
    assert resolve(group).labels in files


def test_errors():
    damage = IdxError("damaged")
    for images, labels, error, match in (
        (entry("images", IMAGES, error=damage), entry("labels", LABELS), IdxError, "damaged"),
        (entry("images", LABELS), entry("labels", LABELS), FormatError, "named after images"),
        (entry("images", LABELS), entry("labels", IMAGES), FormatError, "named after images"),
        (entry("images", IMAGES), entry("labels", IMAGES), FormatError, "named after labels"),
        (entry("images", IMAGES), entry("labels", (4,)), IdxError, "expected 5, found 4"),
    ):
        (group,) = groups_of([images, labels])
        with pytest.raises(error, match=match):
            resolve(group)
