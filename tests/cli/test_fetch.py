"""idxfast fetch."""

import gzip

import numpy as np
import pytest

from idxfast.cli import main
from idxfast.datasets import catalogue
from idxfast.format import Header


@pytest.fixture
def tiny(mirror, oracle, monkeypatch):
    mirror.files["x.gz"] = gzip.compress(oracle.pack(8, (3,)))
    file = catalogue.File("x.gz", Header(np.dtype("u1"), (3,)))
    dataset = catalogue.Dataset("tiny", "Tiny", (file,), (mirror.url,), None, {}, "MIT")
    monkeypatch.setitem(catalogue.datasets(), "tiny", dataset)


def test_it_prints_the_directory(tiny, mirror, tmp_path, capsys):
    assert main(["fetch", "tiny", "--directory", str(tmp_path)]) == 0
    assert capsys.readouterr() == (f"{tmp_path}\n", "")
    assert (tmp_path / "x.gz").read_bytes() == mirror.files["x.gz"]


def test_without_a_directory_it_goes_to_the_cache(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "idxfast"))
    assert main(["fetch", "tiny"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'idxfast' / 'tiny'}\n"
    assert (tmp_path / "idxfast" / "tiny" / "x.gz").exists()


def test_the_name_may_be_spelled_otherwise(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "idxfast"))
    assert main(["fetch", "Tiny"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'idxfast' / 'tiny'}\n"


def test_without_a_name_it_lists_the_sets(tiny, mirror, capsys):
    assert main(["fetch"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue.datasets())
    assert lines[-1] == "tiny            Tiny (MIT)"
    assert mirror.requests == []


def test_an_error_is_one_line(tiny, mirror, tmp_path, capsys):
    del mirror.files["x.gz"]
    assert main(["fetch", "tiny", "--directory", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"idxfast: tiny: no mirror provides x.gz: {mirror.url}x.gz: 404 Not Found\n"


def test_an_error_of_the_system_names_the_path(tiny, tmp_path, capsys):
    path = tmp_path / "a\nfile"
    path.touch()
    assert main(["fetch", "tiny", "--directory", str(path)]) == 1
    err = capsys.readouterr().err
    assert err == f"idxfast: {tmp_path}/a\\nfile/x.gz: Not a directory\n"


def test_an_unknown_set_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as error:
        main(["fetch", "mnits"])
    assert error.value.code == 2
    assert "fashion-mnist" in capsys.readouterr().err


def test_what_a_server_says_is_shown_without_controls(tiny, mirror, tmp_path, capsys):
    def says(handler, content):
        handler.wfile.write(b"HTTP/1.1 404 \x1b]0;title\x07\x9b\r\n\r\n")
        handler.close_connection = True

    mirror.faults["x.gz"] = [says] * 3
    assert main(["fetch", "tiny", "--directory", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert line.endswith(r"404 \x1b]0;title\x07\x9b")
