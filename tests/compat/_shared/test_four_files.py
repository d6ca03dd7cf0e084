"""The four files of MNIST in a folder."""

import shutil

import pytest

from idxfast.compat._shared import four_files


@pytest.mark.parametrize("folder", ["raw", "packed"])
def test_load_four(family, same, folder):
    same(four_files.load_four(str(getattr(family, folder))), (family.train, family.t10k))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        four_files.load_four(str(tmp_path))


NAMES = [
    "{kind}-{role}.idx{n}-ubyte",
    "{kind}-{role}-idx{n}-ubyte (1).gz",
    "{kind}_{role}.bin",
    "sub/{kind}-{role}-idx{n}-ubyte.gz",
    "{kind}-{role}-idx{n}-ubyte/{kind}-{role}-idx{n}-ubyte",
]


def copy(family, folder, form, prefix=""):
    """The small set under other names."""
    for kind in ("train", "t10k"):
        for role, n in (("images", 3), ("labels", 1)):
            path = folder / (prefix + form.format(kind=kind, role=role, n=n))
            path.parent.mkdir(parents=True, exist_ok=True)
            source = family.packed if path.suffix == ".gz" else family.raw
            ending = path.suffix if path.suffix == ".gz" else ""
            shutil.copy(source / f"{kind}-{role}-idx{n}-ubyte{ending}", path)


@pytest.mark.parametrize("form", NAMES)
def test_files_under_other_names_are_found(form, family, same, tmp_path):
    copy(family, tmp_path, form)
    assert four_files.has_four(tmp_path)
    same(four_files.load_four(str(tmp_path)), (family.train, family.t10k))


@pytest.mark.parametrize("renamed", four_files.TRAIN)
def test_one_of_a_pair_under_another_name_is_found(renamed, family, tmp_path):
    copy(family, tmp_path, "{kind}-{role}-idx{n}-ubyte")
    other = renamed.replace("-idx", ".idx")
    (tmp_path / renamed).rename(tmp_path / other)
    expected = [other if name == renamed else name for name in four_files.TRAIN]
    found = four_files.find_pair(tmp_path, four_files.TRAIN)
    assert found == tuple(str(tmp_path / name) for name in expected)


def test_another_folder_may_be_searched(family, tmp_path):
    copy(family, tmp_path, "{kind}-{role}-idx{n}-ubyte")
    missing = tmp_path / "missing"
    assert four_files.find_pair(missing, four_files.TRAIN, below=tmp_path) is not None


def test_the_names_of_the_original_come_first(family, tmp_path):
    copy(family, tmp_path, "{kind}-{role}-idx{n}-ubyte.gz")
    copy(family, tmp_path, "{kind}-{role}.idx{n}-ubyte")
    copy(family, tmp_path, "{kind}-{role}-idx{n}-ubyte")
    found = four_files.find_pair(tmp_path, four_files.TRAIN, (".gz",))
    assert found == tuple(str(tmp_path / f"{name}.gz") for name in four_files.TRAIN)


@pytest.mark.parametrize(
    "names",
    [
        ("train-images-a", "train-labels-b"),
        ("train-labels-a", "train-images-a"),
        ("train-a", "train-a"),
    ],
)
def test_names_that_do_not_belong_together_stay_missing(names, family, tmp_path):
    """Labels of the same set as the images are not those that were asked for."""
    copy(family, tmp_path, "{kind}-{role}-a.idx{n}-ubyte")
    assert four_files.find_pair(tmp_path, names) is None
    assert four_files.find_pair(tmp_path, ("train-images-a", "train-labels-a")) is not None


def test_other_sets_and_doubtful_files_are_not_taken(family, tmp_path):
    copy(family, tmp_path, "{kind}-{role}-idx{n}-ubyte", prefix="emnist-letters-")
    assert four_files.find_pair(tmp_path, four_files.TRAIN) is None
    copy(family, tmp_path, "{kind}_{role}.bin")
    assert four_files.find_pair(tmp_path, four_files.TRAIN) is not None
    copy(family, tmp_path, "{kind}_{role}.idx")
    assert four_files.find_pair(tmp_path, four_files.TRAIN) is None
    assert four_files.find_pair(tmp_path / "missing", four_files.TRAIN) is None
