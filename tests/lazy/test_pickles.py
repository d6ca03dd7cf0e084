"""What an open file's pickle holds, and what another machine makes of it."""

import gzip
import os
import pickle

import numpy as np
import pytest

import idxfast
from files.samples import PACK, idx, large, make_parts_small, same, sample
from idxfast.storage.identity import Identity


@pytest.mark.parametrize("container", PACK)
def test_reading_changes_no_pickle(tmp_path, container):
    """Caches compare pickles. Only seek points, of what is larger than the budget, are added."""
    path = tmp_path / "file"
    path.write_bytes(PACK[container](idx(sample())))
    with idxfast.open(path) as file:
        before = pickle.dumps(file)
        file[3]
        file[...]
        assert pickle.dumps(file) == before
    with idxfast.open(path) as file:
        assert pickle.dumps(file) == before


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A pickle with seek points, and the path where this machine, another one, looks."""
    make_parts_small(monkeypatch)
    array, file = large()
    path = tmp_path / "file"
    path.write_bytes(file)
    with idxfast.open(path, cache_bytes=0) as opened:
        opened[0]
        pickled = pickle.dumps(opened)
    of = Identity.of
    monkeypatch.setattr(Identity, "of", lambda fd: of(fd)._replace(machine="another", inode=7))
    return array, file, path, pickled


def test_the_same_file_on_another_machine(elsewhere, monkeypatch):
    array, _, path, pickled = elsewhere
    os.utime(path, (1, 1))
    monkeypatch.setattr("idxfast.containers.gzip_parts.find_points", None)
    with pickle.loads(pickled) as again:
        same(again[[500, 2, 599]], array[[500, 2, 599]])


def test_a_file_of_another_size_or_shape_on_another_machine(elsewhere):
    array, file, path, pickled = elsewhere
    for other in (file + bytes(1), gzip.compress(idx(array[:-1])).ljust(len(file), b"\0")):
        path.write_bytes(other)
        with pytest.raises(idxfast.IdxError, match="replaced or written to"):
            pickle.loads(pickled)[3]


def test_other_data_of_the_same_size_on_another_machine(elsewhere):
    """The seek points do not fit, and their checksums show that."""
    array, file, path, pickled = elsewhere
    other = np.ascontiguousarray(array[::-1])
    packed = gzip.compress(idx(other), 9)
    assert len(packed) <= len(file)
    path.write_bytes(packed.ljust(len(file), b"\0"))
    with idxfast.open(path, cache_bytes=0) as right:
        same(right[3], other[3])
    with pickle.loads(pickled) as again:
        for read in (lambda: again[3], lambda: again[[1, 500]], lambda: again.read(0, 600)):
            with pytest.raises(idxfast.GzipError, match="not what they were"):
                read()
