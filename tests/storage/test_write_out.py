"""A new file goes to the disk while it is written, and is still waited for at the end."""

import itertools

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
    for piece in written_out(pieces, 0):
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
    files.start_write_out(-1, 0, 10)
    assert path.read_bytes() == bytes(10)


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
