"""Time every contender that loads. Run `pytest benchmarks --benchmark-json FILE`."""

from __future__ import annotations

from pathlib import Path

import pytest
from contenders import GZIP, GZIP_IMAGES, RAW_IMAGES, Loader, usable
from data import Files
from idx import Array
from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.benchmark(group="load big .gz", min_rounds=3)
@pytest.mark.parametrize("name", GZIP_IMAGES)
def test_load_gzip(benchmark: BenchmarkFixture, files: Files, name: str) -> None:
    _load(benchmark, {name: GZIP_IMAGES[name]}, files.images, files.expected_images)


@pytest.mark.benchmark(group="load raw", min_rounds=3)
@pytest.mark.parametrize("name", RAW_IMAGES)
def test_load_raw(benchmark: BenchmarkFixture, files: Files, name: str) -> None:
    _load(benchmark, {name: RAW_IMAGES[name]}, files.raw_images, files.expected_images)


@pytest.mark.benchmark(group="load tiny .gz")
@pytest.mark.parametrize("name", GZIP)
def test_load_tiny(benchmark: BenchmarkFixture, files: Files, name: str) -> None:
    _load(benchmark, {name: GZIP[name]}, files.labels, files.expected_labels)


def _load(
    benchmark: BenchmarkFixture, loader: dict[str, Loader], path: Path, expected: Array
) -> None:
    """Check the values once, then time; skip a loader whose package is missing."""
    found, skipped = usable(loader, path, expected)
    for name, reason in skipped.items():
        pytest.skip(f"{name}: {reason}")
    for load in found.values():
        benchmark(load, path)
