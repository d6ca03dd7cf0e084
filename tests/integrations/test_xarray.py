"""integrations/xarray: the engine "idx"."""

import gzip
import pickle
from importlib import metadata

import numpy as np
import pytest

import idxfast

xr = pytest.importorskip("xarray", reason="needs xarray")
IdxBackendEntrypoint = pytest.importorskip("idxfast.integrations.xarray").IdxBackendEntrypoint

LABELS = (np.arange(400) % 10).astype(np.uint8)
# xarray's issue 10867.
NO_EMPTY_LISTS = pytest.mark.xfail(
    tuple(map(int, xr.__version__.split(".")[:2])) < (2025, 11),
    raises=ValueError,
    reason="this xarray cannot take an empty list from a file",
)


def open_dataset(*arguments, **options):
    """With the class for an engine, which works where idxfast is not installed, too."""
    return xr.open_dataset(*arguments, engine=IdxBackendEntrypoint, **options)


@pytest.fixture
def folder(pack, images, tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(pack(images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(pack(LABELS))
    return tmp_path


def test_images_and_labels(folder, images):
    with open_dataset(folder / "train-images-idx3-ubyte") as found:
        assert dict(found.sizes) == {"sample": len(images), "row": 28, "column": 28}
        assert (list(found), list(found.coords)) == (["images"], ["labels"])
        assert found.images.dims == ("sample", "row", "column")
        assert found.labels.dims == ("sample",)
        assert (found.images.dtype, found.labels.dtype) == (np.uint8, np.uint8)
        assert (found.labels.values == LABELS).all()
        assert (found.images.values == images).all()
        chosen = found.isel(sample=found.labels == 3)
        assert (chosen.images.values == images[LABELS == 3]).all()


@pytest.mark.parametrize(
    "key",
    [
        {"sample": 5},
        {"sample": -1, "row": 2, "column": -3},
        {"sample": slice(3, 300, 7)},
        {"sample": slice(None, None, -3), "column": 4},
        {"sample": [5, 2, 2, -1]},
        {"sample": 3, "column": [1, 5, 2]},
        {"row": -2, "column": [1, 5, 2]},
        {"sample": [3, 399, 7], "row": [1, 0], "column": [5, 5]},
        {"sample": [3, 1], "row": slice(2, 9), "column": 0},
        pytest.param({"sample": []}, marks=NO_EMPTY_LISTS),
    ],
)
def test_indexes(key, folder, images):
    found = open_dataset(folder / "train-images-idx3-ubyte").images.isel(key)
    expected = xr.DataArray(images, dims=("sample", "row", "column")).isel(key)
    assert found.dims == expected.dims
    assert (found.values == expected.values).all()


@pytest.mark.parametrize(
    "key",
    [
        {"sample": 400},
        {"column": 28},
        {"row": 28, "column": [1, 2]},
        {"sample": [1, 400]},
    ],
)
def test_what_does_not_exist(key, folder):
    opened = open_dataset(folder / "train-images-idx3-ubyte")
    names = ["images", "labels"] if "sample" in key else ["images"]
    for name in names:
        # Older versions of xarray raise the error in `isel`, before anything is read.
        with pytest.raises(IndexError):
            _ = opened[name].isel(key).values


def test_points(folder, images):
    """Several lists of numbers along one new dimension."""
    rows, columns = xr.DataArray([1, 5, 9], dims="pixel"), xr.DataArray([2, 2, 7], dims="pixel")
    found = open_dataset(folder / "train-images-idx3-ubyte").images.isel(row=rows, column=columns)
    assert (found.values == images[:, [1, 5, 9], [2, 2, 7]]).all()


def test_nothing_is_read_when_opened(folder, monkeypatch):
    monkeypatch.setattr("idxfast.integrations.shared_file.SharedFile.__getitem__", None)
    found = open_dataset(folder / "train-images-idx3-ubyte")
    assert "images" in repr(found)


def test_pickles(folder, images):
    found = pickle.loads(pickle.dumps(open_dataset(folder / "train-images-idx3-ubyte")))
    assert (found.images[7].values == images[7]).all()


def test_chunks(tmp_path, monkeypatch):
    pytest.importorskip("dask.array", reason="needs dask[array]")
    monkeypatch.setattr("idxfast.integrations.shared_file.CHUNK_BYTES", 200_000)
    images = np.arange(600 * 784, dtype=np.uint32).astype(np.uint8).reshape(600, 28, 28)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    idxfast.save(path, images, seekable=True)
    idxfast.save(tmp_path / "train-labels-idx1-ubyte.gz", images[:, 0, 0])
    with open_dataset(path, chunks={}) as found:
        assert found.chunks == {"sample": (249, 249, 102), "row": (28,), "column": (28,)}
        assert float(found.images.mean()) == pytest.approx(images.mean())
        assert (found.labels.values == images[:, 0, 0]).all()
        means = found.images.load().groupby(found.labels.load()).mean()
        assert float(means.sel(labels=16)[0, 0]) == 16
    with pytest.warns(UserWarning, match="separate the stored chunks"):
        found = open_dataset(path, chunks={"sample": 100})
    with found:
        assert (found.images[250].values == images[250]).all()


def test_other_files(folder, oracle):
    put = {
        "train-labels": (8, (7,)),
        "letters-images-idx4-float": (13, (2, 3, 4, 5)),
        "table": (12, (5, 8)),
        "scalar": (14, ()),
        "emnist-letters-test-images-idx3-ubyte": (8, (2, 28, 28)),
    }
    for name, (code, shape) in put.items():
        (folder / name).write_bytes(oracle.pack(code, shape))
    for name, variable, dimensions in (
        ("train-labels", "labels", ["sample"]),
        ("letters-images-idx4-float", "images", ["sample", "axis_1", "axis_2", "axis_3"]),
        ("table", "data", ["sample", "axis_1"]),
        ("scalar", "data", []),
        ("emnist-letters-test-images-idx3-ubyte", "images", ["sample", "column", "row"]),
    ):
        found = open_dataset(folder / name)
        assert (list(found), list(found[variable].dims)) == ([variable], dimensions)
        name, _, payload = oracle.read((folder / name).read_bytes())
        assert (found[variable].dtype, found[variable].values.tobytes()) == (name, payload)


def test_labels_that_are_not_wanted(folder, pack):
    (folder / "train-labels-idx1-ubyte").write_bytes(pack(LABELS[:-1]))
    path = folder / "train-images-idx3-ubyte"
    with pytest.raises(idxfast.IdxError, match="not as many labels"):
        open_dataset(path)
    for dropped in ("labels", ["labels"]):
        assert list(open_dataset(path, drop_variables=dropped)) == ["images"]
    assert list(open_dataset(path, drop_variables=["images", "labels"])) == []


def test_urls(objects, folder, images):
    for path in folder.iterdir():
        objects.files[path.name] = path.read_bytes()
    url = f"{objects.url}train-images-idx3-ubyte"
    with open_dataset(url) as found:
        assert (found.labels.values == LABELS).all()
        assert (found.images[[5, 3]].values == images[[5, 3]]).all()
    objects.files["train-labels-idx1-ubyte"] = gzip.compress(b"\0\0\x08\x01\0\0\0\x01x")
    with pytest.raises(idxfast.IdxError, match="not as many labels"):
        open_dataset(url)
    del objects.files["train-labels-idx1-ubyte"]
    assert list(open_dataset(url)) == ["images"]


def test_a_file_that_changes(folder, pack, images):
    found = open_dataset(folder / "train-images-idx3-ubyte")
    (folder / "train-images-idx3-ubyte").write_bytes(pack(images[:300]))
    with pytest.raises(idxfast.IdxError, match="replaced or written to"):
        found.images[0].load()


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_dataset(tmp_path / "none")
    with pytest.raises(TypeError):
        open_dataset(3)


def test_the_engine_is_found_by_its_name(folder, images):
    installed = metadata.entry_points(group="xarray.backends", name="idx")
    if not installed:
        pytest.skip("idxfast is not installed, or was before it had this engine")
    assert {entry.load() for entry in installed} == {IdxBackendEntrypoint}
    for options in ({"engine": "idx"}, {}):
        with xr.open_dataset(folder / "train-images-idx3-ubyte", **options) as found:
            assert (found.images[7].values == images[7]).all()


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("train-images-idx3-ubyte.gz", True),
        ("s3://bucket/t10k-labels-idx1-ubyte", True),
        ("zip://train-images-idx3-ubyte::https://a.org/x.zip", True),
        ("data.nc", False),
        (b"bytes", False),
        (5, False),
    ],
)
def test_which_names_it_claims(name, is_ours):
    assert IdxBackendEntrypoint().guess_can_open(name) is is_ours
