"""The payload of a raw file: rows in pieces of any size, and files that change after opening."""

import gc
import os
import weakref

import numpy as np
import pytest

from idxfast import IdxError, TruncatedError
from idxfast.containers import payload
from idxfast.containers.payload import RawPayload, check_state, in_state
from idxfast.format import parse
from idxfast.storage.inputs import open_source

SHAPE = (50, 7)


@pytest.fixture
def path(tmp_path, oracle):
    path = tmp_path / "file"
    path.write_bytes(oracle.pack(0x08, SHAPE, bytes(i % 251 for i in range(350))))
    return path


@pytest.fixture
def source(path):
    with open_source(path) as source:
        yield source


@pytest.fixture
def opened(source):
    return RawPayload(source, parse(source.read(12, 0), "file"), source.state())


def change(path, how):
    content = path.read_bytes()
    path.write_bytes({"written": content, "longer": content + b"x", "shorter": content[:-9]}[how])
    os.utime(path, (5, 5))


READS = {
    "bytes": lambda opened: opened.read_into(np.empty(7, np.uint8), 343),
    "rows": lambda opened: opened.read_rows(np.empty(14, np.uint8), 7, np.array([0, 49])),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("how", ["written", "longer", "shorter"])
def test_a_file_that_has_been_written_to_is_refused(read, how, opened, path):
    READS[read](opened)
    change(path, how)
    with pytest.raises(IdxError, match="has been written to since it was opened") as caught:
        READS[read](opened)
    assert caught.value.part == "payload"
    assert caught.value.offset == {"written": 362, "longer": 362, "shorter": 353}[how]


@pytest.mark.parametrize("most_rows", [1, 2, 100])
@pytest.mark.parametrize("most_bytes", [6, 7, 8, 20, 1000])
def test_rows_are_read_in_pieces(most_rows, most_bytes, opened, path, monkeypatch):
    monkeypatch.setattr(payload, "MAX_ROWS", most_rows)
    monkeypatch.setattr(payload, "MAX_BYTES", most_bytes)
    rows = np.array([3, 49, 3, 0, 17])
    memory = np.full(35, 255, np.uint8)
    opened.read_rows(memory, 7, rows)
    expected = np.frombuffer(path.read_bytes()[12:], np.uint8).reshape(SHAPE)[rows]
    assert memory.tobytes() == expected.tobytes()


@pytest.mark.parametrize("read", READS)
def test_a_file_that_is_shorter_than_its_state_says(read, opened, source, monkeypatch):
    """As when it is cut short between two calls of the system."""
    before = source.state()
    monkeypatch.setattr(type(source), "state", lambda source: before)
    os.truncate(source.name, 360)
    with pytest.raises(TruncatedError) as caught:
        READS[read](opened)
    assert caught.value.offset == 360


def test_an_error_in_a_file_that_has_changed_is_explained(source, path):
    before = source.state()
    with in_state(source, before):
        pass
    with pytest.raises(IdxError, match="damaged"), in_state(source, before):
        raise IdxError("damaged")
    with pytest.raises(KeyError), in_state(source, before):
        raise KeyError
    change(path, "longer")
    with pytest.raises(IdxError, match="written to since"), in_state(source, before):
        raise IdxError("damaged")
    with pytest.raises(IdxError, match="written to since"), in_state(source, before):
        pass
    with pytest.raises(IdxError, match="363 bytes"):
        check_state(source, before)


def test_the_error_of_a_changed_file_keeps_nothing_in_a_cycle(source, path):
    def fail():
        array = np.zeros(3)
        seen.append(weakref.ref(array))
        raise IdxError("damaged")

    seen, state = [], source.state()
    os.utime(path, (1, 1))
    gc.disable()
    try:
        with pytest.raises(IdxError, match="written to"), in_state(source, state):
            fail()
        assert seen[0]() is None
    finally:
        gc.enable()
