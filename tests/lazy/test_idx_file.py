"""lazy/idx_file: what `open` gives reads like numpy's array of the same data, whatever it comes in."""

import gc
import io
import os
import pickle
import random
import struct
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import idxfast
from files.indexes import arrays_and_indexes
from files.samples import CODES, PACK, idx, large, make_parts_small, same, sample
from idxfast.containers import gzip_parts
from idxfast.native import files


@pytest.mark.parametrize("dtype", CODES)
def test_what_it_is(store, container, dtype):
    array = sample(dtype)
    path = store(array)
    with idxfast.open(path) as file:
        assert (file.shape, file.dtype, file.ndim) == (array.shape, array.dtype, 3)
        assert (len(file), file.size, file.nbytes) == (60, array.size, array.nbytes)
        assert (file.name, file.container) == (str(path), container)
        assert repr(file) == f"<IdxFile {str(path)!r}: {array.dtype.name} (60, 7, 5), {container}>"
        same(np.asarray(file), array)
        same(np.array(file, "f8"), array.astype("f8"))
        same(file[...], array)
        same(file[7], array[7])
        same(file[-1, 2, 3], array[-1, 2, 3])
        same(file[[5, 5, -1, 0]], array[[5, 5, -1, 0]])
        same(file[50:3:-7, ::-1], array[50:3:-7, ::-1])


def test_no_result_shares_memory(store):
    array = sample()
    with idxfast.open(store(array)) as file:
        for key in (3, slice(2, 5), ..., [1, 2], (slice(None), 1), (Ellipsis, None)):
            file[key][...] = 255
        for row in file:
            row[...] = 255
        file.read(0, 60)[...] = 255
        same(file[...], array)


@given(drawn=arrays_and_indexes())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_index(drawn, store):
    array, key = drawn
    with idxfast.open(store(array)) as file:
        same(file[key], array[key])


def test_an_index_that_needs_a_part_of_each_row_reads_them_in_pieces(store, monkeypatch):
    monkeypatch.setattr("idxfast.lazy.opened.STEP", 100)
    array = sample("f4")
    with idxfast.open(store(array)) as file:
        same(file[:, 2, 3], array[:, 2, 3])
        same(file[None, 55:2:-3, ..., 1:, None], array[None, 55:2:-3, ..., 1:, None])
        same(np.stack(list(file)), array)
        same(file[4:50], array[4:50])


@pytest.mark.parametrize(
    "key", [60, -61, [0, 60], (0, 7), "x", 1.5, (..., ...), np.ones((60, 8), bool)]
)
def test_numpys_errors(store, key):
    array = sample()
    with pytest.raises(IndexError) as expected:
        array[key]
    with idxfast.open(store(array)) as file, pytest.raises(IndexError) as found:
        file[key]
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("shape", [(), (0,), (5, 0), (0, 3), (1,), (4, 1, 1)])
def test_unusual_shapes(store, shape):
    array = sample("i2", shape)
    with idxfast.open(store(array)) as file:
        assert file.shape == shape
        same(file[()], array[()])
        same(file[...], array[...])
        same(np.asarray(file), array)
        if shape:
            same(file.read(0, shape[0]), array)
            assert [row.tolist() for row in file] == array.tolist()
            same(file[:0], array[:0])
        else:
            with pytest.raises(TypeError, match="unsized"):
                len(file)
            with pytest.raises(IndexError):
                file[0]


def test_labels_are_scalars(store):
    array = sample("i4", (10,))
    with idxfast.open(store(array)) as file:
        same(file[3], array[3])
        assert list(file) == array.tolist()
        assert all(type(label) is np.int32 for label in file)


def test_read(store):
    array = sample("f8")
    with idxfast.open(store(array)) as file:
        out = np.empty((4, 7, 5))
        assert file.read(3, 7, out=out) is out
        same(out, array[3:7])
        same(file.read(60, 60), array[60:60])
        for start, stop in ((-1, 3), (3, 2), (0, 61)):
            with pytest.raises(IndexError, match="not all among the file's 60 rows"):
                file.read(start, stop)
        with pytest.raises(idxfast.SizeError):
            file.read(0, 5, out=out)
        with pytest.raises(ValueError, match="writable"):
            file.read(0, 4, out=np.empty((4, 5, 7)).swapaxes(1, 2))
        with pytest.raises(TypeError):
            file.read(0.5, 4)


def test_an_array_is_always_a_copy(store):
    with idxfast.open(store(sample())) as file, pytest.raises(ValueError, match="copy"):
        file.__array__(copy=False)


def test_closed(store):
    file = idxfast.open(store(sample()))
    file.close()
    file.close()
    assert repr(file).endswith("closed>")
    for use in (lambda: file[0], lambda: file.read(0, 1), file.verify, lambda: np.asarray(file)):
        with pytest.raises(ValueError, match="is closed"):
            use()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_from_memory(container, kind):
    array = sample("i2")
    with idxfast.open(kind(PACK[container](idx(array)))) as file:
        same(file[5:9], array[5:9])
        same(file[...], array)
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(file)


def test_an_open_file_stays_open(store):
    array = sample()
    with open(store(array), "rb") as given:
        with idxfast.open(given) as file:
            same(file[5], array[5])
        given.seek(0)
        assert given.read(1)


def test_a_pipe(container):
    array = sample()
    reading, writing = os.pipe()
    with open(writing, "wb") as file:
        file.write(PACK[container](idx(array)))
    with open(reading, "rb") as pipe, idxfast.open(pipe) as file:
        same(file[[3, 1]], array[[3, 1]])
        file.verify()


@pytest.mark.parametrize(
    "key",
    [([-9], False), ([[0], [9]], []), ([9], np.zeros((0, 1), int)), (slice(1, 0), 1)],
    ids=repr,
)
def test_an_empty_result(store, key):
    """If numpy does not look at the numbers of rows, no row is read, and none need exist."""
    array = sample(shape=(5, 3))
    with idxfast.open(store(array)) as file:
        same(file[key], array[key])


def test_rows_of_no_bytes_take_no_memory(tmp_path):
    (tmp_path / "file").write_bytes(struct.pack(">HBBII", 0, 8, 2, (1 << 32) - 1, 0))
    with idxfast.open(tmp_path / "file") as file:
        for key in (slice(None, None, 2), slice(None, None, -1), slice(None)):
            assert file[key].shape == (len(range(file.shape[0])[key]), 0)


def test_rows_for_a_data_loader(store):
    array = sample()
    with idxfast.open(store(array)) as file:
        same(file.__getitems__([5, -1, 5]), array[[5, -1, 5]])
        same(file.__getitems__([]), array[:0])
        for wrong in ([1.7], ["1"], [60], [1 << 64], [True, False]):
            with pytest.raises((IndexError, OverflowError)):
                file.__getitems__(wrong)


def test_large_rows(tmp_path, monkeypatch):
    """They are read in pieces: a call of compiled code cannot be interrupted."""
    array = sample("i4", (7, 3, 500_000))
    (tmp_path / "file").write_bytes(idx(array))
    sizes = []
    for name in ("read_at", "read_rows"):
        original = getattr(files, name)

        def call(descriptor, out, *others, original=original):
            sizes.append(len(memoryview(out).cast("B")))
            return original(descriptor, out, *others)

        monkeypatch.setattr(files, name, call)
    with idxfast.open(tmp_path / "file") as file:
        for key in (0, [6, 0, 0], slice(None, None, -3), slice(2, 4)):
            same(file[key], array[key])
    assert max(sizes, default=0) <= 4 << 20


def test_threads(store, no_thread_is_left):
    array = sample(shape=(600, 7, 5))
    wrong, barrier = [], threading.Barrier(6)
    with idxfast.open(store(array), cache_bytes=1 << 20) as file:

        def read(seed):
            dice = random.Random(seed)
            barrier.wait()
            for _ in range(200):
                rows = [dice.randrange(600) for _ in range(dice.randrange(1, 9))]
                wrong.extend([rows] * (not (file[rows] == array[rows]).all()))

        crew = [threading.Thread(target=read, args=[seed]) for seed in range(6)]
        for member in crew:
            member.start()
        for member in crew:
            member.join()
    assert not wrong


@pytest.mark.parametrize("cache_bytes", [0, 5_000, 29_999])
def test_an_ordinary_gzip_file_larger_than_the_budget(tmp_path, monkeypatch, cache_bytes):
    make_parts_small(monkeypatch)
    array, file = large()
    path = tmp_path / "file"
    path.write_bytes(file)
    with idxfast.open(path, cache_bytes=cache_bytes) as opened:
        dice = np.random.default_rng(2)
        for _ in range(20):
            rows = dice.integers(-600, 600, 30)
            same(opened[rows], array[rows])
            same(opened[rows[0]], array[rows[0]])
        same(opened[::-7, 3], array[::-7, 3])
        same(opened[...], array)
        opened.verify()


def test_threads_that_read_first_gather_the_points_once(tmp_path, monkeypatch, no_thread_is_left):
    calls = []
    find_points = gzip_parts.find_points

    def find(*options):
        calls.append(options)
        return find_points(*options)

    monkeypatch.setattr(gzip_parts, "find_points", find)
    array, file = large()
    path = tmp_path / "file"
    path.write_bytes(file)
    with idxfast.open(path, cache_bytes=0) as opened:
        found, barrier = {}, threading.Barrier(6)

        def read(row):
            barrier.wait()
            found[row] = opened[row]

        crew = [threading.Thread(target=read, args=[row]) for row in range(6)]
        for member in crew:
            member.start()
        for member in crew:
            member.join()
    assert len(calls) == 1
    for row in range(6):
        same(found[row], array[row])


def test_what_does_not_fit_into_the_budget(store, container):
    array = sample()
    path = store(array)
    if container in ("raw", "gzip", "seekable gzip"):
        with idxfast.open(path, cache_bytes=0) as file:
            same(file[...], array)
            same(file[7], array[7])
    else:
        with pytest.raises(idxfast.SizeError, match="cache_bytes") as caught:
            idxfast.open(path, cache_bytes=array.nbytes - 1)
        assert caught.value.part == "dimensions"
        with idxfast.open(path, cache_bytes=array.nbytes) as file:
            same(file[7], array[7])


@pytest.mark.parametrize("wrong", [{"cache_bytes": -1}, {"threads": 0}])
def test_wrong_options(store, wrong):
    with pytest.raises(ValueError):
        idxfast.open(store(sample()), **wrong)


def test_errors_of_opening(tmp_path):
    with pytest.raises(FileNotFoundError):
        idxfast.open(tmp_path / "missing")
    for content, kind in ((b"", idxfast.TruncatedError), (b"<html>", idxfast.FormatError)):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(kind):
            idxfast.open(tmp_path / "file")


def test_descriptors_are_closed(store):
    path = store(sample())
    gc.collect()
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    for _ in range(20):
        idxfast.open(path)[0]
        with idxfast.open(path) as file:
            file[0]
    after = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    assert after <= before


def test_the_interpreter_ends_with_a_file_open(store):
    code = "import sys, idxfast; file = idxfast.open(sys.argv[1]); print(file[0].sum())"
    path = store(sample())
    run = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code, path], capture_output=True, text=True
    )
    assert (run.stdout.strip(), run.stderr) == (str(sample()[0].sum()), "")
