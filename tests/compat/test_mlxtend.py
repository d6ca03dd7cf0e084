"""The drop-in module for mlxtend's loader, against mlxtend itself."""

import gzip

import pytest

from idxfast.compat import mlxtend


def test_published_files(same, published, tmp_path):
    theirs = pytest.importorskip("mlxtend.data")
    paths = []
    for what in ("images-idx3", "labels-idx1"):
        packed = published / f"t10k-{what}-ubyte.gz"
        paths.append(str(tmp_path / packed.stem))
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    arrays = mlxtend.loadlocal_mnist(*paths)
    same(arrays, theirs.loadlocal_mnist(*paths))
    assert all(array.flags.writeable for array in arrays)


@pytest.mark.parametrize("folder", ["raw", "packed"])
def test_images_of_any_size(same, family, folder):
    paths = sorted(getattr(family, folder).glob("train-*"))
    images, labels = family.train
    same(mlxtend.loadlocal_mnist(*paths), (images.reshape(7, 20), labels))
