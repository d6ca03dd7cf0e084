"""Fetching sets, from two mirrors on this machine."""

import errno
import gzip
import hashlib
import io
import json
import logging
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from idxfast import FetchError, HashMismatchError, load
from idxfast.datasets import catalogue, fetch, fetching
from idxfast.datasets import load as load_set
from idxfast.datasets.fetching import fetch_file
from idxfast.format import Header

IMAGES = "train-images-idx3-ubyte.gz"
LABELS = "train-labels-idx1-ubyte.gz"
PRIVATE = f".idxfast.{os.geteuid()}" if hasattr(os, "geteuid") else ".idxfast"
HTML = b"<!DOCTYPE html><title>Log in</title>"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(name, raw, packed, **changes):
    """The catalogue's entry for a file of uint8."""
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, 4 + 4 * raw[3], 4))
    facts = {"size": len(packed), "packed": sha256(packed), "raw": sha256(raw)} | changes
    return catalogue.File(name, Header(np.dtype("u1"), shape), **facts)


def private(folder):
    """The folder in which files arrive, made if it is not there."""
    folder = folder / PRIVATE
    folder.mkdir(0o700, exist_ok=True)
    return folder


def whole(folder, packed):
    """Whether the set is there, and nothing else but locks."""
    names = {path.name for path in folder.iterdir()} - {PRIVATE}
    assert all(path.suffix == ".lock" for path in private(folder).iterdir())
    return names == set(packed) and all(
        (folder / name).read_bytes() == data for name, data in packed.items()
    )


@pytest.fixture(scope="module")
def content(oracle):
    """Two files, unpacked; the images do not compress, so that they come in several pieces."""
    noise = random.Random(5).randbytes(500 * 28 * 28)
    return {IMAGES: oracle.pack(8, (500, 28, 28), noise), LABELS: oracle.pack(8, (500,))}


@pytest.fixture
def tiny(mirror, content, monkeypatch):
    """A set of two files, `tiny`, in the catalogue and on two mirrors, a and b."""
    packed = {name: gzip.compress(raw, mtime=0) for name, raw in content.items()}
    for name, data in packed.items():
        mirror.files |= {f"a/{name}": data, f"b/{name}": data}

    def publish(mirrors="ab", **changes):
        dataset = catalogue.Dataset(
            name="tiny",
            title="Tiny",
            files=tuple(entry(n, raw, packed[n], **changes) for n, raw in content.items()),
            mirrors=tuple(f"{mirror.url}{name}/" for name in mirrors),
            archive=None,
            classes={},
            licence=None,
        )
        monkeypatch.setitem(catalogue.datasets(), "tiny", dataset)

    publish()
    return SimpleNamespace(content=content, packed=packed, publish=publish)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The user's cache; where a set called tiny goes by default."""
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    return tmp_path / "idxfast" / "tiny"


def instead(other):
    return lambda handler, content: handler.give(other)


def redirect(target):
    return lambda handler, content: handler.head(302, 0, Location=target)


def missing(handler, content):
    handler.send_error(404)


def give(handler, content):
    handler.give(content)


def cut(handler, content):
    handler.head(200, len(content))
    handler.wfile.write(content[: len(content) // 2])


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
        (redirect("https://[::1/x"), "its answer makes no sense"),
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


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs O_NOFOLLOW")
@pytest.mark.parametrize("ending", ["part", "lock"])
@pytest.mark.parametrize(("name", "file"), [("tiny", IMAGES), ("one", "one.gz")])
def test_a_symbolic_link_is_not_followed(name, file, ending, tiny, split, tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    (private(tmp_path) / f"{file}.{ending}").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="another directory can be given") as caught:
        fetch(name, tmp_path)
    assert caught.value.errno == errno.ELOOP
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert not (tmp_path / file).exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs descriptors of folders")
@pytest.mark.parametrize(("name", "file"), [("tiny", IMAGES), ("one", "one.gz")])
def test_what_was_verified_takes_the_place(name, file, tiny, split, tmp_path, monkeypatch):
    """Whoever may write to the directory exchanges the part just before it moves."""
    private(tmp_path)
    content = {**tiny.packed, **split}[file]
    real, swapped = fetching.move_out, []

    def swap_and_move(inside, part, opened, folder, target):
        if target == file:
            (tmp_path / PRIVATE).rename(tmp_path / "away")
            (private(tmp_path) / part).write_bytes(b"planted")
            swapped.append(target)
        real(inside, part, opened, folder, target)

    monkeypatch.setattr(fetching, "move_out", swap_and_move)
    fetch(name, tmp_path)
    assert swapped == [file]
    assert (tmp_path / file).read_bytes() == content
    assert not (tmp_path / "away" / f"{file}.part").exists()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root, for another user"
)
def test_a_private_folder_of_another_user_is_refused(tiny, mirror, tmp_path):
    os.chown(private(tmp_path), 65534, 65534)
    with pytest.raises(
        PermissionError, match=r"\.idxfast\.0 is not a folder of this user"
    ) as caught:
        fetch("tiny", tmp_path)
    assert caught.value.filename == str(tmp_path / IMAGES)
    assert mirror.requests == []
    assert list(private(tmp_path).iterdir()) == []


@pytest.mark.parametrize("ending", ["part", "lock"])
@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_hard_link_is_not_written_to(mode, ending, tiny, tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    (private(folder) / f"{IMAGES}.{ending}").hardlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="hard link"):
        fetch("tiny", folder)
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert not (folder / IMAGES).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
@pytest.mark.parametrize("ending", ["part", "lock"])
@pytest.mark.parametrize(("name", "file"), [("tiny", IMAGES), ("one", "one.gz")])
def test_a_fifo_is_refused_at_once(name, file, ending, tiny, split, tmp_path):
    """Who opens one waits for somebody else to do so, or reads what he writes."""
    os.mkfifo(private(tmp_path) / f"{file}.{ending}")
    reason = rf"{file}\.{ending} is a FIFO, not a regular file \(another directory can be given"
    with pytest.raises(OSError, match=reason) as caught:
        fetch(name, tmp_path)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.filename == str(tmp_path / file)
    assert not (tmp_path / file).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_in_the_place_of_a_file_is_refused_at_once(tiny, mirror, tmp_path, cache):
    cache.mkdir(parents=True)
    for folder, directory in ((tmp_path, tmp_path), (cache, None)):
        os.mkfifo(folder / IMAGES)
        for reads in (fetch, load_set):
            with pytest.raises(OSError, match=f"{IMAGES} is a FIFO, not a regular file"):
                reads("tiny", directory=directory)
    assert mirror.requests == []


def test_who_waits_for_another_says_so(tiny, mirror, tmp_path, caplog):
    """The other one is told apart by its process and host, and is bound by the same limits."""
    waiting = threading.Event()

    def slow(handler, content):
        waiting.wait(20)
        handler.give(content)

    mirror.faults[f"a/{IMAGES}"] = [slow]
    threads = [threading.Thread(target=fetch, args=("tiny", tmp_path)) for _ in range(2)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while not caplog.messages and time.monotonic() < deadline:
        time.sleep(0.01)
    waiting.set()
    for thread in threads:
        thread.join()
    assert caplog.messages[0].startswith(f"waiting for process {os.getpid()} on ")
    assert caplog.messages[0].endswith(f", which fetches {tmp_path}/{IMAGES}")
    assert whole(tmp_path, tiny.packed)


def test_no_mirror_helps(tiny, mirror, tmp_path):
    mirror.faults = {f"a/{IMAGES}": [missing] * 3, f"b/{IMAGES}": [instead(HTML)] * 3}
    with pytest.raises(FetchError) as caught:
        fetch("tiny", tmp_path)
    message = str(caught.value)
    assert message.startswith(f"no mirror gives {IMAGES}: ")
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
        handler.server.stopping.wait(20)

    monkeypatch.setattr("idxfast.datasets.transfer.FIRST_SECONDS", 0.1)
    monkeypatch.setattr("idxfast.datasets.transfer.LEAST_RATE", 1e9)
    mirror.faults = {f"{name}/{IMAGES}": [silent] * 3 for name in "ab"}
    start = time.monotonic()
    with pytest.raises(FetchError, match=f"no mirror gives {IMAGES}: .*a/.*too long.*b/.*too long"):
        fetch("tiny", tmp_path)
    assert time.monotonic() - start < 10
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


def test_a_cut_transfer_is_continued(tiny, mirror, tmp_path):
    tiny.publish(mirrors="a")
    mirror.faults[f"a/{IMAGES}"] = [cut]
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    assert mirror.requests[0][1] is None
    assert mirror.requests[1][1].startswith("bytes=")


def test_a_mirror_that_always_breaks_off_does_not_spoil_another(tiny, mirror, tmp_path):
    """The second packs the same content in another way: what the first began does not fit."""
    other = gzip.compress(tiny.content[IMAGES], 1, mtime=0)
    mirror.files[f"b/{IMAGES}"] = other
    mirror.faults[f"a/{IMAGES}"] = [cut] * 3
    fetch("tiny", tmp_path)
    assert (tmp_path / IMAGES).read_bytes() == other


def test_what_does_not_fit_together_is_fetched_again(tiny, mirror, tmp_path):
    """The file on the mirror changes between the first half and the second."""
    old = bytes(reversed(tiny.packed[IMAGES]))
    (private(tmp_path) / f"{IMAGES}.part").write_bytes(tiny.packed[IMAGES][:5] + old[5:1000])
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    assert mirror.requests[:2] == [(f"a/{IMAGES}", "bytes=1000-"), (f"a/{IMAGES}", None)]


def test_a_part_that_is_whole_is_not_fetched_again(tiny, mirror, tmp_path):
    """Its process was killed before it could give it its name."""
    (private(tmp_path) / f"{IMAGES}.part").write_bytes(tiny.packed[IMAGES])
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    size = len(tiny.packed[IMAGES])
    assert mirror.requests == [(f"a/{IMAGES}", f"bytes={size}-"), (f"a/{LABELS}", None)]


def test_a_part_that_is_too_long_is_fetched_again(tiny, mirror, tmp_path):
    (private(tmp_path) / f"{IMAGES}.part").write_bytes(tiny.packed[IMAGES] + b"more")
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)


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
    assert caplog.messages == [f"{cache / LABELS} is damaged; getting it again"]
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


@pytest.fixture
def split(mirror, oracle, monkeypatch):
    """Two sets of one file in one archive, like EMNIST's splits, and worse things beside them."""
    raw = {name: oracle.pack(8, (n, 4, 4)) for name, n in (("one.gz", 5), ("two.gz", 6))}
    packed = {name: gzip.compress(data, mtime=0) for name, data in raw.items()}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as members:
        for name in packed:
            members.writestr(f"gzip/{name}", packed[name])
        for name in ("../one.gz", "/tmp/one.gz", "gzip/../../evil", "one.gz"):
            members.writestr(name, b"evil")
    mirror.files["gzip.zip"] = data.getvalue()
    file = catalogue.File("gzip.zip", None, len(data.getvalue()), sha256(data.getvalue()))
    archive = catalogue.Archive("split", file, (mirror.url,))
    for name in packed:
        files = (entry(name, raw[name], packed[name]),)
        dataset = catalogue.Dataset(name[:3], "", files, (), archive, {}, None)
        monkeypatch.setitem(catalogue.datasets(), name[:3], dataset)
    return packed


def test_splits_come_out_of_one_archive(split, mirror, cache):
    root = cache.parent
    assert fetch("one") == root / "one"
    assert fetch("two") == root / "two"
    assert mirror.requests == [("gzip.zip", None)]
    for name in split:
        assert whole(root / name[:3], {name: split[name]})
    assert whole(root / "split", mirror.files)
    assert {path.name for path in root.parent.rglob("*")} == {
        "idxfast", "one", "two", "split", "gzip.zip", "one.gz", "two.gz", PRIVATE,
        "gzip.zip.lock", "one.gz.lock", "two.gz.lock",
    }  # fmt: skip


def test_a_split_in_a_directory_of_yours(split, mirror, tmp_path):
    fetch("one", tmp_path)
    assert whole(tmp_path, {"one.gz": split["one.gz"], **mirror.files})


def test_what_comes_out_of_an_archive_is_of_the_one_that_was_verified(
    split, tmp_path, oracle, monkeypatch
):
    """Of a file that has no hash of its own."""
    archives = []
    for value in (1, 2):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as members:
            raw = oracle.pack(8, (5, 4, 4), bytes([value]) * 80)
            members.writestr("gzip/one.gz", gzip.compress(raw, mtime=0))
        archives.append(data.getvalue())
    file = catalogue.File("gzip.zip", None, len(archives[0]), sha256(archives[0]))
    archive = catalogue.Archive("split", file, ())
    files = (catalogue.File("one.gz", Header(np.dtype("u1"), (5, 4, 4))),)
    dataset = catalogue.Dataset("one", "", files, (), archive, {}, None)
    monkeypatch.setitem(catalogue.datasets(), "one", dataset)
    path = tmp_path / "gzip.zip"
    path.write_bytes(archives[0])
    verify = fetching.verify

    def verify_and_swap(opened, known, url):
        verify(opened, known, url)
        if known is file:
            (tmp_path / "other").write_bytes(archives[1])
            (tmp_path / "other").replace(path)

    monkeypatch.setattr(fetching, "verify", verify_and_swap)
    fetch("one", tmp_path)
    assert path.read_bytes() == archives[1]
    assert load(tmp_path / "one.gz").max() == 1


@pytest.mark.parametrize(
    ("member", "content", "reason"),
    [
        ("one.gz", None, "no item named 'gzip/one.gz'"),
        ("gzip/one.gz", gzip.compress(b"other"), "not the published file"),
    ],
)
def test_an_archive_without_the_file(member, content, reason, split, tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as members:
        members.writestr(member, content or split["one.gz"])
    (tmp_path / "gzip.zip").write_bytes(data.getvalue())
    file = catalogue.File("gzip.zip", None, len(data.getvalue()), sha256(data.getvalue()))
    old = catalogue.datasets()["one"]
    dataset = catalogue.Dataset(
        "one", "", old.files, (), catalogue.Archive("split", file, ()), {}, None
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(catalogue.datasets(), "one", dataset)
        with pytest.raises(FetchError, match=f"{tmp_path}/gzip.zip/gzip/one.gz: .*{reason}"):
            fetch("one", tmp_path)
    assert not (tmp_path / "one.gz").exists()


def test_one_file_replaces_what_stands_at_its_path(tiny, mirror, tmp_path, caplog):
    path = tmp_path / "new" / "labels.gz"
    fetch_file("tiny", LABELS, str(path))
    assert whole(path.parent, {"labels.gz": tiny.packed[LABELS]})
    assert mirror.requests == [(f"a/{LABELS}", None)]
    fetch_file("tiny", LABELS, path)
    assert len(mirror.requests) == 1
    path.write_bytes(tiny.packed[IMAGES])
    fetch_file("tiny", LABELS, path)
    assert caplog.messages == [f"{path} is damaged; getting it again"]
    assert whole(path.parent, {"labels.gz": tiny.packed[LABELS]})
    assert len(mirror.requests) == 2


def test_one_file_is_not_fetched_offline(tiny, mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_OFFLINE", "1")
    with pytest.raises(FetchError, match=r"^x\.gz is missing .* IDXFAST_OFFLINE is set$"):
        fetch_file("tiny", LABELS, tmp_path / "x.gz")
    assert mirror.requests == []


def test_the_archive_alone(split, mirror, tmp_path):
    fetch_file("one", "gzip.zip", tmp_path / "splits.zip")
    assert whole(tmp_path, {"splits.zip": mirror.files["gzip.zip"]})


@pytest.mark.parametrize(("name", "known"), [("tiny", f"{IMAGES}, {LABELS}"), ("one", "gzip.zip")])
def test_a_file_that_the_mirrors_have_not(name, known, tiny, split, mirror, tmp_path):
    with pytest.raises(FetchError, match=f"^{name} has no file 'one.gz'; there are: {known}$"):
        fetch_file(name, "one.gz", tmp_path / "one.gz")
    assert mirror.requests == []


# A process of its own: it has no threads, so that it may fork, and it gets the set and the mirror
# from its arguments.
PROLOGUE = """
import json, os, signal, sys, traceback
import pooch, requests, filelock, tqdm  # once, before forking
import numpy as np
from idxfast.datasets import catalogue, fetch, parts, transfer
from idxfast.format import Header
address, files, *folders = json.loads(sys.argv[1])
transfer.check_url = lambda url, by: None
parts.PAUSE = 0
catalogue.datasets()["tiny"] = catalogue.Dataset(
    "tiny", "", tuple(
        catalogue.File(name, Header(np.dtype("u1"), tuple(shape)), *facts)
        for name, shape, *facts in files
    ), (f"http://{address}/a/",), None, {}, None)
"""


def run(script, mirror, folders):
    files = [
        (file.name, file.header.shape, file.size, file.packed, file.raw)
        for file in catalogue.datasets()["tiny"].files
    ]
    arguments = json.dumps([mirror.address, files, *map(str, folders)])
    code = PROLOGUE + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, arguments], stderr=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_many_processes_fetch_once(tiny, mirror, tmp_path):
    """16 at once, in 5 rounds; in each a first transfer is cut, and another gets a page."""
    script = """
    for folder in folders:
        children = []
        for _ in range(16):
            child = os.fork()
            if not child:
                try:
                    fetch("tiny", folder)
                except BaseException:
                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            children.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    """
    folders = [tmp_path / str(number) for number in range(5)]
    mirror.faults = {
        f"a/{IMAGES}": [cut, give] * 5,
        f"a/{LABELS}": [instead(HTML), give] * 5,
    }
    process = run(script, mirror, folders)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert all(whole(folder, tiny.packed) for folder in folders)
    assert len(mirror.requests) == 5 * 2 * 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_transfer_leaves_a_part_and_is_continued(tiny, mirror, tmp_path):
    def half_then_nothing(handler, content):
        handler.head(200, len(content))
        handler.wfile.write(content[: len(content) // 2])
        handler.server.stopping.wait(10)

    tiny.publish(mirrors="a")
    mirror.faults[f"a/{IMAGES}"] = [half_then_nothing]
    part = tmp_path / PRIVATE / f"{IMAGES}.part"
    process = run("fetch('tiny', folders[0])", mirror, [tmp_path])
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert {path.name for path in tmp_path.iterdir()} == {PRIVATE}
    assert {path.name for path in part.parent.iterdir()} == {part.name, f"{IMAGES}.lock"}
    size = part.stat().st_size
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    assert mirror.requests[1] == (f"a/{IMAGES}", f"bytes={size}-")


def test_threads_fetch_once(tiny, mirror, tmp_path):
    barrier, results = threading.Barrier(4), []

    def work():
        barrier.wait(5)
        results.append(fetch("tiny", tmp_path))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [tmp_path] * 4
    assert whole(tmp_path, tiny.packed)
    assert len(mirror.requests) == 2
