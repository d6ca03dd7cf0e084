"""A file in each container, and in parts."""

import functools

import pytest

import idxfast
from files.samples import PACK, idx, make_parts_small


@pytest.fixture(params=[*PACK, "gzip in parts"])
def container(request, monkeypatch):
    """Each container. "gzip in parts" is larger than `open` may keep in memory."""
    if request.param != "gzip in parts":
        return request.param
    monkeypatch.setattr(idxfast, "open", functools.partial(idxfast.open, cache_bytes=64))
    make_parts_small(monkeypatch)
    return "gzip"


@pytest.fixture
def store(tmp_path, container):
    """Store an array in a file; return its path."""

    def store(array):
        path = tmp_path / "file"
        path.write_bytes(PACK[container](idx(array)))
        return path

    return store
