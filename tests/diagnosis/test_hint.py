"""Files that people have: what the message says, and the call in it, which reads the file.

Each call is taken from the message as it is, and evaluated.
"""

import ast
import base64
import bz2
import codecs
import gzip
import io
import lzma
import pathlib
import re
import struct

import numpy as np
import pytest

import idxfast
from idxfast import IdxError, SizeError, TrailingDataError, TruncatedError

DICE = np.random.default_rng(18)
NAMES = {
    "idxfast": idxfast,
    "gzip": gzip,
    "bz2": bz2,
    "lzma": lzma,
    "base64": base64,
    "ast": ast,
    "pathlib": pathlib,
}
PACKERS = {"raw": bytes, "gzip": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}


def header(code, *shape, ndim=None, order=">", magic=">"):
    ndim = len(shape) if ndim is None else ndim
    start = bytes([0, 0, code, ndim]) if magic == ">" else bytes([ndim, code, 0, 0])
    return start + struct.pack(f"{order}{len(shape)}I", *shape)


def pixels(*shape):
    return DICE.integers(0, 256, shape, np.uint8)


def digits(count, dtype):
    return DICE.integers(0, 10, count).astype(dtype)


def calls(error):
    """The calls in the hint, each up to the next statement."""
    found = re.findall(r"idxfast\.loads?\(.*?(?=; or |$)", error.hint or "")
    return [call.split("; the ")[0] for call in found]


def refuse(path, content, kind=IdxError):
    path.write_bytes(content)
    with pytest.raises(kind) as caught:
        idxfast.load(path)
    return caught.value


def same(array, expected):
    """Equal values and shape, in native byte order."""
    assert array.shape == expected.shape
    assert array.dtype == expected.dtype.newbyteorder("=")
    assert array.tobytes() == expected.astype(array.dtype).tobytes()


# Name of the case, content before it is packed, the array that the call gives, words of the hint.
CASES = []


def case(name, content, array, *words):
    CASES.append(pytest.param(content, array, words, id=name))


for count, channels in ((30, 3), (7, 4), (11, 2), (5, 3)):
    colours = pixels(count, 64, 48, channels)
    content = header(8, count, 64, 48) + colours.tobytes()
    case(f"2-colour-{channels}-{count}", content, colours, f"exactly {channels} times", "a pixel")
opaque = pixels(9, 20, 20, 4) // 255
opaque[..., 3] = 255
case("2-opaque", header(8, 9, 20, 20) + opaque.tobytes(), opaque, "4 values a pixel")
flat = pixels(50, 28, 3)
case("2-flat", header(8, 50, 28) + flat.tobytes(), flat, "3 values a pixel")

for dtype in ("<i4", "<i8", "<i2", ">i4", ">i8", ">i2"):
    labels = digits(1_000, dtype)
    words = f"exactly {labels.itemsize} times", f"{labels.itemsize} bytes"
    order = "little-endian" if dtype[0] == "<" else "big-endian"
    case(f"3-{dtype}", header(8, 1_000) + labels.tobytes(), labels, *words, order)
signed = DICE.integers(-5, 5, 200).astype("<i8")
case("3-negative", header(8, 200) + signed.tobytes(), signed, "little-endian int64")
wide = digits(300, "<i8")
case("3-int32-announced", header(0x0C, 300) + wide.tobytes(), wide, "exactly 2 times")
narrow = digits(300, "u1")
case("3-narrower", header(0x0C, 300) + narrow.tobytes(), narrow, "elements of 1 byte (uint8)")
for dtype in ("<f4", ">f4", "<f8", ">f8"):
    values = DICE.random((20, 6, 6)).astype(dtype)
    content = header(8, 20, 6, 6) + values.tobytes()
    case(f"3-float-{dtype}", content, values, f"float{8 * values.itemsize}")

for rows, dtype in ((2, "<f4"), (40, "<f8"), (3, ">f4")):
    values = DICE.random((rows, 6, 7)).astype(dtype)
    code = 0x0D if values.itemsize == 4 else 0x0E
    content = header(code, rows, 6, 7, ndim=2) + values.tobytes()
    name = f"float{8 * values.itemsize}"
    words = (f"make sense only as little-endian {name}",) if dtype[0] == "<" else ()
    case(
        f"5-one-more-{dtype}",
        content,
        values,
        f"one more dimension than its magic number says ({rows} x 6 x 7)",
        *words,
    )
images = pixels(60, 9, 9)
case(
    "5-one-fewer",
    header(8, 60, 81, ndim=3) + images.tobytes(),
    images.reshape(60, 81),
    "one fewer dimension",
)
case("5-missing", header(8, 60, 9) + images.tobytes(), images, "exactly 9 times", "60 x 9 x 9")
colours = pixels(10, 8, 8, 3)
case(
    "5-colour-and-more",
    header(8, 10, 8, 8, ndim=2) + colours.tobytes(),
    colours,
    "one more dimension",
    "3 values a pixel",
)
case(
    "5-four-announced-as-three",
    header(8, 10, 8, 8, 3, ndim=3) + colours.tobytes(),
    colours,
    "10 x 8 x 8 x 3",
)

for dtype, code in (("u1", 8), ("<i4", 0x0C), ("<f4", 0x0D), ("<i2", 0x0B), ("<f8", 0x0E)):
    array = DICE.integers(0, 200, (30, 5, 5)).astype(dtype)
    both = header(code, 30, 5, 5, order="<", magic="<") + array.tobytes()
    case(f"18-all-{dtype}", both, array, "little-endian")
    case(
        f"18-dimensions-{dtype}",
        header(code, 30, 5, 5, order="<") + array.tobytes(),
        array,
        "byte-swapped",
    )
labels = digits(1_000, "<i4")
case("18-labels-wider", header(8, 1_000, order="<", magic="<") + labels.tobytes(), labels, "int32")
labels = digits(1_000, "<i8")
case("18-dimensions-wider", header(8, 1_000, order="<") + labels.tobytes(), labels, "int64")
colours = pixels(4, 9, 9, 3)
case("18-colour", header(8, 4, 9, 9, order="<") + colours.tobytes(), colours, "3 values a pixel")
huge = pixels(60, 28, 28)
case(
    "18-no-array-has-this-shape",
    header(8, 60, 28, 28, order="<") + huge.tobytes(),
    huge,
    "byte-swapped",
)

more = pixels(70, 6, 5)
case("more-items", header(8, 60, 6, 5) + more.tobytes(), more, "70 items instead of 60")
labels = digits(500, "u1")
case("bom", codecs.BOM_UTF8 + header(8, 500) + labels.tobytes(), labels, "byte order mark")
first, second = pixels(3, 4, 5), digits(3, "u1")
case(
    "second-file",
    header(8, 3, 4, 5) + first.tobytes() + header(8, 3) + second.tobytes(),
    first,
    "a second IDX file",
)

text = np.array([10, 13, 10, 200] * 50, np.uint8)
original = header(8, 200) + text.tobytes()
case("crlf", original.replace(b"\n", b"\r\n"), text, "0a", "text mode")
case(
    "crlf-in-the-header",
    (header(8, 10, 3) + pixels(10, 3).tobytes()).replace(b"\n", b"\r\n"),
    None,
    "text mode",
)
high = pixels(80, 9, 9) | 0x80
content = header(8, 80, 9, 9) + high.tobytes()
case("utf-8", content.decode("latin-1").encode(), high, "Latin-1 to UTF-8")
case("6-utf-16", content.decode("latin-1").encode("utf-16"), high, "turned back")
case("6-utf-16-without-mark", content.decode("latin-1").encode("utf-16-le"), high, "turned back")
case("6-hex", content.hex(" ", 2).encode(), high, "turned back")
case("6-hex-utf-16", content.hex(" ", 2).encode("utf-16"), high, "turned back")
case("6-base64", base64.encodebytes(content), high, "turned back")
case("6-python", repr(content).encode(), high, "turned back")


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize(("content", "array", "words"), CASES)
def test_the_call_in_the_message_reads_the_file(content, array, words, pack, tmp_path, recwarn):
    packed = PACKERS[pack](content)
    path = tmp_path / "it's a file"
    errors = [refuse(path, packed)]
    with pytest.raises(IdxError) as caught:
        idxfast.loads(packed)
    errors.append(caught.value)
    for error in errors:
        for word in words:
            assert word in str(error)
        assert str(error).endswith(error.hint)
        found = [eval(call, NAMES | {"data": packed}) for call in calls(error)]
        assert found
        if array is not None:
            same(found[0], array)
    with pytest.raises(IdxError) as caught, idxfast.open(path) as file:
        file.read(0, len(file))
    # Of an xz or bzip2 file, the size that is announced decides whether it can be opened.
    if not isinstance(caught.value, SizeError):
        assert caught.value.hint == errors[0].hint
    assert not recwarn.list


def test_several_explanations_are_all_given(tmp_path):
    """Black pictures tell nothing of the elements' type."""
    content = header(8, 5, 9, 9) + bytes(5 * 9 * 9 * 4)
    error = refuse(tmp_path / "file", content, TrailingDataError)
    arrays = [eval(call, NAMES) for call in calls(error)]
    assert {(a.dtype.name, a.shape) for a in arrays} == {
        ("int32", (5, 9, 9)),
        ("uint8", (5, 9, 9, 4)),
    }


@pytest.mark.parametrize("pack", ["gzip", "xz", "bz2"])
@pytest.mark.parametrize(
    ("code", "shape", "there", "items"),
    [
        (8, (3, 4, 4), 40, 2),
        (8, (3, 4, 4), 32, 2),
        (0x0D, (5, 3), 17, 1),
        (0x0C, (9, 2, 2), 50, 3),
        (8, (100,), 60, 60),
        (0x0E, (4, 2), 47, 2),
    ],
)
def test_case_4_a_whole_container_is_not_called_truncated(
    code, shape, there, items, pack, tmp_path
):
    payload = DICE.bytes(there)
    packed = PACKERS[pack](header(code, *shape) + payload)
    error = refuse(tmp_path / "file", packed, TruncatedError)
    assert "truncated or still" not in str(error)
    assert "container is whole" in str(error)
    assert "downloading the file again will not help" in str(error)
    first = "only the first" if items == 1 else f"the first {items}"
    assert f"{first} of {shape[0]} items " in str(error)
    dtype = {8: "u1", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}[code]
    item = int(np.prod(shape[1:])) * np.dtype(dtype).itemsize
    expected = np.frombuffer(payload[: items * item], dtype).reshape(items, *shape[1:])
    (call,) = calls(error)
    array = eval(call, NAMES)
    assert array.shape == expected.shape
    assert array.astype(expected.dtype).tobytes() == expected.tobytes()


def test_case_4_in_several_members_may_be_cut_between_them(tmp_path):
    content = header(8, 4, 3) + bytes(6)
    packed = gzip.compress(content[:9]) + gzip.compress(content[9:])
    error = refuse(tmp_path / "file", packed, TruncatedError)
    assert "all 2 gzip members are whole" in error.hint
    assert "members are missing at the end" in error.hint
    assert "truncated" not in str(error)


def test_case_4_a_header_that_no_file_of_the_size_can_meet(tmp_path):
    packed = gzip.compress(header(8, 1 << 30, 2) + bytes(100))
    error = refuse(tmp_path / "file", packed, TruncatedError)
    assert "the gzip container is whole" in error.hint
    assert eval(calls(error)[0], NAMES).shape == (50, 2)


def test_a_container_that_is_cut_short_is_called_truncated(tmp_path):
    packed = gzip.compress(header(8, 3, 4, 4) + DICE.bytes(48))
    error = refuse(tmp_path / "file", packed[:-20], TruncatedError)
    assert "truncated or still downloading" in error.reason
    assert error.hint is None


def test_case_6_replaced_bytes(tmp_path):
    content = header(8, 80, 9, 9) + (pixels(80, 9, 9) | 0x80).tobytes()
    error = refuse(tmp_path / "file", content.decode("utf-8", "replace").encode())
    assert "ef bf bd" in error.hint
    assert not calls(error)


def test_the_name_says_how_many_dimensions(tmp_path):
    values = DICE.random((3, 4, 5)).astype("<f4")
    content = header(0x0D, 3, 4, 5, ndim=2) + values.tobytes()
    assert "the name says idx3" in refuse(tmp_path / "images-idx3-float", content).hint
    for name in ("images-idx2-float", "images"):
        assert "the name says" not in refuse(tmp_path / name, content).hint


def test_what_follows_is_named(tmp_path):
    content = header(8, 3) + bytes(3)
    error = refuse(tmp_path / "file", content + b"PK\3\4" + bytes(30), TrailingDataError)
    assert error.hint == "what follows looks like a zip archive"


def test_an_open_file_is_called_file(tmp_path):
    labels = digits(50, "<i4")
    content = b"before" + header(8, 50) + labels.tobytes()
    (tmp_path / "name").write_bytes(content)
    with open(tmp_path / "name", "rb") as file:
        file.seek(6)
        with pytest.raises(TrailingDataError) as caught:
            idxfast.load(file)
        file.seek(6)
        (call,) = calls(caught.value)
        assert call.startswith("idxfast.load(file, ")
        same(eval(call, NAMES | {"file": file}), labels)
    named = io.BytesIO(content[6:])
    with pytest.raises(TrailingDataError, match=r"idxfast\.load\(file, "):
        idxfast.load(named)


class Stream:
    """Can only be read in order, and once."""

    def __init__(self, data):
        self.read = io.BytesIO(data).read


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize(("content", "array", "words"), CASES)
def test_a_stream_is_explained_as_the_file_is(content, array, words, pack):
    """The message has no call that would read the stream twice."""
    packed = pack(content)
    with pytest.raises(IdxError) as caught:
        idxfast.load(Stream(packed))
    is_of_end = isinstance(caught.value, (TruncatedError, TrailingDataError))
    if not is_of_end and pack is not gzip.compress:
        return  # the start is wrong, so nothing more is read; gzip is always read whole
    explained = [word for word in words if word != "turned back"]
    assert all(word in str(caught.value) for word in explained)
    for call in calls(caught.value)[:1]:
        assert call.startswith("idxfast.load(file, ")
        same(eval(call, NAMES | {"file": Stream(packed)}), array)


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_streams_that_are_too_short(pack):
    content = header(8, 9, 4) + bytes(range(20))
    with pytest.raises(TruncatedError) as caught:
        idxfast.load(Stream(pack(content)))
    (call,) = calls(caught.value)
    assert eval(call, NAMES | {"file": Stream(pack(content))}).tobytes() == bytes(range(20))
    with pytest.raises(TruncatedError) as caught:
        idxfast.load(Stream(pack(content)), out=np.empty((9, 4), np.uint8))
    assert caught.value.hint.endswith(call)


def test_a_part_of_a_stream_is_not_explained():
    """The bytes before the part are no longer there."""
    content = header(8, 9, 4) + bytes(range(20))
    with pytest.raises(TruncatedError) as caught:
        idxfast.load(Stream(content), start=1)
    assert caught.value.hint is None


@pytest.mark.parametrize("mode", ["r", "c"])
def test_a_mapping_says_the_same(mode, tmp_path):
    path = tmp_path / "file"
    error = refuse(path, header(8, 5, order="<") + bytes(5))
    with pytest.raises(IdxError) as caught:
        idxfast.load(path, mmap_mode=mode)
    assert caught.value.hint == error.hint


@pytest.mark.parametrize("options", [{"max_bytes": 10}, {"out": np.empty(7, np.uint8)}])
@pytest.mark.parametrize("pack", PACKERS.values())
def test_limits_of_the_call_are_not_explained_by_the_file(options, pack):
    with pytest.raises(SizeError) as caught:
        idxfast.loads(pack(header(8, 20) + bytes(20)), **options)
    assert caught.value.hint is None


@pytest.mark.parametrize(
    "content",
    [
        header(8, 3, 4, 4) + b"\7" * 53,
        header(8, 5, 4, 4) + b"\7" * 15,
        header(8),
        header(8, 0) + b"a",
    ],
)
def test_what_nothing_explains(content, tmp_path):
    assert refuse(tmp_path / "file", content).hint is None


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (header(8, 5, 0) + b"abc", None),
        (header(8) + b"abc", None),
        (header(8, 5, 4, 4) + DICE.bytes(5 * 16 + 1), None),
        (header(8, 5, 4, 4) + DICE.bytes(15), None),
        (header(8, 3) + bytes(3) + b"PK\3\4\0", "what follows looks like a zip archive"),
    ],
)
def test_what_is_just_too_little(content, hint, tmp_path):
    assert refuse(tmp_path / "file", content).hint == hint


def test_four_bytes_more_are_no_other_file(tmp_path):
    error = refuse(tmp_path / "file", header(8, 3) + bytes(3) + b"PK\3\4", TrailingDataError)
    assert "what follows" not in error.hint


def test_only_multiples_are_called_so(tmp_path):
    hint = refuse(tmp_path / "file", header(8, 5, 4, 4) + DICE.bytes(11 * 16)).hint
    assert hint.startswith("11 items instead of 5 would explain the size")


def test_no_payload_is_not_called_a_multiple(tmp_path):
    """The second dimension may be the payload of a file with one."""
    hint = refuse(tmp_path / "file", header(8, 4, 9), TruncatedError).hint
    assert hint.startswith("one fewer dimension than its magic number says (4) would explain")
