"""A folder that other users may write to, and a small file."""

import contextlib
import errno
import gc
import os
import tempfile
import weakref
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


@pytest.fixture
def masked():
    """A context manager: new files and folders get the permissions that a umask allows."""

    @contextlib.contextmanager
    def mask(umask):
        before = os.umask(umask)
        try:
            yield
        finally:
            os.umask(before)

    return mask


class _Read:
    """What a frame of an error refers to."""


@pytest.fixture
def keeps_nothing():
    """A function: whether an error of the system, raised in a context manager, leaves no cycle."""

    def check(manager, name=None):
        def fail(entered):
            read = _Read()
            seen.append(weakref.ref(read))
            raise OSError(errno.EIO, "gone", name and os.path.join(entered, name))

        seen = []
        gc.disable()
        try:
            try:
                with manager as entered:
                    fail(entered)
            except OSError as error:
                assert "gone" in str(error)
            return seen[0]() is None
        finally:
            gc.enable()

    return check
