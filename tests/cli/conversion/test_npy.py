""".npy files, against numpy."""

import io
import struct

import numpy as np
import pytest

from idxfast.cli.conversion.npy import NpyRows, write_npy
from idxfast.cli.rows import ArrayRows
from idxfast.errors import FormatError, IdxError, SizeError, TrailingDataError, TruncatedError


def nothing(done, total):
    """Progress that nobody sees."""


ARRAYS = [
    np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    np.arange(24, dtype=">i4").reshape(4, 6),
    np.asfortranarray(np.arange(24, dtype="<f8").reshape(2, 3, 4)),
    np.array([True, False]),
    np.arange(3, dtype=np.uint64),
    np.float16([1, 2]),
    np.array(7, np.int16),
    np.zeros((0, 28, 28), np.uint8),
    np.zeros((3, 0), np.uint8),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}-{a.shape}")
def test_what_numpy_writes(array, tmp_path):
    path = tmp_path / "file.npy"
    np.save(path, array)
    rows = NpyRows(str(path))
    count = array.shape[0] if array.shape else 0
    assert (rows.dtype, rows.shape) == (array.dtype.newbyteorder("="), array.shape)
    found = rows.read(0, count)
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)
    if count:
        np.testing.assert_array_equal(rows.read(1, count), array[1:])


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}-{a.shape}")
def test_numpy_reads_what_is_written(array, tmp_path, monkeypatch):
    monkeypatch.setattr("idxfast.cli.rows.STEP", 12)
    path, own = tmp_path / "file.npy", tmp_path / "own.npy"
    array = array.astype(array.dtype.newbyteorder("="), order="C")
    write_npy(str(path), ArrayRows(array), nothing)
    np.save(own, array)
    assert path.read_bytes() == own.read_bytes()


def npy(header, data=b"", version=b"\1\0", length=None):
    size = struct.pack("<H" if version[0] == 1 else "<I", len(header) if length is None else length)
    return b"\x93NUMPY" + version + size + header + data


def saved(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


GOOD = b"{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n"


def test_the_table_begins_with_a_good_file(tmp_path):
    path = tmp_path / "file.npy"
    path.write_bytes(npy(GOOD, b"abc"))
    assert bytes(NpyRows(str(path)).read(0, 3)) == b"abc"
    path.write_bytes(npy(GOOD, b"abc", b"\2\0"))
    assert bytes(NpyRows(str(path)).read(0, 3)) == b"abc"


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", FormatError, "not an .npy file"),
        (b"\x93NUMPY", FormatError, "not an .npy file"),
        (npy(GOOD[:-5]), FormatError, "not an .npy file"),
        (npy(GOOD, version=b"\3\0"), FormatError, "not an .npy file"),
        (npy(GOOD, version=b"\1\7"), FormatError, "not an .npy file"),
        (
            npy(GOOD, version=b"\2\0", length=1 << 31),
            FormatError,
            "a header of 2,147,483,648 bytes",
        ),
        (npy(GOOD, length=60_000), FormatError, "not an .npy file"),
        (npy(GOOD.replace(b"(3,)", b"x()")), FormatError, "not an .npy file"),
        (npy(GOOD.replace(b"(3,)", b"(-3,)")), FormatError, "negative"),
        (npy(GOOD.replace(b"(3,)", b"(True, 3)"), b"abc"), FormatError, "no array has these"),
        # More digits than Python writes.
        *(
            (npy(GOOD.replace(b"(3,)", b"(%s, 0x%s)" % (first, b"f" * 6000))), FormatError, "bits")
            for first in (b"True", b"-1", b"0", b"3")
        ),
        (npy(GOOD.replace(b"(3,)", b"(3,%s)" % (b"1," * 64)), b"abc"), FormatError, "found 65: "),
        (npy(GOOD.replace(b"|u1", b"|S1"), b"abc"), FormatError, "not numbers"),
        (npy(GOOD.replace(b"|u1", b"<c8"), bytes(24)), FormatError, "not numbers"),
        (npy(GOOD.replace(b"'|u1'", b"[('a', '|u1')]"), b"abc"), FormatError, "not numbers"),
        (saved(np.array([{}], object)), FormatError, "pickled Python objects"),
        (npy(GOOD, b"ab"), TruncatedError, "size"),
        (npy(GOOD, b"abcd"), TrailingDataError, "size"),
        (npy(GOOD.replace(b"(3,)", b"(1 << 40,)"), b"ab"), FormatError, "not an .npy file"),
        (npy(b"-" * 9000 + b"1\n"), FormatError, "not an .npy file"),
        (npy(b"1" + b"+1" * 4000 + b"\n"), FormatError, "not an .npy file"),
        (npy(GOOD.replace(b"(3,)", b"(%d, 0)" % (1 << 63))), SizeError, "no array"),
        (npy(GOOD.replace(b"(3,)", b"(0, %d)" % (1 << 70))), SizeError, "no array"),
        (npy(GOOD.replace(b"(3,)", b"(99999999999999,)"), b"ab"), TruncatedError, "size"),
        (npy(GOOD.replace(b"(3,)", b"(%d, %d)" % (1 << 63, 2)), b"ab"), TruncatedError, "size"),
    ],
)
def test_what_is_refused(data, error, message, tmp_path):
    path = tmp_path / "file.npy"
    path.write_bytes(data)
    with pytest.raises(error, match=message) as refused:
        NpyRows(str(path))
    assert refused.value.filename == str(path)


def test_items_without_elements_take_no_time(tmp_path, command):
    path = tmp_path / "file.npy"
    path.write_bytes(npy(GOOD.replace(b"(3,)", b"(%d, 0)" % (1 << 62))))
    status, _, err = command("convert", path, tmp_path / "x.idx")
    assert status == 1
    assert "an IDX dimension has 32 bits" in err[0]


def test_a_file_that_becomes_shorter(tmp_path):
    path = tmp_path / "file.npy"
    np.save(path, np.arange(100_000))
    rows = NpyRows(str(path))
    with path.open("r+b") as file:
        file.truncate(5_000)
    with pytest.raises(IdxError, match="end too early"):
        rows.read(0, 100_000)
