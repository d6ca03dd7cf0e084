"""lazy/opened: closing a file while others read from it."""

import os
import pickle
import threading

import pytest

import idxfast
from files.samples import PACK, READS, idx, same, sample
from idxfast.containers.bgzf import BlockPayload
from idxfast.containers.gzip_parts import PartsPayload
from idxfast.containers.payload import RawPayload
from idxfast.lazy.one_pass import ends
from idxfast.lazy.reopening import reopen
from idxfast.storage.source import FileSource


def is_open(path):
    """Whether this process has a file open."""
    folder = "/proc/self/fd"
    if not os.path.isdir(folder):
        pytest.skip("this system does not list open files")
    links = (os.path.join(folder, name) for name in os.listdir(folder))
    return any(os.path.exists(link) and os.path.samefile(link, path) for link in links)


@pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
@pytest.mark.parametrize("container", ["raw", "gzip", "seekable gzip"])
@pytest.mark.parametrize("name", READS)
def test_closing_while_others_read(tmp_path, name, container, cache_bytes):
    """Right data or ValueError, although each descriptor is soon that of another file."""
    array = sample(shape=(600, 50))
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(PACK[container](idx(array)))
    other.write_bytes(bytes(path.stat().st_size))
    with idxfast.open(idx(array)) as whole:
        expected = READS[name](whole)
    found, is_over = [], threading.Event()
    files = [None]

    def read():
        while not is_over.is_set():
            try:
                same(READS[name](files[0]), expected)
            except ValueError as error:
                if "is closed" not in str(error):
                    raise

    def guard():
        try:
            read()
        except BaseException as error:
            found.append(error)

    files[0] = idxfast.open(path, cache_bytes=cache_bytes)
    crew = [threading.Thread(target=guard) for _ in range(3)]
    for member in crew:
        member.start()
    try:
        for _ in range(100):
            closing = files[0]
            files[0] = idxfast.open(path, cache_bytes=cache_bytes)
            closing.close()
            with open(other, "rb"), open(other, "rb"):
                pass
    finally:
        is_over.set()
        for member in crew:
            member.join()
        files[0].close()
    assert not found


def test_a_read_under_way_keeps_the_file_open(tmp_path, monkeypatch):
    """And its end closes the file."""
    array = sample("i4")
    path = tmp_path / "file"
    path.write_bytes(idx(array))
    begun, closed = threading.Event(), threading.Event()
    fill = FileSource.fill

    def wait(source, out, offset):
        begun.set()
        assert closed.wait(60)
        return fill(source, out, offset)

    monkeypatch.setattr(FileSource, "fill", wait)
    file, found = idxfast.open(path), []
    reader = threading.Thread(target=lambda: found.append(file[7]))
    reader.start()
    assert begun.wait(60)
    file.close()
    assert is_open(path)
    with pytest.raises(ValueError, match="is closed"):
        file[3]
    closed.set()
    reader.join()
    same(found[0], array[7])
    assert not is_open(path)


def test_closing_while_another_thread_opens(tmp_path, monkeypatch):
    """A file from another process is opened when it is first used, and then stays closed."""
    path = tmp_path / "file"
    path.write_bytes(idx(sample()))
    with idxfast.open(path) as file:
        again = pickle.loads(pickle.dumps(file))

    def close_and_reopen(*arguments):
        again.close()
        return reopen(*arguments)

    monkeypatch.setattr("idxfast.lazy.reopening.reopen", close_and_reopen)
    with pytest.raises(ValueError, match="is closed"):
        again[3]
    assert not is_open(path)


def test_an_error_that_is_kept_does_not_keep_the_file_open(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(idx(sample()))
    file = idxfast.open(path)
    os.utime(path, (1, 1))
    with pytest.raises(idxfast.IdxError) as caught:
        file[3]
    file.close()
    assert caught.value.filename == str(path)
    assert not is_open(path)


@pytest.mark.parametrize("container", ["raw", "gzip", "seekable gzip"])
@pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
def test_a_descriptor_that_is_another_files_now(tmp_path, container, cache_bytes):
    """Unpacked archives hold many files of the same size and time."""
    arrays = sample(), sample()[::-1].copy()
    paths = [tmp_path / "one", tmp_path / "two"]
    files = [PACK[container](idx(array)) for array in arrays]
    files = [file.ljust(max(map(len, files)), b"\0") for file in files]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file)
        os.utime(path, (1, 1))
    with paths[0].open("rb") as one, paths[1].open("rb") as two:
        opened = idxfast.open(one, cache_bytes=cache_bytes)
        os.dup2(two.fileno(), one.fileno())
        for read in (
            lambda f: f[5],
            lambda f: f[[3, 1]],
            lambda f: f[:, 1],
            lambda f: f.read(0, 9),
        ):
            with pytest.raises(idxfast.IdxError, match=r"another file's now|has changed"):
                read(opened)


@pytest.mark.parametrize("step", [-1, 2, -7])
@pytest.mark.parametrize("dtype", ["u1", "i4"])
@pytest.mark.parametrize("container", ["raw", "gzip", "seekable gzip"])
def test_near_rows_of_a_range_are_read_together(tmp_path, monkeypatch, container, dtype, step):
    """Each by itself, the labels of a large data set would take a thousand times as long."""
    monkeypatch.setattr("idxfast.lazy.opened.STEP", 1000)
    array = sample(dtype, (6000,))
    path = tmp_path / "file"
    path.write_bytes(PACK[container](idx(array)))
    for payload in (RawPayload, PartsPayload, BlockPayload):
        monkeypatch.setattr(payload, "read_rows", None)
    with idxfast.open(path, cache_bytes=0) as opened:
        for _ in range(2):
            same(opened[::step], array[::step])
            same(opened[5000:50:step], array[5000:50:step])
            same(opened[None, ::step], array[None, ::step])


def test_the_ends_of_a_range_are_known_at_once():
    assert ends(range(10**18)) == (0, 10**18 - 1)
    assert ends(range(10**18, 5, -10)) == (10, 10**18)
