"""The cache of unpacked files, and how often a file is unpacked into it."""

import pytest

from idxfast.reading import unpacking


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
