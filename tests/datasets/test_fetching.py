"""Fetching sets, from two mirrors on this machine."""

import errno
import gzip
import logging
import os
import sys
import time
from types import SimpleNamespace

import pytest

from idxfast import FetchError, HashMismatchError, load
from idxfast.datasets import fetch
from idxfast.datasets import load as load_set
from idxfast.datasets.fetching import fetch_file
from mirrors.sets import (
    HTML,
    IMAGES,
    LABELS,
    PRIVATE,
    cut,
    instead,
    missing,
    private,
    redirect,
    sha256,
    whole,
)


def test_a_set_is_fetched_and_found_again(tiny, mirror, tmp_path, oracle):
    folder = tmp_path / "new" / "folder"
    assert fetch("tiny", str(folder)) == folder
    assert whole(folder, tiny.packed)
    for name, raw in tiny.content.items():
        oracle.check(load(folder / name), raw)
    assert mirror.requests == [(f"a/{IMAGES}", None), (f"a/{LABELS}", None)]
    times = {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]}
    assert fetch("tiny", folder) == folder
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]} == times
    assert len(mirror.requests) == 2


def test_what_is_there_is_not_fetched(tiny, mirror, tmp_path):
    (tmp_path / IMAGES).write_bytes(tiny.packed[IMAGES])
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    assert mirror.requests == [(f"a/{LABELS}", None)]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (missing, "404"),
        (instead(HTML), "got an HTML page"),
        (redirect("https://[::1/x"), "its response makes no sense"),
        (instead(gzip.compress(bytes(392_016))), "not the published file"),
        (cut, "cut"),
    ],
)
def test_the_next_mirror_helps(fault, reason, tiny, mirror, tmp_path, caplog):
    mirror.faults[f"a/{IMAGES}"] = [fault]
    with caplog.at_level(logging.INFO, "idxfast"):
        fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    assert [path for path, _ in mirror.requests[:2]] == [f"a/{IMAGES}", f"b/{IMAGES}"]
    (message,) = caplog.messages
    assert message.startswith(f"{mirror.url}a/{IMAGES}: ")
    assert reason in message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_in_the_place_of_a_file_is_refused_at_once(tiny, mirror, tmp_path, cache):
    cache.mkdir(parents=True)
    for folder, directory in ((tmp_path, tmp_path), (cache, None)):
        os.mkfifo(folder / IMAGES)
        for reads in (fetch, load_set):
            with pytest.raises(OSError, match=f"{IMAGES} is a FIFO, not a regular file"):
                reads("tiny", directory=directory)
    assert mirror.requests == []


def test_no_mirror_helps(tiny, mirror, tmp_path):
    mirror.faults = {f"a/{IMAGES}": [missing] * 3, f"b/{IMAGES}": [instead(HTML)] * 3}
    with pytest.raises(FetchError) as caught:
        fetch("tiny", tmp_path)
    message = str(caught.value)
    assert message.startswith(f"no mirror provides {IMAGES}: ")
    assert f"{mirror.url}a/{IMAGES}: 404 Not Found" in message
    assert f"{mirror.url}b/{IMAGES}: got an HTML page" in message
    assert "\n" not in message
    assert not (tmp_path / IMAGES).exists()
    assert len(mirror.requests) == 6
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)


def test_mirrors_that_say_nothing_do_not_hold_the_fetch(tiny, mirror, tmp_path, monkeypatch):
    """Each has its time, three times; then the lock is free again."""

    def silent(handler, content):
        clock.append(clock[-1] + 3600.0)
        handler.server.stopping.wait(60)

    clock = [0.0]
    timed = SimpleNamespace(monotonic=lambda: clock[-1])
    monkeypatch.setattr("idxfast.datasets.transfer.time", timed)
    mirror.faults = {f"{name}/{IMAGES}": [silent] * 3 for name in "ab"}
    start = time.monotonic()
    with pytest.raises(
        FetchError, match=f"no mirror provides {IMAGES}: .*a/.*too long.*b/.*too long"
    ):
        fetch("tiny", tmp_path)
    assert time.monotonic() - start < 60
    assert len(mirror.requests) == 6


def test_another_file_on_all_mirrors_is_a_mismatch(tiny, mirror, tmp_path):
    other = gzip.compress(b"other")
    mirror.faults = {f"{name}/{IMAGES}": [instead(other)] * 3 for name in "ab"}
    with pytest.raises(HashMismatchError) as caught:
        fetch("tiny", tmp_path)
    error = caught.value
    assert error.url == f"{mirror.url}a/{IMAGES}"
    assert error.expected == sha256(tiny.packed[IMAGES])
    assert error.found == sha256(other)
    assert error.nbytes == len(other)
    assert [path.name for path in tmp_path.iterdir()] == [PRIVATE]
    assert [path.name for path in private(tmp_path).iterdir()] == [f"{IMAGES}.lock"]


def test_a_file_that_was_packed_anew_passes_by_its_content(tiny, mirror, tmp_path):
    again = {name: gzip.compress(raw, 1, mtime=1) for name, raw in tiny.content.items()}
    mirror.files = {f"a/{name}": data for name, data in again.items()}
    assert again[IMAGES] != tiny.packed[IMAGES]
    fetch("tiny", tmp_path)
    assert whole(tmp_path, again)
    fetch("tiny", tmp_path)
    assert len(mirror.requests) == 2


def test_the_content_does_not_pass_unpacked(tiny, mirror, tmp_path):
    tiny.publish(mirrors="a")
    mirror.faults[f"a/{IMAGES}"] = [instead(tiny.content[IMAGES])] * 3
    with pytest.raises(FetchError, match="got what starts with 00 00 08 03"):
        fetch("tiny", tmp_path)


def test_a_damaged_file_in_the_cache_is_fetched_again(tiny, mirror, cache, caplog):
    assert fetch("tiny") == cache
    damaged = bytearray(tiny.packed[LABELS])
    damaged[-7] ^= 1
    (cache / LABELS).write_bytes(damaged)
    with caplog.at_level(logging.WARNING, "idxfast"):
        fetch("tiny")
    assert caplog.messages == [f"{cache / LABELS} is damaged; fetching it again"]
    assert whole(cache, tiny.packed)
    assert len(mirror.requests) == 3


def test_a_link_in_the_cache_that_leads_nowhere_is_replaced(tiny, cache):
    cache.mkdir(parents=True)
    (cache / IMAGES).symlink_to("elsewhere")
    assert fetch("tiny") == cache
    assert not (cache / IMAGES).is_symlink()
    assert whole(cache, tiny.packed)


def test_a_file_of_yours_is_not_replaced(tiny, mirror, tmp_path):
    mine = gzip.compress(b"mine")
    (tmp_path / IMAGES).write_bytes(mine)
    with pytest.raises(HashMismatchError) as caught:
        fetch("tiny", tmp_path)
    assert caught.value.url == str(tmp_path / IMAGES)
    assert (tmp_path / IMAGES).read_bytes() == mine
    assert mirror.requests == []


def test_a_link_of_yours_is_not_replaced(tiny, mirror, tmp_path):
    """As in a repository whose large files are elsewhere."""
    link = tmp_path / IMAGES
    link.symlink_to("elsewhere")
    with pytest.raises(FileNotFoundError, match=IMAGES):
        fetch("tiny", tmp_path)
    assert os.listdir(tmp_path) == [IMAGES]
    assert link.is_symlink()
    assert mirror.requests == []


def test_offline_uses_what_is_there_and_no_network(tiny, mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_OFFLINE", "1")
    with pytest.raises(FetchError, match=f"^{IMAGES} is missing .* IDXFAST_OFFLINE is set$"):
        fetch("tiny", tmp_path)
    assert mirror.requests == []
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("IDXFAST_OFFLINE", "0")
    fetch("tiny", tmp_path)
    monkeypatch.setenv("IDXFAST_OFFLINE", "yes")
    assert fetch("tiny", tmp_path) == tmp_path
    assert len(mirror.requests) == 2


def test_a_full_disk_is_an_error_of_the_system_with_a_hint(tiny, tmp_path):
    """The system refuses to write more than 100,000 bytes to a file, as a full disk would."""
    resource = pytest.importorskip("resource")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(OSError, match="another directory can be given") as caught:
            fetch("tiny", tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == str(tmp_path / IMAGES)
    assert not isinstance(caught.value, FetchError)
    assert not (tmp_path / IMAGES).exists()


def test_a_directory_that_is_a_file(tiny, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        fetch("tiny", tmp_path / "file")


def test_without_pooch_it_says_what_to_install(tiny, tmp_path, monkeypatch):
    for module in ("filelock", "tqdm", "requests", "pooch"):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ImportError, match=rf"{module}: pip install .* {module}"):
            fetch("tiny", tmp_path)
    with pytest.raises(ImportError, match=r"pooch: pip install .* pooch"):
        fetch("tiny")


def test_an_unknown_name(tmp_path):
    with pytest.raises(ValueError, match="no data set 'mnits'; there are: mnist, fashion-mnist"):
        fetch("mnits", tmp_path)


def test_one_file_replaces_what_stands_at_its_path(tiny, mirror, tmp_path, caplog):
    path = tmp_path / "new" / "labels.gz"
    fetch_file("tiny", LABELS, str(path))
    assert whole(path.parent, {"labels.gz": tiny.packed[LABELS]})
    assert mirror.requests == [(f"a/{LABELS}", None)]
    fetch_file("tiny", LABELS, path)
    assert len(mirror.requests) == 1
    path.write_bytes(tiny.packed[IMAGES])
    fetch_file("tiny", LABELS, path)
    assert caplog.messages == [f"{path} is damaged; fetching it again"]
    assert whole(path.parent, {"labels.gz": tiny.packed[LABELS]})
    assert len(mirror.requests) == 2


def test_one_file_is_not_fetched_offline(tiny, mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_OFFLINE", "1")
    with pytest.raises(FetchError, match=r"^x\.gz is missing .* IDXFAST_OFFLINE is set$"):
        fetch_file("tiny", LABELS, tmp_path / "x.gz")
    assert mirror.requests == []
