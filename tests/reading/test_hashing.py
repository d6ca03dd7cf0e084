"""The hash of a file, beside other work or after it."""

import hashlib

import pytest

from idxfast.reading import hashing
from idxfast.reading.hashing import Hasher, salted
from idxfast.storage.inputs import open_source


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(251)) * 17)
    return path


@pytest.mark.parametrize("threads", [None, 1, 2])
@pytest.mark.parametrize("piece", [100, 1 << 20])
def test_the_hash(piece, threads, path, monkeypatch):
    monkeypatch.setattr(hashing, "PIECE", piece)
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    with open_source(path) as source, Hasher(source, threads) as hasher:
        assert hasher.hexdigest() == expected


def test_from_the_position_of_a_file_object(path):
    with path.open("rb") as file:
        file.seek(100)
        with open_source(file) as source, Hasher(source, None) as hasher:
            expected = hashlib.sha256(path.read_bytes()[100:]).hexdigest()
            assert hasher.hexdigest() == expected


def test_an_error_of_the_disk(path, no_thread_is_left):
    class Source:
        def read(self, count, offset):
            raise OSError(5, "Input/output error")

    with Hasher(Source(), None) as hasher, pytest.raises(OSError, match="Input/output"):
        hasher.hexdigest()
    no_thread_is_left()


def test_nothing_is_hashed_after_an_error(no_thread_is_left):
    class Endless:
        def read(self, count, offset):
            return b"abc"

    with pytest.raises(KeyError), Hasher(Endless(), None):
        raise KeyError
    no_thread_is_left()


def test_a_salt_makes_another_hash():
    digest = hashlib.sha256(b"abc").hexdigest()
    assert salted(digest, "a") == hashlib.sha256(f"{digest} a".encode()).hexdigest()
    assert len({digest, salted(digest, "a"), salted(digest, "b")}) == 3
