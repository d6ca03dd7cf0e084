"""The drop-in module for scikit-learn's fetch_openml, against what is known of it."""

import inspect

import numpy as np
import pytest

from idxfast.compat.sklearn import fetch_openml


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
def test_arrays(family, expected, parser, dtype):
    data, target = fetch_openml(
        "mnist_784", data_home=family.packed, return_X_y=True, as_frame=False, parser=parser
    )
    assert data.dtype == dtype
    assert np.array_equal(data, expected[0])
    assert target.dtype == object
    assert target.tolist() == expected[1]


def test_frames(family, expected):
    pandas = pytest.importorskip("pandas")
    data, target = fetch_openml(data_id=554, data_home=family.raw, return_X_y=True)
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
def test_bunch(family, expected, as_frame):
    utils = pytest.importorskip("sklearn.utils")
    bunch = fetch_openml("mnist_784", data_home=family.packed, as_frame=as_frame)
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
    else:
        assert bunch.frame is None


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
    assert no_download == [(name, tmp_path)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"name": "mnist_784", "data_id": 554},
        {"name": "iris"},
        {"data_id": 61},
        {"name": "mnist_784", "target_column": "pixel1"},
    ],
    ids=str,
)
def test_what_is_not_known_is_refused(options):
    with pytest.raises(ValueError):
        fetch_openml(**options)
