"""Time every contender that saves. Run `pytest benchmarks --benchmark-json FILE`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from contenders import Loader, fromfile, stdlib_gzip
from data import Files
from pytest_benchmark.fixture import BenchmarkFixture
from savers import SAVE_GZIP, SAVE_RAW, Saver


@pytest.mark.benchmark(group="save .gz level 6", min_rounds=3)
@pytest.mark.parametrize("name", SAVE_GZIP)
def test_save_gzip(benchmark: BenchmarkFixture, files: Files, tmp_path: Path, name: str) -> None:
    _save(benchmark, SAVE_GZIP[name], stdlib_gzip, files, tmp_path / "images.gz")


@pytest.mark.benchmark(group="save raw")
@pytest.mark.parametrize("name", SAVE_RAW)
def test_save_raw(benchmark: BenchmarkFixture, files: Files, tmp_path: Path, name: str) -> None:
    _save(benchmark, SAVE_RAW[name], fromfile, files, tmp_path / "images")


def _save(benchmark: BenchmarkFixture, save: Saver, load: Loader, files: Files, path: Path) -> None:
    """Time, then check the file once, and record its size: level 6 differs between encoders."""
    benchmark(save, path, files.expected_images)
    assert np.array_equal(load(path), files.expected_images)
    benchmark.extra_info["bytes"] = path.stat().st_size
