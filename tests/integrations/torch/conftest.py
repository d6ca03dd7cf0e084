"""A small data set in files; tests of torch are skipped where it is not installed."""

from types import SimpleNamespace

import numpy as np
import pytest

import idxfast

COUNT = 103


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(scope="session")
def ours(torch):
    import idxfast.integrations.torch

    return idxfast.integrations.torch


@pytest.fixture
def files(tmp_path):
    """Images, whose first pixels hold their numbers, and labels: arrays and paths of files."""
    images = np.random.default_rng(3).integers(0, 256, (COUNT, 5, 4), np.uint8)
    images[:, 0, 0] = np.arange(COUNT)
    labels = (np.arange(COUNT) * 7 % 10).astype(np.uint8)
    paths = SimpleNamespace(images=images, labels=labels)
    for name in ("raw", "packed.gz"):
        idxfast.save(tmp_path / f"images-{name}", images)
        idxfast.save(tmp_path / f"labels-{name}", labels)
    paths.raw, paths.packed = tmp_path / "images-raw", tmp_path / "images-packed.gz"
    paths.raw_labels, paths.packed_labels = tmp_path / "labels-raw", tmp_path / "labels-packed.gz"
    return paths
