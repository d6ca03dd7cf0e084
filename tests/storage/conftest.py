"""A folder that other users may write to, and a small file."""

import os
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def shared():
    """A folder that everybody may write to, outside pytest's, which are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


@pytest.fixture(scope="module")
def content(oracle):
    return oracle.pack(0x0B, (30, 20))
