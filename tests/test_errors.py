"""What the errors say and carry."""

import gzip
import io
import pickle
import struct

import numpy as np
import pytest

import idxfast
from idxfast import ChecksumError, TrailingDataError, TruncatedError
from idxfast.datasets.pairs import find_pair
from idxfast.errors import printable, with_reason

# ESC, BEL, C1's CSI, DEL, line ends, Unicode's line end, right-to-left override and isolate, byte
# order mark, zero-width space, a surrogate that replaces a byte.
CONTROLS = "\x1b\x07\x9b\x7f\r\n\t\0\u2028\u202e\u2066\ufeff\u200b\udc9b"


def header(code, *shape):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (header(8, 3), TruncatedError),
        (gzip.compress(header(8, 1) + bytes(2)), TrailingDataError),
        (gzip.compress(header(8, 0))[:-8] + bytes(8), ChecksumError),
    ],
)
def test_errors_pickle(bad, expected):
    with pytest.raises(expected) as error:
        idxfast.loads(bad)
    copy = pickle.loads(pickle.dumps(error.value))
    assert type(copy) is expected
    assert str(copy) == str(error.value)
    assert vars(copy) == vars(error.value)
    assert copy.filename == "<bytes>"
    assert copy.part is not None
    reworded = with_reason(error.value, "other words")
    assert type(reworded) is expected
    assert str(reworded) == str(copy).replace(copy.reason, "other words")
    assert vars(reworded) == {**vars(copy), "reason": "other words"}
    assert reworded.filename == "<bytes>"


IDX = header(8, 2, 3) + b"abcdef"
PACKED = gzip.compress(IDX, mtime=0)
PARTS = {
    "start": [b"", IDX[:3], b"\1\0\x08\0x", b"<html>", b"train-images-idx3-ubyte"],
    "type": [header(0x0A, 1) + b"x"],
    "dimensions": [IDX[:4], IDX[:11], header(8, *[1] * 255), header(8, *[0xFFFFFFFF] * 3)],
    "payload": [IDX[:12], IDX[:17]],
    "end": [IDX + b"\0", PACKED + b"x"],
}
PARTS |= {
    part: cases + [gzip.compress(case) for case in cases if case[:2] != b"\x1f\x8b"]
    for part, cases in PARTS.items()
}
PARTS["container"] = [PACKED[:size] for size in range(1, len(PACKED))]
PARTS["container"] += [
    PACKED[:2] + b"\7" + PACKED[3:],
    PACKED[:3] + b"\xff" + PACKED[4:],
    PACKED[:10] + b"\7" + PACKED[11:],
    PACKED[:-8] + b"\xff" + PACKED[-7:],
    PACKED[:-1] + b"\1",
    gzip.compress(header(8, 1 << 30)),
]


@pytest.mark.parametrize(
    ("data", "part"), [(data, part) for part, cases in PARTS.items() for data in cases]
)
def test_which_part_is_wrong(data, part):
    for file in (data, io.BufferedReader(io.BytesIO(data))):
        with pytest.raises(idxfast.IdxError) as caught:
            idxfast.load(file)
        if file is data or data != b"train-images-idx3-ubyte":
            assert caught.value.part == part


def test_options_that_do_not_fit_concern_the_dimensions():
    for options in ({"out": np.empty(6, np.uint8)}, {"max_bytes": 5}):
        for data in (IDX, PACKED):
            with pytest.raises(idxfast.SizeError) as caught:
                idxfast.loads(data, **options)
            assert caught.value.part == "dimensions"


def test_what_cannot_be_mapped_is_a_container(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(PACKED)
    with pytest.raises(idxfast.IdxError) as caught:
        idxfast.load(path, mmap_mode="r+")
    assert caught.value.part == "container"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "<data>: no"),
        ({"filename": "x", "offset": 0}, "x: no (at byte 0)"),
        ({"offset": 1234, "found": 0}, "<data>: no (at byte 1,234, found 0)"),
        ({"expected": "12345", "found": ""}, "<data>: no (expected 12345, found )"),
        ({"expected": 0}, "<data>: no (expected 0)"),
        ({"part": "payload"}, "<data>: no"),
    ],
)
def test_what_they_say(given, text):
    assert str(idxfast.IdxError("no", **given)) == text


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_controls_are_shown_by_their_names(control):
    shown = printable(f"a{control}b")
    assert shown.isprintable()
    assert shown == f"a{ascii(control)[1:-1]}b"


def test_what_can_be_seen_is_left():
    text = "train-images.idx3 \u00e9\u4e2d\U0001f600 100% (a/b\\c)"
    assert printable(text) == text


@pytest.mark.parametrize(
    "error",
    [
        idxfast.IdxError(CONTROLS, filename=CONTROLS, offset=0, expected=CONTROLS, found=CONTROLS),
        idxfast.FetchError(CONTROLS),
        idxfast.HashMismatchError(CONTROLS, CONTROLS, CONTROLS, 5),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_show_no_controls(error):
    for shown in (error, pickle.loads(pickle.dumps(error))):
        assert str(shown).isprintable()
        assert r"\x1b\x07\x9b" in str(shown)


def test_names_in_a_folder_show_no_controls():
    controls = CONTROLS.replace("\n", "")  # a name with a line end is no IDX file's
    names = [f"train-{controls}-{what}-ubyte" for what in ("images-idx3", "labels-idx1")]
    with pytest.raises(FileNotFoundError) as caught:
        find_pair(names, "test", "here")
    assert str(caught.value).isprintable()
    others = [name.replace("train", "train-more") for name in names]
    with pytest.raises(ValueError, match="several") as caught:
        find_pair(names + others, "train", "here")
    assert str(caught.value).isprintable()


def test_a_name_of_a_file_shows_no_controls(tmp_path):
    path = tmp_path / "a\x1b]0;title\x07\n\u202e"
    path.write_bytes(b"junk")
    with pytest.raises(idxfast.FormatError) as caught:
        idxfast.load(path)
    assert str(caught.value).isprintable()
    assert caught.value.filename == str(path)


class Named:
    """An object with a foreign name, whose `read` returns None, text or too many bytes."""

    name = CONTROLS

    def __init__(self, answer):
        self._answer = answer

    def read(self, count):
        return self._answer


@pytest.mark.parametrize("answer", [None, "text", bytes(1 << 20)], ids=["nothing", "text", "more"])
def test_what_is_wrong_with_an_object_shows_no_controls(answer):
    with pytest.raises((BlockingIOError, TypeError, OSError)) as caught:
        idxfast.load(Named(answer))
    assert str(caught.value).isprintable()
    assert r"\x1b\x07\x9b" in str(caught.value)


def test_what_is_no_file_shows_no_controls(tmp_path):
    with (tmp_path / "a\x1b\x07").open("w") as text:
        nothing = type("Nothing", (), {"name": CONTROLS})()
        for file in (text, nothing):
            with pytest.raises(TypeError) as caught:
                idxfast.load(file)
            assert str(caught.value).isprintable()


def test_an_error_made_of_a_traceback_alone_keeps_its_lines():
    """torch's DataLoader raises the error of a worker process anew in this way."""
    text = f"Caught IdxError in a worker.\nOriginal Traceback:\n  x.gz: no {CONTROLS}"
    for error in (idxfast.IdxError(text), idxfast.GzipError(text), idxfast.TruncatedError(text)):
        lines = str(pickle.loads(pickle.dumps(error))).split("\n")
        assert lines[:2] == text.split("\n")[:2]
        assert all(map(str.isprintable, lines))
    assert str(idxfast.IdxError("a\nb", filename="x")) == r"x: a\nb"
