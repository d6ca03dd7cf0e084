"""CSV files: each way, and what is refused."""

import csv

import numpy as np
import pytest

from idxfast.cli.conversion.csv import read_csv, write_csv
from idxfast.cli.conversion.table import Table
from idxfast.cli.rows import ArrayRows
from idxfast.errors import FormatError, IdxError


def nothing(done, total):
    """Progress that nobody sees."""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "file.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def arrays(table):
    return table.rows.read(0, table.rows.shape[0]), table.labels


ITEMS = [
    (np.uint8, (7, 3, 3)),
    (np.uint8, (7, 2, 3)),
    (np.uint8, (7, 4)),
    (np.uint8, (7, 2, 2, 3)),
    (np.uint8, (7, 1)),
    (np.uint8, (7, 1, 1)),
    (np.uint8, (0, 3, 3)),
    (np.int8, (7, 3, 3)),
    (np.int16, (7, 3, 3)),
    (np.int32, (7, 3, 3)),
    (np.float32, (7, 3, 3)),
    (np.float64, (7, 3, 3)),
]


def values(dtype, shape):
    """Values that only this type holds exactly."""
    rng = np.random.default_rng(7)
    if np.dtype(dtype).kind == "f":
        return rng.normal(0, 1, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


@pytest.mark.parametrize(("dtype", "shape"), ITEMS)
@pytest.mark.parametrize("is_labelled", [True, False])
def test_what_is_written_is_read_back(dtype, shape, is_labelled, tmp_path):
    items = values(dtype, shape)
    labels = np.arange(len(items), dtype=np.uint8) if is_labelled else None
    path = str(tmp_path / "file.csv")
    write_csv(path, Table(ArrayRows(items), labels), nothing)
    if not len(items):
        with pytest.raises(FormatError, match="no lines of values"):
            read_csv(path, nothing)
        return
    found, found_labels = arrays(read_csv(path, nothing))
    assert (found.dtype, found.shape) == (dtype, shape)
    np.testing.assert_array_equal(found, items)
    np.testing.assert_array_equal(found_labels, labels)


def test_single_numbers_with_labels(tmp_path):
    path = tmp_path / "file.csv"
    items, labels = np.array([7, 300], np.int16), np.array([1, 0], np.uint8)
    write_csv(str(path), Table(ArrayRows(items), labels), nothing)
    assert path.read_text() == "label,value\n1,7\n0,300\n"
    found, found_labels = arrays(read_csv(str(path), nothing))
    assert (found.dtype, found.tolist(), found_labels.tolist()) == (np.int16, [7, 300], [1, 0])


@pytest.mark.parametrize("shape", [(), (3, 0), (3, 2, 0)])
def test_arrays_without_a_form(shape, tmp_path):
    path = tmp_path / "file.csv"
    with pytest.raises(ValueError, match="has no form"):
        write_csv(str(path), Table(ArrayRows(np.zeros(shape, np.uint8))), nothing)
    assert not path.exists()


@pytest.mark.parametrize("size", [8_000 * 8, 20_000 * 8])
def test_a_file_that_becomes_longer_or_shorter(size, write, monkeypatch):
    """Both ends are those of a line."""
    monkeypatch.setattr("idxfast.cli.conversion.csv._PIECE", 1000)
    content = b"111,222\n" * 20_000
    path = write(content[: 10_000 * 8])

    def change(done, total):
        with open(path, "r+b") as file:
            file.write(content[:size])
            file.truncate()

    with pytest.raises(IdxError, match="longer or shorter while it was read") as refused:
        read_csv(path, change)
    assert (refused.value.expected, refused.value.found) == (10_000 * 8, size)


def test_numbers_of_columns_are_no_values(write):
    """The first line as pandas writes it, if the columns have no names."""
    head, row = (",".join(map(str, numbers)) for numbers in (range(10), range(9, -1, -1)))
    items, labels = arrays(read_csv(write(f"{head}\n{row}\n"), nothing))
    np.testing.assert_array_equal(items, np.arange(8, -1, -1).reshape(1, 3, 3))
    np.testing.assert_array_equal(labels, [9])
    items, labels = arrays(read_csv(write("0,1,2,3,4\n"), nothing))
    np.testing.assert_array_equal(items, [[[1, 2], [3, 4]]])


def test_booleans_are_written_as_numbers(tmp_path):
    path = tmp_path / "file.csv"
    write_csv(str(path), Table(ArrayRows(np.array([[True, False]]))), nothing)
    assert path.read_text() == "value0,value1\n1,0\n"


def test_more_digits_than_float64_has_are_refused(tmp_path):
    with pytest.raises(ValueError, match="has no form"):
        write_csv(str(tmp_path / "x"), Table(ArrayRows(np.ones((1, 2), np.longdouble))), nothing)


def test_a_long_number_is_refused_at_once(write, command):
    """If two parts of the pattern matched the same digits, this would take hours."""
    path = write("1" * 1_000_000 + "x\n")
    assert command("convert", path, f"{path}.npy")[0] == 1


@pytest.mark.parametrize(
    ("digits", "kind"), [("9" * 5000, "a number"), ("0" * 5000 + "9007199254740993", "an integer")]
)
def test_an_integer_of_thousands_of_digits(digits, kind, write):
    """Python refuses to convert it."""
    path = write(f"1,{digits}\n")
    with pytest.raises(FormatError, match=f"column 2 is {kind} that float64 does not hold"):
        read_csv(path, nothing)
    items, _ = arrays(read_csv(write("1,-" + "0" * 5000 + "9007199254740992\n"), nothing))
    assert items.tolist() == [[-9007199254740992.0]]


@pytest.mark.parametrize("zero", ["0 ", " 0", "-0 ", "00\t", "+000"])
def test_a_zero_beside_a_large_integer(zero, write):
    items, labels = arrays(read_csv(write(f"{zero},9007199254740994\n"), nothing))
    assert (items.tolist(), labels.tolist()) == ([[9007199254740994]], [0])


def test_what_others_read(tmp_path):
    """The standard library's reader, and the names of columns that published files have."""
    items, labels = values(np.uint8, (3, 2, 2)), np.array([300, -1, 2], np.int16)
    path = tmp_path / "file.csv"
    write_csv(str(path), Table(ArrayRows(items), labels), nothing)
    with path.open(newline="") as file:
        first, *lines = csv.reader(file)
    assert first == ["label", "pixel0", "pixel1", "pixel2", "pixel3"]
    assert [[int(cell) for cell in line] for line in lines] == [
        [label, *item]
        for label, item in zip(labels.tolist(), items.reshape(3, 4).tolist(), strict=True)
    ]


def test_every_byte_is_written(tmp_path):
    items = np.arange(256, dtype=np.uint8).reshape(16, 4, 4)
    path = tmp_path / "file.csv"
    write_csv(str(path), Table(ArrayRows(items)), nothing)
    cells = path.read_text().replace("\n", ",").split(",")[16:-1]
    assert cells == [str(n) for n in range(256)]


@pytest.mark.parametrize("step", [1, 8, 100])
def test_pieces_of_any_size(step, tmp_path, monkeypatch):
    monkeypatch.setattr("idxfast.cli.rows.STEP", step)
    monkeypatch.setattr("idxfast.cli.conversion.csv._PIECE", step)
    items = np.arange(90).reshape(10, 3, 3) - 3  # the first piece is of another type than the last
    path = str(tmp_path / "file.csv")
    write_csv(path, Table(ArrayRows(items), np.arange(10)), nothing)
    found, labels = arrays(read_csv(path, nothing))
    np.testing.assert_array_equal(found, items)
    assert (found.dtype, labels.tolist()) == (np.int8, list(range(10)))


@pytest.mark.parametrize(
    ("text", "shape", "labels"),
    [
        ("label,1x1,1x2,2x1,2x2\n7,1,2,3,4\n", (1, 2, 2), [7]),
        ("label,pixel1,pixel2,pixel3,pixel4\r\n7,1,2,3,4\r\n", (1, 2, 2), [7]),
        ('\ufeff"label","a","b","c","d"\n7,1,2,3,4\n', (1, 2, 2), [7]),
        ("Label,a,b,c\n7,1,2,3", (1, 3), [7]),
        ("pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n", (1, 2, 2), None),
        ("label,0,1,2,3\n7,1,2,3,4\n", (1, 2, 2), [7]),
        ("7,1,2,3,4\n\n8,1,2,3,4\n \n", (2, 2, 2), [7, 8]),
        ("1,2,3,4\n", (1, 2, 2), None),
        ("label\n7\n8\n", (2,), None),
        ("7\n8\n", (2,), None),
        ("label,1x1,1x3\n7,1,2\n", (1, 2), [7]),
        ("label,1x2,1x1\n7,1,2\n", (1, 2), [7]),
        ("label,1x9999999999\n7,1\n", (1, 1), [7]),
    ],
)
def test_names_and_shapes(text, shape, labels, write):
    found, found_labels = arrays(read_csv(write(text), nothing))
    assert found.shape == shape
    assert (found_labels if found_labels is None else found_labels.tolist()) == labels
    assert found.dtype == np.uint8


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (" 1, 2", np.uint8), ("0,255", np.uint8), ("-1,1", np.int8), ("0,256", np.int16),
        ("40000,0", np.int32), ("2147483648,0", np.float32), ("2147483649,0", np.float64),
        ("1.0,2e0", np.uint8), ("0.5,1", np.float32), ("0.1,1", np.float64), ("-0.0,1", np.float32),
        ("nan,1", np.float32), ("inf,-inf", np.float32), ("1e39,1", np.float64), (".5,+5.", np.float32),
    ],
)  # fmt: skip
def test_the_smallest_type_is_taken(cells, dtype, write):
    found, _ = arrays(read_csv(write(f"a,b\n{cells}\n"), nothing))
    assert found.dtype == dtype
    expected = np.array([float(cell) for cell in cells.split(",")])
    np.testing.assert_array_equal(found[0].astype("f8").view("u8"), expected.view("u8"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file has no lines"),
        ("\n \n", "the file has no lines"),
        ("label,pixel0\n", "no lines of values"),
        ("label,a\n1,2\n3,x\n", r"line 3, column 2 is not a number .*found 'x'"),
        ("label,a\n1,2\n\n\ncat,4\n", r"line 5, column 1 is not a number .*found 'cat'"),
        ("label,a\n1,2\n3\n", r"line 3 has another number of columns .*expected 2, found 1"),
        ("label,a\n1,2,3\n", r"line 2 has another number of columns .*expected 2, found 3"),
        ("1,2,3,4,5\n1,2,3,4\n", r"line 2 has another number of columns"),
        ("1,x,3\n1,2,3\n", r"line 1, column 2 is not a number"),
        ("a,b\n1,\n", r"line 2, column 2 is not a number .*found ''"),
        ("a,b\n1,2,\n", r"line 2, column 3 is not a number"),
        ("a,b\n1_0,2\n", r"line 2, column 1 is not a number"),
        ("a,b\n0x10,2\n", r"line 2, column 1 is not a number"),
        ("a,b\n1+2j,2\n", r"line 2, column 1 is not a number"),
        ("a,b\n1;2\n", r"line 2, column 1 is not a number"),
        ("a,b\n# 1,2\n", r"line 2, column 1 is not a number"),
        ('a,b\n"1",2\n', r"line 2, column 1 is not a number"),
        ("a,b\n1,\x1b[31m\n", r"column 2 .*x1b"),
        (b"a,b\n1,\xff\n", r"column 2 is not a number"),
        ("a,b,Label\n1,2,3\n", "the column label is not the first"),
        (",label,b\n1,2,3\n", "the column label is not the first"),
        ("a,\uff11\n1,\uff11\n", r"line 2, column 2 is not a number"),
        ("9007199254740993,1\n", r"line 1, column 1 is an integer that float64 does not hold"),
        ("1,-9007199254740993\n", r"line 1, column 2 is an integer that float64 does not hold"),
        ("1,1e400\n", r"line 1, column 2 is a number that float64 does not hold .*found 1e400"),
        ("inf,1\n2,-1e999\n", r"line 2, column 2 is a number that float64 does not hold"),
        ("a,b\n" + "1" * 200 + "\n", "line 2 is too long"),
    ],
)
def test_what_is_refused(text, message, write, monkeypatch):
    monkeypatch.setattr("idxfast.cli.conversion.csv._MAX_LINE", 150)
    path = write(text)
    with pytest.raises(FormatError, match=message) as refused:
        read_csv(path, nothing)
    assert refused.value.filename == path
    assert str(refused.value).isprintable()
