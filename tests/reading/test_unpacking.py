"""Mapped compressed files: what is unpacked, when and how often; changes, damage and limits."""

import bz2
import gzip
import lzma
import os

import numpy as np
import pytest

import idxfast
from files.saves import ANOTHER, is_root
from files.unpacked import check_is_tidy, mapped, names
from idxfast.reading import unpacking
from idxfast.storage import unpacked
from idxfast.storage.identity import Version

pytestmark = pytest.mark.usefixtures("cache")

PACKERS = {"gzip": gzip.compress, "xz": lzma.compress, "bzip2": bz2.compress}
SHAPE = (50, 30, 20)


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("code", [8, 9, 0x0B, 0x0C, 0x0D, 0x0E])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 0, 2), (5, 3, 4)], ids=str)
def test_values(shape, code, pack, oracle, cache, tmp_path):
    data = oracle.pack(code, shape)
    path = tmp_path / "file"
    path.write_bytes(pack(data))
    for mode in ("r", "c", "r"):
        array = idxfast.load(path, mmap_mode=mode)
        assert array.dtype == np.dtype(oracle.types[code][0]).newbyteorder(">")
        assert array.flags.writeable == (mode == "c")
        oracle.check(array.astype(array.dtype.newbyteorder("=")), data)
    (name,) = names(cache, ".idx")
    assert (cache / name).read_bytes() == data


@pytest.mark.parametrize("threads", [None, 1, 2])
@pytest.mark.parametrize("seekable", [False, True])
def test_files_as_published(seekable, threads, published, cache, tmp_path, unpacks):
    source = published / "train-images-idx3-ubyte.gz"
    content = gzip.decompress(source.read_bytes())
    path = tmp_path / "images.gz"
    if seekable:
        pixels = np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)
        idxfast.save(path, pixels, seekable=True)
    else:
        path.write_bytes(source.read_bytes())
    for _ in range(2):
        assert mapped(path, threads=threads).tobytes() == content[16:]
    assert len(unpacks) == 1
    check_is_tidy(cache)


def test_a_file_is_unpacked_once(path, content, cache, unpacks):
    first, second = mapped(path), mapped(str(path))
    with path.open("rb") as file:
        third = mapped(file)
    with path.open("rb") as file:
        fourth = mapped(file.fileno())
    assert len(unpacks) == 1
    for array in (first, second, third, fourth):
        assert array.tobytes() == content[16:]
    check_is_tidy(cache)


def test_what_the_cache_looks_like_to_others(path, cache):
    mapped(path)
    assert cache.stat().st_mode & 0o7777 == 0o700
    (name,) = names(cache, ".idx")
    assert (cache / name).stat().st_mode & 0o7777 == 0o444


def test_a_change_stays_private(path, content):
    array = idxfast.load(path, mmap_mode="c")
    array[:] = 0
    assert mapped(path).tobytes() == content[16:]


def test_an_object_that_begins_inside_a_file(path, content, oracle, tmp_path, unpacks):
    """The same file from another position holds something else."""
    other = oracle.pack(8, (9,))
    both = tmp_path / "both"
    first = gzip.compress(other)
    both.write_bytes(first + path.read_bytes())
    with both.open("rb") as file:
        file.seek(len(first))
        for _ in range(2):
            assert mapped(file).tobytes() == content[16:]
    assert len(unpacks) == 1
    with both.open("rb") as file, pytest.raises(idxfast.IdxError):
        mapped(file)


# A source that changes, or another one with the same content.


def test_copies_share_an_entry(path, content, cache, tmp_path, unpacks):
    first = mapped(path)
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    path.unlink()
    assert mapped(copy).tobytes() == first.tobytes() == content[16:]
    assert len(unpacks) == 1
    assert len(names(cache, ".source")) == 2
    check_is_tidy(cache)


def test_the_same_array_compressed_in_another_way(path, content, cache, tmp_path, unpacks):
    mapped(path)
    other = tmp_path / "other"
    other.write_bytes(gzip.compress(content, 1))
    assert mapped(other).tobytes() == content[16:]
    assert len(unpacks) == 2


def test_a_file_that_others_may_write_to_shares_its_entry_with_no_other(path, tmp_path, unpacks):
    mapped(path)
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o666)
    for _ in range(2):
        mapped(copy)
    assert len(unpacks) == 2
    another = tmp_path / "another"
    another.write_bytes(path.read_bytes())
    mapped(another)
    assert len(unpacks) == 2


@is_root
def test_a_file_of_another_user_shares_its_entry_with_no_other(path, tmp_path, unpacks):
    os.chown(path, ANOTHER, ANOTHER)
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    for _ in range(2):
        mapped(path)
        mapped(copy)
    assert len(unpacks) == 2


def replace(path, data):
    other = path.with_name("other")
    other.write_bytes(data)
    other.replace(path)


def edit(path, data):
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def edit_and_restore_times(path, data):
    status = path.stat()
    edit(path, data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_and_restore_times(path, data):
    status = path.stat()
    replace(path, data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change", [replace, edit, edit_and_restore_times, replace_and_restore_times]
)
def test_another_content_under_the_same_name(change, oracle, tmp_path):
    """Of the same size, as stored blocks; each change comes right after the mapping."""
    path = tmp_path / "file.gz"
    path.touch()
    for value in range(5):
        data = oracle.pack(8, (1000,), bytes([value]) * 1000)
        change(path, gzip.compress(data, 0, mtime=0))
        assert mapped(path).tobytes() == data[8:]
    change(path, gzip.compress(oracle.pack(8, (3,))))
    assert mapped(path).shape == (3,)


def test_times_that_programs_may_have_set(oracle, tmp_path, monkeypatch, unpacks):
    """As on two read-only images, mounted in the same place, whose files have equal times."""
    path = tmp_path / "file.gz"
    contents = [oracle.pack(8, (1000,), bytes([value]) * 1000) for value in (1, 2)]
    second = 1_700_000_000_000_000_000
    same = Version(1, 2, len(gzip.compress(contents[0], 0)), second, second)
    monkeypatch.setattr(Version, "of", lambda descriptor: same)
    for data in contents * 2:
        path.write_bytes(gzip.compress(data, 0, mtime=0))
        assert mapped(path).tobytes() == data[8:]
    assert len(unpacks) == 2  # the others are recognised by their bytes


def act_while_unpacking(monkeypatch, act):
    """Call a function once, before the last bytes of a file are read."""
    done = []
    real = unpacking._fill

    def fill(*arguments):
        real(*arguments)
        if not done:
            done.append(True)
            act()

    monkeypatch.setattr(unpacking, "_fill", fill)


def test_written_to_while_it_is_unpacked(path, content, cache, monkeypatch):
    data = path.read_bytes()
    act_while_unpacking(monkeypatch, lambda: edit(path, data))
    with pytest.raises(idxfast.IdxError, match="written to while it was unpacked") as caught:
        mapped(path)
    assert caught.value.filename == str(path)
    assert not os.listdir(cache)
    assert mapped(path).tobytes() == content[16:]


@pytest.mark.parametrize("threads", [None, 1])
def test_replaced_while_it_is_unpacked(threads, path, content, cache, oracle, monkeypatch):
    """The file that was opened is mapped; then the new one."""
    other = oracle.pack(8, (4,))
    act_while_unpacking(monkeypatch, lambda: replace(path, gzip.compress(other)))
    assert mapped(path, threads=threads).tobytes() == content[16:]
    assert mapped(path).tobytes() == other[8:]
    check_is_tidy(cache, 2)


def test_edited_after_the_decoder_has_passed(path, content, cache, monkeypatch):
    """Even if the file's times are restored, the bytes that are hashed are those that were decoded."""
    data = path.read_bytes()

    def act():
        edit_and_restore_times(path, data[:-1] + b"\1")

    act_while_unpacking(monkeypatch, act)
    with pytest.raises(idxfast.IdxError):
        mapped(path, threads=1)
    assert not names(cache, ".idx")


# Damage.


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("damage", ["cut", "flipped", "trailing", "checksum"])
def test_a_damaged_file_leaves_nothing(damage, pack, content, cache, tmp_path):
    path = tmp_path / "file"
    data = bytearray(pack(content))
    if damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "flipped":
        data[len(data) // 2] ^= 255
    elif damage == "trailing":
        data += b"abc"
    else:
        data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(idxfast.IdxError) as caught:
        mapped(path)
    with pytest.raises(type(caught.value)) as expected:
        idxfast.load(path)
    assert str(caught.value) == str(expected.value)
    assert not os.listdir(cache)


def truncate(entry):
    os.truncate(entry, entry.stat().st_size - 1)


def lengthen(entry):
    with entry.open("ab") as file:
        file.write(b"\0")


def another_header(entry):
    with entry.open("r+b") as file:
        file.write(b"\0\0\t")


def empty(entry):
    os.truncate(entry, 0)


def link(entry):
    other = entry.with_suffix(".moved")
    entry.rename(other)
    entry.symlink_to(other)


@pytest.mark.parametrize("damage", [truncate, lengthen, another_header, empty, link, os.remove])
@pytest.mark.parametrize("is_copy", [False, True])
def test_a_damaged_entry_is_made_again(is_copy, damage, path, content, cache, unpacks):
    kept = mapped(path)
    (name,) = names(cache, ".idx")
    (cache / name).chmod(0o644)
    damage(cache / name)
    if is_copy:
        replace(path, path.read_bytes())
    del kept
    assert mapped(path).tobytes() == content[16:]
    assert len(unpacks) == 2
    assert not (cache / name).is_symlink()
    assert (cache / name).read_bytes() == content


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"x\ny\nz", b"../x\n00000800\nz", b"\xff\n\n", b"a" * 64 + b"\n00\nz"]
)
def test_a_damaged_record_is_made_again(text, path, content, cache):
    mapped(path)
    (name,) = names(cache, ".source")
    before = (cache / name).read_bytes()
    (cache / name).write_bytes(text)
    assert mapped(path).tobytes() == content[16:]
    assert (cache / name).read_bytes() == before
    check_is_tidy(cache)


# Limits.


def test_max_bytes(path, cache):
    nbytes = 30_000
    with pytest.raises(idxfast.SizeError, match="max_bytes") as caught:
        mapped(path, max_bytes=nbytes - 1)
    assert (caught.value.expected, caught.value.found) == ("at most 29,999 bytes", nbytes)
    assert not os.listdir(cache)
    for _ in range(2):
        assert mapped(path, max_bytes=nbytes).nbytes == nbytes
        with pytest.raises(idxfast.SizeError, match="max_bytes"):
            mapped(path, max_bytes=nbytes - 1)
    with pytest.raises(ValueError, match="max_bytes is -1"):
        mapped(path, max_bytes=-1)


def test_a_file_that_does_not_fit(path, cache, monkeypatch):
    monkeypatch.setattr(unpacked, "MAX_BYTES", 30_015)
    with pytest.raises(idxfast.SizeError, match="load the file without mmap_mode, or open it"):
        mapped(path)
    assert not os.listdir(cache)
    monkeypatch.setattr(unpacked, "MAX_BYTES", 30_016)
    assert mapped(path).shape == SHAPE


def test_a_tenth_of_the_disk_at_most(path, monkeypatch):
    monkeypatch.setattr(unpacked, "free_space", lambda folder: 300_159)
    with pytest.raises(idxfast.SizeError) as caught:
        mapped(path)
    assert (caught.value.expected, caught.value.found) == ("at most 30,015 bytes", 30_016)
    monkeypatch.setattr(unpacked, "free_space", lambda folder: 300_160)
    assert mapped(path).shape == SHAPE


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_header_that_lies(pack, oracle, cache, tmp_path):
    """It announces 1 GB, in a file of few bytes."""
    path = tmp_path / "file"
    path.write_bytes(pack(bytes.fromhex("00000801 40000000") + bytes(100)))
    with pytest.raises(idxfast.TruncatedError):
        mapped(path)
    assert not os.listdir(cache)


def test_progress(path):
    calls = []
    mapped(path, progress=lambda *numbers: calls.append(numbers))
    assert calls[-1] == (30_016, 30_016)
    calls.clear()
    mapped(path, progress=lambda *numbers: calls.append(numbers))
    assert not calls


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_an_error_of_progress_leaves_nothing(error, path, cache):
    def stop(done, total):
        raise error

    with pytest.raises(error):
        mapped(path, progress=stop)
    assert not os.listdir(cache)
