"""integrations/shared_file: one description, and a file opened once in each process."""

import contextlib
import gc
import os
import pickle
import threading

import numpy as np
import pytest

import idxfast
from idxfast.integrations import shared_file
from idxfast.integrations.shared_file import SharedFile
from idxfast.lazy.opened import Opened
from idxfast.lazy.reopening import reopen


@pytest.fixture
def path(pack, images, tmp_path):
    (tmp_path / "file").write_bytes(pack(images))
    return tmp_path / "file"


def test_what_it_reads(path, images):
    file = SharedFile(path)
    assert (file.name, file.shape, file.dtype) == (str(path), images.shape, np.dtype("u1"))
    assert file.chunks == ((len(images),), (28,), (28,))
    for key in (5, slice(3, 9), [7, 1, 1], (slice(None), 14, 14), ...):
        assert (pickle.loads(pickle.dumps(file))[key] == images[key]).all()
    assert (np.asarray(file) == images).all()
    assert np.asarray(file, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="copy"):
        file.__array__(copy=False)


def test_the_description_is_small_and_always_the_same(path):
    file = SharedFile(path)
    _ = file[0]
    other = SharedFile(os.fspath(path))
    assert len(pickle.dumps(file)) < 1500
    assert file.__dask_tokenize__() == other.__dask_tokenize__()
    os.utime(path, ns=(1, 1))
    assert SharedFile(path).__dask_tokenize__() != other.__dask_tokenize__()


def test_a_process_opens_the_file_once(path, images, monkeypatch):
    opened = []

    def count_and_reopen(*arguments):
        opened.append(arguments[0])
        return reopen(*arguments)

    monkeypatch.setattr("idxfast.lazy.reopening.reopen", count_and_reopen)
    file = SharedFile(path)
    for row in range(20):
        assert (pickle.loads(pickle.dumps(file))[row] == images[row]).all()
    assert opened == [str(path)]
    file.close()
    file.close()
    assert (file[3] == images[3]).all()
    assert len(opened) == 2


def test_threads_unpack_a_file_once(images, tmp_path, monkeypatch):
    path = tmp_path / "file.gz"
    idxfast.save(path, images)
    read_all, read = Opened.read_all, []
    second = threading.Barrier(2)

    def count_and_read(opened):
        read.append(opened.name)
        with contextlib.suppress(threading.BrokenBarrierError):
            second.wait(0.5)  # give another thread the time to come here, too
        return read_all(opened)

    monkeypatch.setattr(Opened, "read_all", count_and_read)
    file, barrier, found = SharedFile(path), threading.Barrier(4), []

    def work(row):
        barrier.wait()
        found.append((file[row] == images[row]).all())

    threads = [threading.Thread(target=work, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found) and len(found) == 4
    assert read == [str(path)]


def test_a_thread_closes_the_file_while_another_reads(path, images, monkeypatch):
    file = SharedFile(path)
    read = idxfast.IdxFile.__getitem__

    def close_and_read(self, key):
        thread = threading.Thread(target=file.close)
        thread.start()
        thread.join()
        return read(self, key)

    monkeypatch.setattr(idxfast.IdxFile, "__getitem__", close_and_read)
    for row in range(3):
        assert (file[row] == images[row]).all()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_few_files_stay_open(oracle, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_file, "MAX_OPEN", 3)
    files = []
    for number in range(12):
        (tmp_path / str(number)).write_bytes(oracle.pack(8, (2, 3)))
        files.append(SharedFile(tmp_path / str(number)))
    for file in files * 2:
        assert file[1, 2] == 36
    gc.collect()

    def count():
        links = (entry.path for entry in os.scandir("/proc/self/fd") if entry.is_symlink())
        return sum(os.readlink(link).startswith(str(tmp_path)) for link in links)

    assert 1 <= count() <= 3
    for file in files:
        file.close()
    assert count() == 0


def test_a_file_that_changes(path, pack, images):
    file = SharedFile(path)
    path.write_bytes(pack(images[::-1][:300]))
    with pytest.raises(idxfast.IdxError, match="replaced or written to") as caught:
        _ = file[0]
    assert caught.value.filename == str(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        _ = file[0]


@pytest.mark.parametrize("what", [3, None, bytearray(8)])
def test_what_is_no_path(what):
    with pytest.raises(TypeError, match="neither a path nor a URL"):
        SharedFile(what)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe(oracle, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    data = oracle.pack(8, (2, 3))
    thread = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    thread.start()
    with pytest.raises(TypeError, match="cannot be pickled"):
        SharedFile(tmp_path / "pipe")
    thread.join()
