"""Files of a folder, and the report about them."""

import gzip

import pytest

from files.pages import Page, drawn
from idxfast.cli import main


@pytest.fixture
def report(tmp_path, capsys):
    """Write a report, and read it."""

    def run(folder, status=0):
        output = tmp_path / "report.html"
        assert main(["report", str(folder), "-o", str(output), "--debug"]) == status
        assert capsys.readouterr().out == f"{output}\n"
        return Page(output.read_text("utf-8"))

    return run


@pytest.fixture
def save(tmp_path, oracle):
    """Write an array of bytes, or of another type, and return the path."""

    def write(name, array, code=8, pack=bytes):
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        stored = array.astype(array.dtype.newbyteorder(">"))
        path.write_bytes(pack(oracle.pack(code, array.shape, stored.tobytes())))
        return path

    return write


@pytest.fixture
def folder(save):
    train, train_labels, test, test_labels = drawn()
    save("train-images-idx3-ubyte.gz", train, pack=gzip.compress)
    save("train-labels-idx1-ubyte", train_labels)
    save("t10k-images-idx3-ubyte", test)
    folder = save("t10k-labels-idx1-ubyte", test_labels).parent
    (folder / "classes.txt").write_text("none\n<i>one</i>\ntwo\n&three\n")
    return folder
