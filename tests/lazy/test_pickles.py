"""What an open file's pickle holds, and what another machine makes of it."""

import copy
import gzip
import multiprocessing
import operator
import os
import pickle
import threading

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
def in_parts(tmp_path, monkeypatch):
    """An array, and the path of an ordinary gzip file of it, which has several seek points."""
    make_parts_small(monkeypatch)
    array, file = large()
    path = tmp_path / "file"
    path.write_bytes(file)
    return array, path


@pytest.fixture
def elsewhere(in_parts, monkeypatch):
    """A pickle with seek points, and the path of the file as another machine sees it."""
    array, path = in_parts
    file = path.read_bytes()
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


def test_pickled(store, container):
    array = sample()
    with idxfast.open(store(array)) as file:
        for again in (pickle.loads(pickle.dumps(file)), copy.copy(file)):
            assert repr(again) == repr(file)
            same(again[5:9], array[5:9])
            again.close()
            same(file[5:9], array[5:9])


def test_pickled_and_gone(store):
    path = store(sample())
    with idxfast.open(path) as file:
        again = pickle.loads(pickle.dumps(file))
    path.unlink()
    with pytest.raises(FileNotFoundError, match=path.name):
        again[0]


@pytest.mark.parametrize("shape", [(60, 7, 5), (61, 7, 5)])
def test_pickled_and_replaced(store, shape):
    path = store(sample())
    with idxfast.open(path) as file:
        again = pickle.loads(pickle.dumps(file))
    path.unlink()
    store(sample(shape=shape))
    os.utime(path, (1, 1))
    with pytest.raises(idxfast.IdxError, match="replaced or written to"):
        again[0]


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_other_processes(store, method):
    array = sample()
    with idxfast.open(store(array)) as file:
        file[0]
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            keys = [slice(start, start + 10) for start in range(0, 60, 10)]
            found = pool.starmap(operator.getitem, [(file, key) for key in keys])
        same(np.concatenate(found), array)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_what_cannot_be_opened_again_is_not_pickled(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    array = sample()
    writer = threading.Thread(target=(tmp_path / "fifo").write_bytes, args=[idx(array)])
    writer.start()
    # What is read from a FIFO has to be kept, whatever the budget.
    with idxfast.open(str(tmp_path / "fifo"), cache_bytes=1) as file:
        writer.join()
        same(file[3], array[3])
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(file)


def test_seek_points_are_pickled(in_parts, monkeypatch):
    array, path = in_parts
    with idxfast.open(path, cache_bytes=0) as opened:
        assert len(pickle.dumps(opened)) < 2_000
        same(opened[5], array[5])
        pickled = pickle.dumps(opened)
        monkeypatch.setattr("idxfast.lazy.reopening.MAX_PICKLED", 100)
        assert len(pickle.dumps(opened)) < 2_000
    monkeypatch.setattr("idxfast.lazy.reopening.MAX_PICKLED", 1 << 20)
    monkeypatch.setattr("idxfast.containers.gzip_parts.find_points", None)
    again = pickle.loads(pickle.dumps(pickle.loads(pickled)))
    same(again[[500, 2]], array[[500, 2]])
    assert len(pickle.dumps(again)) == len(pickled)
