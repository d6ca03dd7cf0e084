"""A power cut during an append: what was not yet waited for is on the disk, or not, in any order."""

import contextlib
import itertools
import re

import numpy as np
import pytest

import idxfast
from idxfast.writing import raw_items, seekable_items

OLD, NEW = (
    np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8)
    for seed, count in ((1, 30), (2, 200))
)
BOTH = np.concatenate([OLD, NEW])


class Recorder:
    """Makes changes as `storage.in_place` does, notes them, and can fail after one of them."""

    def __init__(self, patch, failing=None):
        self.steps = []
        self._failing = failing
        self._write_at, self._cut = raw_items.write_at, raw_items.cut
        for module in (raw_items, seekable_items):
            patch.setattr(module, "write_at", self.write_at)
            patch.setattr(module, "cut", self.cut)
        # The changes of `append_items` cannot be noted here; `steps_of` reads them from strace.
        patch.setattr(raw_items, "append_items", lambda *_: None)

    def write_at(self, descriptor, data, position, *, is_awaited=False):
        self._write_at(descriptor, data, position)
        self.steps.append(("write", position, bytes(data)))
        if is_awaited:
            self._wait()

    def cut(self, descriptor, size):
        self._cut(descriptor, size)
        self.steps.append(("cut", size))
        self._wait()

    def _wait(self):
        self.steps.append("wait")
        if self.steps.count("wait") == self._failing:
            raise OSError(5, "the disk fails")


def made(content, step, how):
    """The content after a step that reached the disk in one of these ways."""
    if how == "not":
        return content
    if step[0] == "cut":
        return content[: step[1]]
    _, position, data = step
    if how == "half":
        data = data[: len(data) // 2]
    elif how == "as zeros":  # only the size of the file was changed
        data = content[position : position + len(data)].ljust(len(data), b"\0")
    return content.ljust(position, b"\0")[:position] + data + content[position + len(data) :]


def disks(content, steps):
    """All that may be on the disk after a power cut at any time."""
    found, pending = {content}, []
    for step in steps:
        if step == "wait":
            for one in pending:
                content = made(content, one, "whole")
            pending = []
            continue
        pending.append(step)
        for some in itertools.product(*map(ways, pending)):
            state = content
            for one, how in zip(pending, some, strict=True):
                state = made(state, one, how)
            found.add(state)
    return found


def ways(step):
    """How a step may reach the disk, which writes at least 512 bytes at a time."""
    is_long = step[0] == "write" and len(step[2]) > 512
    return ("not", "whole", "half", "as zeros") if is_long else ("not", "whole")


# A line of strace for each call that changes a file or waits: its name, bytes, and numbers.
CALL = re.compile(r'(\w+)\(\d+(?:, "(.*)", \d+)?(?:, (\d+))?\) += (?:\d+$|-1 EIO)')


def steps_of(lines):
    """What a `Recorder` would note of these calls."""
    for line in lines:
        call, data, position = CALL.match(line).groups()
        if call == "pwrite64":
            yield ("write", int(position), bytes.fromhex(data.replace("\\x", "")))
        elif call == "ftruncate":
            yield ("cut", int(position))
        else:
            yield "wait"


@pytest.mark.parametrize("failing", [None, 1, 2, 3])
def test_a_power_cut_in_one_call(failing, tmp_path, append_traced):
    path = tmp_path / "file"
    idxfast.save(path, OLD)
    before = path.read_bytes()
    inject = [] if failing is None else ["-e", f"inject=fdatasync:error=EIO:when={failing}"]
    code, _, lines = append_traced(path, NEW, *inject)
    assert code == (failing is not None)
    steps = list(steps_of(lines))
    content = before
    for step in steps:
        content = content if step == "wait" else made(content, step, "whole")
    assert path.read_bytes() == content
    check_disks(path, before, steps, failing)


@pytest.mark.parametrize("failing", [None, 1, 2, 3])
@pytest.mark.parametrize("name", ["file", "file.gz"])
def test_a_power_cut(name, failing, tmp_path, monkeypatch):
    path = tmp_path / name
    idxfast.save(path, OLD, **({"seekable": True} if path.suffix else {}))
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        recorder = Recorder(patch, failing)
        failure = pytest.raises(OSError, match="the disk fails")
        with contextlib.nullcontext() if failing is None else failure:
            idxfast.append(path, NEW)
    check_disks(path, before, recorder.steps, failing)


def check_disks(path, before, steps, failing):
    """Whatever is on the disk, a reader finds no wrong item, and the next append repairs it."""
    counts = set()
    for content in disks(before, steps):
        path.write_bytes(content)
        try:
            allowed = len(idxfast.load(path))
        except idxfast.IdxError:
            allowed = None
        idxfast.append(path, NEW[:0])
        array = idxfast.load(path)
        assert np.array_equal(array, BOTH[: len(array)])
        assert len(array) in ((len(OLD), len(BOTH)) if allowed is None else (allowed,))
        counts.add(len(array))
    # The third time, the header is waited for, which counts the new items.
    assert counts == ({len(OLD)} if failing in (1, 2) else {len(OLD), len(BOTH)})
