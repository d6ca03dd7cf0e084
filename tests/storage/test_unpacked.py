"""The cache of unpacked files: what goes first, and what stays."""

import os

import numpy as np
import pytest

from files.saves import ANOTHER, is_root
from idxfast.format import Header
from idxfast.storage import unpacked
from idxfast.storage.unfinished import new_file
from idxfast.storage.unpacked import Record, open_unpacked_files, record_name

HEADER = Header(np.dtype("u1"), (92,))
CONTENT = bytes.fromhex("00000801 0000005c") + bytes(92)
_OPEN = """
from idxfast.storage.unpacked import open_unpacked_files
with open_unpacked_files() as cache"""
KEYS = [f"{number:064x}" for number in range(5)]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path))
    monkeypatch.setattr(unpacked, "MAX_BYTES", 300)
    with open_unpacked_files() as cache:
        yield cache


def add(cache, number, source="/file.gz"):
    with new_file(cache.folder, len(CONTENT)) as (part, file):
        file.write(CONTENT)
        cache.add(KEYS[number], part, file)
    record = Record(KEYS[number], HEADER, source)
    cache.add_record(record_name((1, number, 3, -4, 5, 6)), record)
    return record


def numbers(cache):
    """The entries, the one that was used last first."""
    return [KEYS.index(entry.key) for entry in cache.entries()]


def use(cache, record, moment):
    cache.open(record).close()
    name = f"{record.key}.idx"
    written = cache.folder.status(name).st_mtime_ns
    os.utime(cache.folder.named(name), ns=(moment, written), dir_fd=cache.folder.descriptor)


def test_what_was_used_least_recently_goes_first(cache):
    records = []
    for number in range(3):
        records.append(add(cache, number))
        use(cache, records[-1], number)
    use(cache, records[0], 10)
    assert numbers(cache) == [0, 2, 1]
    add(cache, 3)
    assert sorted(numbers(cache)) == [0, 2, 3]
    add(cache, 4)
    assert sorted(numbers(cache)) == [0, 3, 4]


def test_opening_an_entry_marks_it_as_used(cache):
    records = [add(cache, number) for number in range(3)]
    for number, record in enumerate(records):
        use(cache, record, number)
    cache.open(records[0]).close()
    assert numbers(cache)[0] == 0


def test_a_part_of_the_disk_at_most(cache, monkeypatch):
    add(cache, 0)
    monkeypatch.setattr(unpacked, "free_space", lambda folder: 1900)
    assert cache.limit == 200
    use(cache, add(cache, 1), 0)
    assert len(numbers(cache)) == 2
    add(cache, 2)
    assert sorted(numbers(cache)) == [0, 2]


def test_an_entry_that_is_open_can_be_removed(cache):
    with cache.open(add(cache, 0)) as file:
        assert [entry.key for entry in cache.clear()] == [KEYS[0]]
        assert file.read() == CONTENT
    assert not cache.folder.list_names()


def test_records(cache):
    record = add(cache, 0, "/a\nb\udcff.gz")
    name = record_name((1, 0, 3, -4, 5, 6))
    assert cache.find(name) == record
    assert cache.find(record_name((1, 0, 3, -4, 5, 7))) is None
    assert cache.knows_size(3)
    assert not cache.knows_size(4)
    (entry,) = cache.entries()
    assert entry.sources == ["/a\nb\udcff.gz"]
    assert entry.size == 100


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_in_place_of_a_record_is_not_waited_for(cache, tmp_path, run_child):
    record = add(cache, 1)
    name = record_name((1, 1, 3, -4, 5, 6))
    path = tmp_path / "unpacked" / name
    for code, words in [
        (f"print(cache.find({name!r}))", ["None"]),
        ("print(cache.entries()[0].sources)", ["[]"]),
        ("cache.sweep()", []),
    ]:
        path.unlink()
        os.mkfifo(path)
        assert run_child(f"{_OPEN}: {code}", timeout=20) == words
    assert not path.exists()
    cache.add_record(name, record)
    os.mkfifo(path.with_name("other"))
    os.replace(path.with_name("other"), path)
    cache.add_record(name, record)
    assert cache.find(name) == record


def test_records_of_removed_entries_go(cache):
    add(cache, 0)
    add(cache, 1)
    cache.folder.remove(f"{KEYS[0]}.idx")
    cache.sweep()
    assert sorted(cache.folder.list_names()) == sorted(
        [f"{KEYS[1]}.idx", record_name((1, 1, 3, -4, 5, 6))]
    )


def test_the_oldest_records_go(cache, monkeypatch):
    monkeypatch.setattr(unpacked, "MAX_RECORDS", 2)
    record = add(cache, 0)
    names = [record_name((9, number, 0, 0, 0, 0)) for number in range(4)]
    for moment, name in enumerate(names):
        cache.add_record(name, record)
        os.utime(cache.folder.named(name), ns=(0, moment), dir_fd=cache.folder.descriptor)
    cache.folder.remove(record_name((1, 0, 3, -4, 5, 6)))
    cache.sweep()
    assert sorted(cache.folder.list_names()) == sorted([f"{KEYS[0]}.idx", *names[2:]])


def test_other_files_in_the_folder_stay(cache, tmp_path):
    others = ["notes.txt", "abc.idx", "a_b.source", f"{KEYS[0]}.idx.gz"]
    for name in others:
        (tmp_path / "unpacked" / name).touch()
    add(cache, 0)
    assert numbers(cache) == [0]
    cache.clear()
    assert sorted(cache.folder.list_names()) == sorted(others)


AS_ANOTHER = """
import os, sys
from idxfast.storage.unpacked import open_unpacked_files
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    with open_unpacked_files() as cache:
        print("opened", os.path.samefile(cache.folder.path, sys.argv[1]))
except OSError as error:
    print(type(error).__name__, "IDXFAST_CACHE" in error.strerror, error.filename)
"""


@is_root
@pytest.mark.parametrize("owner", [0, ANOTHER])
@pytest.mark.parametrize("mode", [0o700, 0o500, 0o755, 0o777, 0o710])
def test_whose_folder_is_used(mode, owner, shared, run_child, monkeypatch):
    """A user's own, which nobody else may enter."""
    monkeypatch.setenv("IDXFAST_CACHE", str(shared))
    folder = shared / "unpacked"
    folder.mkdir()
    os.chown(folder, owner, owner)
    folder.chmod(mode)
    answer = run_child(AS_ANOTHER, folder)
    if owner == ANOTHER and mode in (0o700, 0o500):
        assert answer == ["opened", "True"]
    else:
        assert answer == ["PermissionError", "True", str(folder)]
    assert not os.listdir(folder)


@is_root
def test_root_uses_no_folder_of_another_user(shared, monkeypatch):
    monkeypatch.setenv("IDXFAST_CACHE", str(shared))
    (shared / "unpacked").mkdir(mode=0o700)
    os.chown(shared / "unpacked", ANOTHER, ANOTHER)
    with pytest.raises(PermissionError, match="not a folder of this user"), open_unpacked_files():
        pass
    assert not os.listdir(shared / "unpacked")
