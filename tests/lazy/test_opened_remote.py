"""lazy/opened: files behind URLs, in every container, by every process and thread."""

import bz2
import gzip
import lzma
import multiprocessing
import operator
import os
import pickle
import threading

import numpy as np
import pytest

import idxfast
from files.small_blocks import IMAGES, blocks

COUNT = 400
ROWS = np.frombuffer(IMAGES, np.uint8).reshape(COUNT, 28, 28)
KEYS = [7, -1, slice(3, 350), slice(None, None, -7), [5, 399, 5, 0], ..., (slice(None), 14, 14)]


# What the file is packed by, and what `container` says of it.
PACK = {
    "raw": (bytes, "raw"),
    "gzip": (gzip.compress, "gzip"),
    "blocks": (blocks, "gzip"),
    "xz": (lzma.compress, "xz"),
    "bzip2": (bz2.compress, "bzip2"),
}


@pytest.fixture
def raw(oracle):
    return oracle.pack(0x08, (COUNT, 28, 28), IMAGES)


@pytest.fixture
def seekable(raw, tmp_path):
    """A file with tables of its blocks, each of 83 images."""
    idxfast.save(tmp_path / "file.gz", ROWS, seekable=True)
    return (tmp_path / "file.gz").read_bytes()


@pytest.fixture(autouse=True)
def little_at_first(monkeypatch):
    monkeypatch.setattr("idxfast.storage.objects.START", 4 << 10)


@pytest.fixture
def make_parts_small(monkeypatch):
    monkeypatch.setattr("idxfast.gzip.scanner.SPACING", 5000)
    monkeypatch.setattr("idxfast.storage.read_ahead.IN_PARTS", (3000, 1, 8))


def check(url, container, **options):
    with idxfast.open(url, **options) as file:
        assert (file.shape, file.container) == (ROWS.shape, container)
        for key in KEYS:
            assert (file[key] == ROWS[key]).all()
        assert (np.stack(list(file)) == ROWS).all()
        copy = pickle.loads(pickle.dumps(file))
        assert (copy[9] == ROWS[9]).all()
        file.verify()


@pytest.mark.parametrize("kind", PACK)
def test_each_container(kind, raw, objects):
    pack, container = PACK[kind]
    objects.files["file"] = pack(raw)
    check(f"{objects.url}file", container)


@pytest.mark.parametrize("pack", [gzip.compress, blocks])
def test_gzip_in_parts(pack, raw, objects, make_parts_small):
    objects.files["file"] = pack(raw)
    check(f"{objects.url}file", "gzip", cache_bytes=30_000)


@pytest.mark.parametrize("cache_bytes", [0, 70_000, 256 << 20])
def test_seekable(cache_bytes, seekable, objects):
    objects.files["file"] = seekable
    check(f"{objects.url}file", "seekable gzip", cache_bytes=cache_bytes)


def test_xz_larger_than_the_cache(raw, objects):
    objects.files["file"] = lzma.compress(raw)
    with pytest.raises(idxfast.SizeError, match="cache_bytes"):
        idxfast.open(f"{objects.url}file", cache_bytes=1000)


def test_requests_for_a_seekable_file(seekable, objects):
    """One for the start, one for the tables; then one for each image, or for all of an index."""
    objects.files["file"] = seekable
    with idxfast.open(f"{objects.url}file", cache_bytes=0) as file:
        assert len(objects.requests) == 2
        for number, row in enumerate([200, 0, 399, 82, 83]):
            assert (file[row] == ROWS[row]).all()
            assert len(objects.requests) == 3 + number
        assert (file[[200, 0, 399]] == ROWS[[200, 0, 399]]).all()
        assert len(objects.requests) == 8


def test_blocks_that_are_kept_are_not_requested_again(seekable, objects, monkeypatch):
    monkeypatch.setattr("idxfast.storage.ranges.MAX_GAP", 0)
    objects.files["file"] = seekable
    with idxfast.open(f"{objects.url}file") as file:
        assert (file[[200, 5]] == ROWS[[200, 5]]).all()
        count = len(objects.requests)
        assert (file[[201, 1, 7]] == ROWS[[201, 1, 7]]).all()
        assert len(objects.requests) == count
        assert (file[[201, 1, 300]] == ROWS[[201, 1, 300]]).all()
        assert len(objects.requests) == count + 1


def test_a_gzip_file_is_downloaded_once(raw, objects):
    objects.files["file"] = gzip.compress(raw)
    with idxfast.open(f"{objects.url}file") as file:
        assert len(objects.requests) == 1
        for key in (3, [5, 9], ...):
            assert (file[key] == ROWS[key]).all()
        assert len(objects.requests) == 2


def test_damage_is_found(seekable, raw, objects):
    for data in (seekable, gzip.compress(raw)):
        at = len(data) // 2
        objects.files["file"] = data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :]
        with idxfast.open(f"{objects.url}file") as file, pytest.raises(idxfast.IdxError):
            file.verify()


@pytest.mark.parametrize("change", [slice(0, -1), slice(1, None)])
def test_a_file_that_changes(change, seekable, raw, objects):
    for data in (seekable, raw):
        objects.files["file"] = data
        with idxfast.open(f"{objects.url}file", cache_bytes=0) as file:
            copy = pickle.loads(pickle.dumps(file))
            assert (file[200] == ROWS[200]).all()
            objects.files["file"] = data[change] + b"x" * (change.start or 0)
            for key in (200, [3, 200], slice(None)):
                with pytest.raises(idxfast.IdxError, match="replaced or written to"):
                    file[key]
        with pytest.raises(idxfast.IdxError):
            copy[200]


def test_a_pickle_of_another_version(raw, objects):
    objects.files["file"] = raw
    with idxfast.open(f"{objects.url}file") as file:
        copy = pickle.loads(pickle.dumps(file))
    objects.files["file"] = raw[:-1] + b"x"
    with pytest.raises(idxfast.IdxError, match="replaced or written to since it was opened"):
        copy[0]
    del objects.files["file"]
    with pytest.raises(FileNotFoundError) as caught:
        copy[0]
    assert caught.value.filename == f"{objects.url}file"


@pytest.mark.parametrize("kind", ["raw", "seekable", "gzip"])
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_other_processes(method, kind, raw, seekable, objects):
    objects.files["file"] = {"raw": raw, "seekable": seekable, "gzip": gzip.compress(raw)}[kind]
    with idxfast.open(f"{objects.url}file", cache_bytes=70_000) as file:
        assert (file[0] == ROWS[0]).all()
        keys = [slice(start, start + 50) for start in range(0, COUNT, 50)] * 2
        with multiprocessing.get_context(method).Pool(3) as pool:
            found = pool.starmap(operator.getitem, [(file, key) for key in keys], 1)
        assert (np.concatenate(found) == np.concatenate([ROWS, ROWS])).all()
        assert (file[399] == ROWS[399]).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_and_its_parent_read_at_once(raw, objects):
    """The child inherits the open file, and must not use its parent's connections."""
    objects.files["file"] = raw
    with idxfast.open(f"{objects.url}file") as file:
        for round in range(5):
            assert (file[round] == ROWS[round]).all()
            child = os.fork()
            if not child:
                is_right = all((file[row] == ROWS[row]).all() for row in range(10, 30))
                os._exit(0 if is_right else 1)
            for row in range(100, 120):
                assert (file[row] == ROWS[row]).all()
            assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("kind", ["raw", "seekable", "memory"])
def test_threads(kind, raw, seekable, objects):
    if kind == "memory":
        import fsspec

        fsspec.filesystem("memory").pipe("/threads/file", seekable)
        url = "memory://threads/file"
    else:
        objects.files["file"] = raw if kind == "raw" else seekable
        url = f"{objects.url}file"
    barrier, wrong = threading.Barrier(6), []

    def work(number):
        random = np.random.default_rng(number)
        barrier.wait()
        for _ in range(20):
            key = random.integers(0, COUNT, 9)
            if not (file[key] == ROWS[key]).all():
                wrong.append(number)

    with idxfast.open(url, cache_bytes=100_000) as file:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_a_server_that_never_answers(raw, objects):
    """fsspec's own time-out ends it, here the one that its configuration sets."""
    aiohttp = pytest.importorskip("aiohttp")
    import fsspec.config

    def never(handler, content):
        handler.server.stopping.wait(60)

    objects.files["file"] = raw
    objects.faults["file"] = [never] * 5
    options = {"client_kwargs": {"timeout": aiohttp.ClientTimeout(total=0.2)}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fsspec.config.conf, "http", options)
        with pytest.raises(TimeoutError) as caught:
            idxfast.open(f"{objects.url}file")
    objects.stopping.set()
    assert caught.value.filename == f"{objects.url}file"
