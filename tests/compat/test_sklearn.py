"""The drop-in module for scikit-learn's fetch_openml: its results are compared with the facts about the original."""

import inspect
import os

import numpy as np
import pytest

import idxfast
from idxfast.compat.sklearn import fetch_openml


@pytest.fixture(params=["raw", "packed"])
def home(request, family, tmp_path):
    """A data_home with the small set as MNIST."""
    (tmp_path / "mnist").symlink_to(getattr(family, request.param))
    return tmp_path


def test_a_home_in_the_user_s_own_folder(home, expected, monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: str(path).replace("~", str(home)))
    data, _ = fetch_openml("mnist_784", data_home="~", return_X_y=True, as_frame=False)
    assert np.array_equal(data, expected[0])


@pytest.fixture(scope="module")
def expected(family):
    images = np.concatenate([family.train[0], family.t10k[0]]).reshape(10, 20)
    labels = [str(label) for label in np.concatenate([family.train[1], family.t10k[1]])]
    return images, labels


def test_signature():
    theirs = pytest.importorskip("sklearn.datasets").fetch_openml
    names = [
        (name, parameter.kind, parameter.default)
        for name, parameter in inspect.signature(theirs).parameters.items()
    ]
    ours = [
        (name, parameter.kind, parameter.default)
        for name, parameter in inspect.signature(fetch_openml).parameters.items()
    ]
    assert ours == names


@pytest.mark.parametrize(("parser", "dtype"), [("auto", "int64"), ("liac-arff", "float64")])
def test_arrays(home, expected, parser, dtype):
    data, target = fetch_openml(
        "mnist_784", data_home=home, return_X_y=True, as_frame=False, parser=parser
    )
    assert data.dtype == dtype
    assert np.array_equal(data, expected[0])
    assert target.dtype == object
    assert target.tolist() == expected[1]


def test_frames(home, expected):
    pandas = pytest.importorskip("pandas")
    data, target = fetch_openml(data_id=554, data_home=home, return_X_y=True)
    assert isinstance(data, pandas.DataFrame)
    assert list(data.columns) == [f"pixel{number}" for number in range(1, 21)]
    assert (data.dtypes == np.int64).all()
    assert np.array_equal(data, expected[0])
    assert isinstance(target, pandas.Series)
    assert target.name == "class"
    assert isinstance(target.dtype, pandas.CategoricalDtype)
    assert target.cat.categories.tolist() == sorted(set(expected[1]))
    assert target.tolist() == expected[1]


@pytest.mark.parametrize("as_frame", ["auto", True, False])
def test_bunch(home, expected, as_frame):
    utils = pytest.importorskip("sklearn.utils")
    bunch = fetch_openml("mnist_784", data_home=home, as_frame=as_frame)
    assert isinstance(bunch, utils.Bunch)
    assert set(bunch) == {
        "data", "target", "frame", "categories", "feature_names", "target_names", "DESCR",
        "details", "url",
    }  # fmt: skip
    assert np.array_equal(bunch.data, expected[0])
    assert list(bunch.target) == expected[1]
    assert bunch.feature_names == [f"pixel{number}" for number in range(1, 21)]
    assert bunch.target_names == ["class"]
    assert bunch.details["name"] == "mnist_784"
    assert "7 training and 3 test" in bunch.DESCR
    assert bunch.url == "https://www.openml.org/d/554"
    if as_frame:
        assert list(bunch.frame.columns) == [*bunch.feature_names, "class"]
        assert np.array_equal(bunch.frame[bunch.feature_names], expected[0])
        assert bunch.frame["class"].tolist() == expected[1]
        assert bunch.categories is None
    else:
        assert bunch.frame is None


@pytest.mark.parametrize("parser", ["auto", "pandas", "liac-arff"])
def test_categories(home, expected, parser):
    pytest.importorskip("sklearn.utils")
    bunch = fetch_openml("mnist_784", data_home=home, as_frame=False, parser=parser)
    found = {} if parser == "liac-arff" else {"class": sorted(set(expected[1]))}
    assert bunch.categories == found


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"name": "mnist_784"}, "mnist"),
        ({"name": "Fashion-MNIST"}, "fashion-mnist"),
        ({"data_id": 40996}, "fashion-mnist"),
        ({"name": "Kuzushiji-MNIST"}, "kmnist"),
        ({"data_id": 41982}, "kmnist"),
    ],
)
def test_what_is_not_there_is_downloaded(tmp_path, no_download, options, name):
    with pytest.raises(FileNotFoundError):
        fetch_openml(**options, data_home=tmp_path)
    assert no_download == [(name, os.path.join(tmp_path, name))]


KINDS = {"train": "train", "test": "t10k"}


def test_without_a_folder_the_cache_of_the_data_sets_is_used(family, monkeypatch):
    monkeypatch.setattr(
        "idxfast.datasets.load", lambda name, kind, directory, **_: getattr(family, KINDS[kind])
    )
    assert fetch_openml("mnist_784", return_X_y=True, as_frame=False)[0].shape == (10, 20)


def test_each_set_has_a_folder_of_its_own(tmp_path, oracle):
    names = {"mnist_784": "mnist", "Fashion-MNIST": "fashion-mnist", "Kuzushiji-MNIST": "kmnist"}
    for label, folder in enumerate(names.values()):
        (tmp_path / folder).mkdir()
        for stem in ("train", "t10k"):
            (tmp_path / folder / f"{stem}-images-idx3-ubyte").write_bytes(oracle.pack(8, (1, 2, 2)))
            labels = oracle.pack(8, (1,), bytes([label]))
            (tmp_path / folder / f"{stem}-labels-idx1-ubyte").write_bytes(labels)
    for label, name in enumerate(names):
        bunch = fetch_openml(name, data_home=tmp_path, as_frame=False)
        assert bunch.target.tolist() == [str(label)] * 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"name": "mnist_784", "data_id": 554},
        {"name": "iris"},
        {"data_id": 61},
        {"name": "mnist_784", "target_column": "pixel1"},
        {"name": "mnist_784", "parser": "arff"},
        {"name": "mnist_784", "as_frame": "yes"},
    ],
    ids=str,
)
def test_what_is_not_known_is_refused(home, options):
    with pytest.raises(ValueError):
        fetch_openml(**options, data_home=home)


@pytest.mark.parametrize(
    "shapes",
    [
        [(0, 9, 9), (0, 9, 9)],
        [(2, 0, 9), (1, 0, 9)],
        [(2, 3, 4), (1, 4, 3)],
        [(2, 3, 4), (0, 9, 9)],
    ],
    ids=str,
)
def test_images_that_make_no_table(tmp_path, shapes):
    (tmp_path / "mnist").mkdir()
    for stem, shape in zip(("train", "t10k"), shapes, strict=True):
        for name, array in (
            ("images-idx3", np.zeros(shape, np.uint8)),
            ("labels-idx1", np.zeros(shape[0], np.uint8)),
        ):
            idxfast.save(tmp_path / "mnist" / f"{stem}-{name}-ubyte", array)
    with pytest.raises(idxfast.IdxError, match="do not make one table") as caught:
        fetch_openml("mnist_784", data_home=tmp_path, as_frame=False, return_X_y=True)
    assert caught.value.filename == str(tmp_path / "mnist")
    assert caught.value.found == f"{shapes[0]} and {shapes[1]}"
