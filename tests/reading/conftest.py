"""A compressed file, the cache of unpacked files, and how often a file is unpacked into it."""

import gzip

import pytest

from idxfast.reading import unpacking


@pytest.fixture
def content(oracle):
    """An IDX file of 30,016 bytes."""
    return oracle.pack(8, (50, 30, 20))


@pytest.fixture
def path(content, tmp_path):
    """A gzip file of this content."""
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(content))
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of the unpacked files, which is made when it is needed."""
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "unpacked"


@pytest.fixture
def unpacks(monkeypatch):
    """A list that grows by one for each file that is unpacked."""
    calls = []
    real = unpacking._fill

    def fill(*arguments):
        calls.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(unpacking, "_fill", fill)
    return calls
