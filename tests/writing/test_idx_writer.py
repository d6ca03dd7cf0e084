"""IdxWriter: the file appears whole, or not at all."""

import gc
import gzip
import io
import os
import stat
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import idxfast
from idxfast.writing import new_items

ITEMS = np.arange(2000, dtype=np.uint8).reshape(100, 5, 4)


@pytest.fixture(params=["file", "file.gz"])
def path(request, tmp_path):
    return tmp_path / request.param


def create(path, count=100):
    return idxfast.create(path, shape=(count, 5, 4), dtype=np.uint8)


def names(path):
    return os.listdir(path.parent)


def test_nothing_appears_before_the_end(path):
    with create(path) as file:
        file.append(ITEMS)
        assert path.name not in names(path)
        assert repr(file) == f"<IdxWriter {str(path)!r}: uint8 (100, 5, 4)>"
    assert names(path) == [path.name]
    assert repr(file).endswith("(100, 5, 4), closed>")
    assert np.array_equal(idxfast.load(path), ITEMS)


@pytest.mark.parametrize("old", [b"old", None])
@pytest.mark.parametrize("way", ["exception", "discard", "garbage", "too few", "a gap"])
def test_nothing_appears_unless_it_is_complete(way, old, path):
    if old is not None:
        path.write_bytes(old)
    if way == "exception":
        with pytest.raises(KeyError), create(path) as file:
            file.append(ITEMS)
            raise KeyError
    elif way == "discard":
        file = create(path)
        file.append(ITEMS)
        file.discard()
        file.close()
    elif way == "garbage":
        file = create(path)
        file.append(ITEMS)
        del file
        gc.collect()
    elif way == "too few" or path.suffix == ".gz":
        file = create(path)
        file.append(ITEMS[:98])
        with pytest.raises(idxfast.TruncatedError, match="item 98 was not written") as error:
            file.close()
        assert (error.value.expected, error.value.found) == (100, 98)
        assert (error.value.part, error.value.offset) == ("payload", 16 + 98 * 20)
    else:
        file = create(path)
        file[:3], file[4:] = ITEMS[:3], ITEMS[4:]
        with pytest.raises(idxfast.TruncatedError, match="item 3 was not written"):
            file.__exit__(None)
    assert names(path) == ([path.name] if old else [])
    assert old is None or path.read_bytes() == old


def test_more_items_than_announced(path):
    with create(path) as file:
        file.append(ITEMS[:98])
        for array in (ITEMS[:3], ITEMS):
            with pytest.raises(idxfast.SizeError, match="more items than announced") as error:
                file.append(array)
            assert (error.value.part, error.value.filename) == ("dimensions", str(path))
        file.append(ITEMS[98:])
        with pytest.raises(idxfast.SizeError):
            file.append(ITEMS[0])
    assert np.array_equal(idxfast.load(path), ITEMS)


def test_more_items_than_a_header_can_state(path):
    with idxfast.create(path, shape=(None, 0), dtype="u1") as file:
        file.append(np.empty(((1 << 32) - 1, 0), np.uint8))
        with pytest.raises(idxfast.SizeError, match="more items than an IDX header can state"):
            file.append(np.empty((1, 0), np.uint8))
    assert idxfast.read_header(path).shape == ((1 << 32) - 1, 0)


def test_more_items_than_an_array_can_have(path):
    """Although none of them has a byte: numpy refuses the shape."""
    shape = (1 << 29, (1 << 31) - 1, 0)
    with idxfast.create(path, shape=(None, *shape[1:]), dtype="f8") as file:
        file.append(np.empty(shape))
        with pytest.raises(idxfast.SizeError, match="no float64 array can have the shape"):
            file.append(np.empty(shape))
    with pytest.raises(idxfast.SizeError, match="no float64 array can have the shape"):
        idxfast.append(path, np.empty(shape))
    assert idxfast.read_header(path).shape == shape


def test_items_that_do_not_fit(path):
    with create(path) as file:
        with pytest.raises(TypeError, match="holds uint8, not int16"):
            file.append(ITEMS.astype(np.int16))
        with pytest.raises(ValueError, match=r"\(n, 5, 4\)"):
            file.append(ITEMS.reshape(-1, 4, 5))
        file.append(ITEMS)
    assert np.array_equal(idxfast.load(path), ITEMS)


def test_without_a_with_block(path):
    file = create(path, None)
    file.append(ITEMS[:7])
    file.close()
    file.close()
    assert np.array_equal(idxfast.load(path), ITEMS[:7])
    with pytest.raises(ValueError, match="closed"):
        file.append(ITEMS)
    assert np.array_equal(idxfast.load(path), ITEMS[:7])


def test_an_old_file_is_replaced_and_its_permissions_kept(path):
    idxfast.save(path, ITEMS[:1])
    path.chmod(0o640)
    old = idxfast.open(path)
    with create(path) as file:
        file.append(ITEMS)
        assert np.array_equal(idxfast.load(path), ITEMS[:1])
    assert np.array_equal(old[:], ITEMS[:1])
    old.close()
    assert np.array_equal(idxfast.load(path), ITEMS)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


@given(st.permutations(range(6)), st.booleans())
def test_items_in_any_order(order, backwards):
    starts = [0, 1, 17, 17, 40, 99, 100]
    path = "items-in-any-order"
    try:
        with create(path) as file:
            for i in order:
                start, stop = starts[i], starts[i + 1]
                if stop - start == 1:
                    file[start - 100 if backwards else start] = ITEMS[start]
                else:
                    file[start:stop] = ITEMS[start:stop]
        assert np.array_equal(idxfast.load(path), ITEMS)
    finally:
        os.unlink(path)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_append_goes_on_after_the_last_item(tmp_path):
    path = tmp_path / "file"
    with create(path) as file:
        file[30:60] = ITEMS[30:60]
        file.append(ITEMS[60:])
        file[:30] = ITEMS[:30]
        file[5] = ITEMS[5]
    assert np.array_equal(idxfast.load(path), ITEMS)
    with create(path, None) as file:
        file.append(ITEMS)
        file[-1] = ITEMS[0]
        file[1:3] = ITEMS[5:7]
        with pytest.raises(IndexError, match="item 100 is not one of the file's 100 items"):
            file[100] = ITEMS[0]
    expected = ITEMS.copy()
    expected[-1], expected[1:3] = ITEMS[0], ITEMS[5:7]
    assert np.array_equal(idxfast.load(path), expected)


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        (slice(None, None, 2), ValueError, "without a step"),
        (slice(0, 4), ValueError, "selects 4 items, but 3"),
        (slice(98, 101), ValueError, "selects 2 items, but 3"),
        (slice(9, 3), ValueError, "selects 0 items, but 3"),
        (5, ValueError, "selects 1 items, but 3"),
        (100, IndexError, "item 100"),
        (-101, IndexError, "item -101"),
        ("a", TypeError, r"f\[i:j\] = items"),
        ((1, 2), TypeError, r"f\[i:j\] = items"),
        (..., TypeError, r"f\[i:j\] = items"),
    ],
)
def test_other_indexes(key, error, text, tmp_path):
    with create(tmp_path / "file") as file:
        with pytest.raises(error, match=text):
            file[key] = ITEMS[:3]
        file.append(ITEMS)
    assert np.array_equal(idxfast.load(tmp_path / "file"), ITEMS)


def test_a_gzip_file_is_written_in_order(tmp_path):
    with create(tmp_path / "file.gz") as file:
        with pytest.raises(TypeError, match="use append"):
            file[0] = ITEMS[0]
        file.append(ITEMS)
    assert np.array_equal(idxfast.load(tmp_path / "file.gz"), ITEMS)


def test_after_a_failed_write_the_file_cannot_be_completed(path, monkeypatch):
    def refuse(*_):
        raise OSError(5, "no!")

    big = np.zeros((9_000_000, 1), np.uint8)
    path.write_bytes(b"old")
    file = idxfast.create(path, shape=(None, 1), dtype="u1")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="no!"):
        patch.setattr("idxfast.writing.new_items.write_at", refuse)
        file.append(big)
    for call in (lambda: file.append(big[:1]), file.close):
        with pytest.raises(idxfast.IdxError, match="an earlier call could not write its items"):
            call()
    file.close()
    assert path.read_bytes() == b"old"
    assert names(path) == [path.name]


def test_ctrl_c_just_after_a_write(path, monkeypatch):
    """The items may be written, but are not counted: the file cannot be completed."""

    def interrupt(*_):
        raise KeyboardInterrupt

    file = create(path, None)
    file.append(ITEMS[:3])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("idxfast.writing.spans.Spans.add", interrupt)
        file.append(ITEMS[3:7])
    for call in (lambda: file.append(ITEMS[3:5]), file.close):
        with pytest.raises(idxfast.IdxError, match="an earlier call"):
            call()
    assert names(path) == []


@pytest.mark.parametrize(
    ("path", "method", "index"),
    [("file", "append", ()), ("file.gz", "append", ()), ("file", "__setitem__", (slice(None),))],
    indirect=["path"],
)
def test_discarding_while_another_thread_writes(path, method, index, monkeypatch):
    """The descriptor stays open: if it were closed, the write could go to another file."""
    write_at, reached, go_on = new_items.write_at, threading.Event(), threading.Event()

    def wait(*arguments):
        reached.set()
        assert go_on.wait(60)
        write_at(*arguments)

    monkeypatch.setattr(new_items, "write_at", wait)
    file = idxfast.create(path, shape=(1, 3000, 3000), dtype=np.uint8)
    failures = []

    def run():
        try:
            getattr(file, method)(*index, np.ones((1, 3000, 3000), np.uint8))
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    assert reached.wait(60)
    file.discard()
    assert repr(file).endswith("closed>")
    other = path.with_name("other")
    with other.open("wb"), path.with_name("another").open("wb"):
        go_on.set()
        thread.join()
        assert failures == []
    assert other.stat().st_size == 0
    assert sorted(names(path)) == ["another", "other"]
    with pytest.raises(ValueError, match="closed"):
        file.append(np.ones((3000, 3000), np.uint8))


def test_many_small_appends_are_as_small_as_one(tmp_path):
    images = np.random.default_rng(1).integers(0, 4, (30_000, 28, 28), np.uint8)
    with idxfast.create(tmp_path / "file.gz", shape=images.shape, dtype="u1") as file:
        for start in range(0, len(images), 7):
            file.append(images[start : start + 7])
    data = (tmp_path / "file.gz").read_bytes()
    assert gzip.decompress(data)[16:] == images.tobytes()
    whole = io.BytesIO()
    idxfast.save(whole, images, seekable=True)
    assert len(data) <= 1.01 * len(whole.getvalue())


def test_threads(path):
    with create(path, None) as file:

        def run(number):
            for _ in range(20):
                file.append(np.full((number, 5, 4), number, np.uint8))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    numbers = idxfast.load(path)[:, 0, 0].tolist()
    while numbers:
        assert numbers[: numbers[0]] == [numbers[0]] * numbers[0]
        del numbers[: numbers[0]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_neither_completes_nor_removes_the_file(path):
    with create(path) as file:
        file.append(ITEMS)
        child = os.fork()
        if not child:
            refused = 0
            for call in (lambda: file.append(ITEMS[0]), file.close):
                try:
                    call()
                except ValueError:
                    refused += 1
            file.discard()
            os._exit(refused)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
        assert path.name not in names(path)
    assert np.array_equal(idxfast.load(path), ITEMS)


def test_a_block_takes_few_bytes_of_memory(tmp_path):
    items = np.zeros((250, 33_000), np.uint8)  # as many blocks
    with idxfast.create(tmp_path / "f.gz", shape=(None, 33_000), dtype="u1", compresslevel=0) as f:
        f.append(items)
        tracemalloc.start()
        try:
            for _ in range(4):
                f.append(items)
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        f.discard()
    assert grown < 100 * 1000


MEMORY = """
import resource, sys, numpy, idxfast
batch = numpy.zeros((1000, 28, 28), numpy.int32)
with idxfast.create(sys.argv[1], shape=(None, 28, 28), dtype="i4") as file:
    for _ in range(8):
        file.append(batch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(50):
        file.append(batch)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts in other units")
def test_the_memory_does_not_grow_with_the_file(path, run_child):
    [growth] = run_child(MEMORY, path)
    assert int(growth) < 16 << 10
    assert idxfast.read_header(path).shape == (58_000, 28, 28)
