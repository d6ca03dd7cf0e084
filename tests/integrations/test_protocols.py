"""Frameworks that need no adapter: grain, and the Hugging Face `datasets`."""

import numpy as np
import pytest

import idxfast


@pytest.fixture
def file(pack, images, tmp_path):
    (tmp_path / "file").write_bytes(pack(images))
    with idxfast.open(tmp_path / "file") as file:
        yield file


def test_dask(file, images):
    da = pytest.importorskip("dask.array", reason="needs dask[array]")
    array = da.from_array(file, chunks=(100, 28, 28), inline_array=True)
    assert (array.compute() == images).all()


def test_grain(file, images):
    """As a source of items, and by batches, each of one read."""
    grain = pytest.importorskip("grain", reason="needs grain")
    items = grain.MapDataset.source(file).shuffle(seed=1)
    assert len(items) == len(images)
    first = next(iter(items.to_iter_dataset()))
    assert any((first == image).all() for image in images)

    rows = grain.MapDataset.range(len(file)).shuffle(seed=1).batch(64)
    batches = list(rows.map(lambda numbers: file[numbers]))
    assert [len(batch) for batch in batches] == [64] * 6 + [16]
    found = np.concatenate(batches)
    order = np.concatenate(list(rows))
    assert sorted(order.tolist()) == list(range(len(images)))
    assert (found == images[order]).all()


def generate(file):
    for image in file:
        yield {"image": image}


def test_hugging_face_datasets(file, images, tmp_path, pack):
    """The file's identity is part of what the cache knows a data set by."""
    # Without the package, the tests' own folder has its name.
    pytest.importorskip("datasets.features", reason="needs datasets")
    import datasets

    features = datasets.Features({"image": datasets.Array2D((28, 28), "uint8")})

    def make(file):
        return datasets.Dataset.from_generator(
            generate, features, cache_dir=str(tmp_path / "cache"), gen_kwargs={"file": file}
        )

    made = make(file)
    assert (made.with_format("numpy")[:]["image"] == images).all()
    assert make(file).cache_files == made.cache_files
    (tmp_path / "file").write_bytes(pack(images[::-1]))
    with idxfast.open(tmp_path / "file") as changed:
        assert (make(changed).with_format("numpy")[0]["image"] == images[-1]).all()
