"""Fixtures of the pytest benchmarks. Run `pytest benchmarks --benchmark-json FILE`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# With --import-mode=importlib, pytest does not add this folder to sys.path.
sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from data import Files


@pytest.fixture(scope="session")
def files() -> Iterator[Files]:
    """Find or make the files to load."""
    from data import prepare

    with tempfile.TemporaryDirectory() as folder:
        yield prepare(Path(folder))


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Record the versions of the packages, and keep the machine's name out of the results."""
    from measure import versions

    del machine_info["node"]
    machine_info["versions"] = versions()
