"""A new file goes to the disk while it is written, and is still waited for at the end."""

import errno
import itertools
import os
import sys

import numpy as np
import pytest

import idxfast
from files.traced import check_calls
from idxfast.native import files
from idxfast.storage.write_out import STEP, written_out

DATA = np.random.default_rng(1).integers(0, 256, 3 * STEP + 5, np.uint8)


@pytest.mark.parametrize(
    "sizes",
    [[], [0], [7], [STEP], [STEP - 1, 2], [1, 2 * STEP, 3], [3 * STEP + 5], [5, STEP, 0, 9]],
)
def test_the_pieces_stay_the_same_and_follow_each_other_to_the_disk(sizes, monkeypatch):
    begun = []
    monkeypatch.setattr(
        files, "start_write_out", lambda descriptor, start, count: begun.append((start, count))
    )
    ends = np.cumsum([0, *sizes])
    pieces = [DATA[start:end] for start, end in itertools.pairwise(ends)]
    written = b""
    for piece in written_out(pieces, 0, "file"):
        assert len(piece) <= STEP
        # Only what was written before can go to the disk.
        assert sum(count for _, count in begun) <= len(written)
        written += piece
    assert written == DATA[: sum(sizes)].tobytes()
    position = 0
    for start, count in begun:
        assert start == position
        assert STEP <= count < 2 * STEP
        position += count
    assert position <= len(written) < position + STEP


def test_what_cannot_be_written_out_is_no_error(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(10))
    with open(path, "rb") as file:
        files.start_write_out(file.fileno(), 0, 10)
        files.start_write_out(file.fileno(), 0, -1)
    receiver, sender = os.pipe()
    files.start_write_out(sender, 0, 10)
    os.close(receiver)
    os.close(sender)
    assert path.read_bytes() == bytes(10)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("write", [idxfast.save, "create"], ids=["save", "create"])
def test_what_the_disk_refuses_early_is_not_lost(number, write, tmp_path, monkeypatch):
    """Linux tells only once that there is no room for bytes, and drops them."""

    def refuse(descriptor, start, count):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "start_write_out", refuse)
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(OSError) as error:
        if write == "create":
            with idxfast.create(path, shape=(None, STEP), dtype="u1") as writer:
                writer.append(DATA[: 2 * STEP].reshape(2, STEP))
        else:
            write(path, DATA)
    assert error.value.errno == number
    assert error.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_descriptor_that_is_none(tmp_path):
    if files.AVAILABLE and sys.platform == "linux":
        with pytest.raises(OSError) as error:
            files.start_write_out(-1, 0, 10)
        assert error.value.errno == errno.EBADF


def test_a_full_disk_that_shows_at_the_end_is_named(tmp_path, monkeypatch):
    def fsync(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError) as error:
        idxfast.save(tmp_path / "file", DATA[:10])
    assert error.value.errno == errno.ENOSPC
    assert error.value.filename == str(tmp_path / "file")
    assert os.listdir(tmp_path) == []


class OwnError(OSError):
    """What a caller's signal handler may raise."""


def test_an_error_that_a_handler_raises_stays_itself(tmp_path, monkeypatch):
    def interrupted(descriptor, start, count):
        raise OwnError(errno.ETIMEDOUT, "too late")

    monkeypatch.setattr(files, "start_write_out", interrupted)
    with pytest.raises(OwnError, match="too late"):
        idxfast.save(tmp_path / "file", DATA)


SAVING = """
import sys, numpy, idxfast
idxfast.save(sys.argv[1], numpy.zeros(int(sys.argv[2]), numpy.uint8))
"""


def test_the_name_waits_for_all_of_the_file(tmp_path):
    steps = [
        *["write.* = 8$", "write", rf"sync_file_range\(.*, 0, {STEP + 8}, SYNC_FILE_RANGE_WRITE"],
        *[
            "write",
            rf"sync_file_range\(.*, {STEP + 8}, {STEP}, SYNC_FILE_RANGE_WRITE",
            "write.* = 9$",
        ],
        *["fsync", "rename", "fsync"],  # the file, and its folder
    ]
    calls = "write,sync_file_range,fsync,rename,renameat,renameat2"
    place, trace = tmp_path / "folder", tmp_path / "trace"
    place.mkdir()
    target, size = str(place / "out"), str(2 * STEP + 9)
    check_calls(SAVING, target, size, calls=calls, place=place, steps=steps, trace=trace)
    assert len(idxfast.load(target)) == 2 * STEP + 9
