"""idxfast diff."""

import gzip
import json

import numpy as np
import pytest

from idxfast.cli import main


@pytest.fixture
def write(tmp_path):
    numbers = iter(range(100))

    def write(data):
        path = tmp_path / f"file{next(numbers)}"
        path.write_bytes(data)
        return str(path)

    return write


def test_equal_arrays_in_other_containers(write, oracle, command):
    data = oracle.pack(0x0B, (3, 4, 5))
    assert command("diff", write(data), write(gzip.compress(data))) == (0, [], [])


def test_the_first_element_and_how_many(write, oracle, command):
    first = np.zeros((3, 2, 4), np.uint8)
    second = first.copy()
    second[1, 1, 2:] = 5, 6
    second[2, 0, 0] = 9
    files = [write(oracle.pack(8, (3, 2, 4), array.tobytes())) for array in (first, second)]
    status, out, err = command("diff", *files)
    assert (status, err) == (1, [])
    assert out == ["3 elements differ, in 2 of 3 items; the first is [1, 1, 2]: 0 and 5"]
    assert json.loads(command("diff", "--json", *files)[1][0]) == {
        "files": files,
        "dtypes": ["uint8", "uint8"],
        "shapes": [[3, 2, 4], [3, 2, 4]],
        "equal": False,
        "first_index": [1, 1, 2],
        "first_values": [0, 5],
        "elements": 3,
        "items": 2,
    }


def test_differences_are_counted_across_pieces(write, oracle, capsys, monkeypatch):
    monkeypatch.setattr("idxfast.cli.rows.STEP", 4)
    rng = np.random.default_rng(6)
    first = rng.integers(0, 3, (50, 3), np.uint8)
    second = rng.integers(0, 3, (50, 3), np.uint8)
    second[:7] = first[:7]
    files = [write(oracle.pack(8, (50, 3), array.tobytes())) for array in (first, second)]
    assert main(["diff", "--json", *files]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["elements"] == (first != second).sum()
    assert found["items"] == (first != second).any(axis=1).sum()
    assert found["first_index"] == np.argwhere(first != second)[0].tolist()


@pytest.mark.parametrize(
    ("code", "first", "second", "is_equal"),
    [
        (0x0D, np.nan, np.nan, True),
        (0x0D, 0.0, -0.0, False),
        (0x0E, 1.0, 1.0, True),
        (0x0C, -1, 1, False),
    ],
)
def test_elements_are_compared_bit_by_bit(code, first, second, is_equal, write, oracle, capsys):
    dtype = np.dtype(oracle.types[code][0]).newbyteorder(">")
    files = [
        write(oracle.pack(code, (1,), np.array([value], dtype).tobytes()))
        for value in (first, second)
    ]
    assert main(["diff", *files]) == (0 if is_equal else 1)
    expected = "" if is_equal else f"1 element differs; the first is [0]: {first} and {second}\n"
    assert capsys.readouterr().out == expected


def test_one_element(write, oracle, capsys):
    files = [write(oracle.pack(8, (), data)) for data in (b"\1", b"\2")]
    assert main(["diff", files[0], files[0]]) == 0
    assert main(["diff", *files]) == 1
    assert capsys.readouterr().out == "1 element differs; the first is []: 1 and 2\n"


@pytest.mark.parametrize(("code", "shape"), [(9, (3, 4)), (8, (4, 3)), (8, (3,)), (8, (3, 4, 1))])
def test_another_type_or_shape(code, shape, write, oracle, capsys):
    first, second = write(oracle.pack(8, (3, 4))), write(oracle.pack(code, shape))
    assert main(["diff", first, second]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "the arrays differ in type or shape:"
    assert out[1] == f"  {first}: 3 x 4 uint8"
    assert main(["diff", "--json", first, second]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["equal"], found["first_index"]) == (False, None)


def test_a_failure_is_no_difference(write, oracle, command, tmp_path):
    status, out, err = command("diff", write(oracle.pack(8, (3,))), tmp_path / "none")
    assert (status, out) == (2, [])
    assert err == [f"idxfast: {tmp_path}/none: No such file or directory"]
