"""idxfast info."""

import gzip
import importlib
import lzma
import os
import struct
import subprocess
import sys

import numpy as np
import pytest

import idxfast
from idxfast.cli import main


def test_info_says_shape_type_container_and_sizes(images, capsys):
    assert main(["info", str(images)]) == 0
    line = capsys.readouterr().out
    sizes = f"{images.stat().st_size} bytes in the file, 24 bytes in the array"
    assert line == f"{images}: 2 x 3 x 4 uint8, gzip, {sizes}; not verified\n"


@pytest.mark.parametrize(
    ("options", "cut", "container", "state"),
    [
        ({}, None, "raw", "complete (a raw file has no checksum)"),
        ({"compresslevel": 6}, None, "gzip", "verified"),
        ({"seekable": True}, None, "BGZF", "verified"),
        ({"seekable": True}, -28, "BGZF without its end-of-file block", "verified"),
    ],
)
def test_info_tells_containers_apart(options, cut, container, state, tmp_path, capsys):
    path = tmp_path / "file"
    with path.open("wb") as file:
        idxfast.save(file, np.zeros((2, 3), np.uint8), **options)
    path.write_bytes(path.read_bytes()[:cut])
    assert main(["info", "--verify", str(path)]) == 0
    line = capsys.readouterr().out
    assert f": 2 x 3 uint8, {container}, " in line
    assert line.endswith(f"; {state}\n")


def test_info_does_not_read_the_payload_but_verify_does(images, capsys):
    data = bytearray(images.read_bytes())
    data[-6] ^= 1  # in the CRC-32
    images.write_bytes(data)
    assert main(["info", str(images)]) == 0
    assert capsys.readouterr().out.endswith("; not verified\n")
    assert main(["info", "--verify", str(images)]) == 1
    assert "CRC-32" in capsys.readouterr().err


def test_info_goes_on_after_a_bad_file_and_fails(images, tmp_path, capsys):
    page = tmp_path / "page\n.gz"
    page.write_bytes(b"<!DOCTYPE html>")
    assert main(["info", str(page), str(tmp_path / "missing"), str(images)]) == 1
    out, err = capsys.readouterr()
    assert "2 x 3 x 4" in out
    assert [line.split(":")[0] for line in err.splitlines()] == ["idxfast", "idxfast"]
    assert "HTML" in err


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs descriptors by name")
@pytest.mark.parametrize("verify", [[], ["--verify"]])
def test_info_reads_a_pipe_once(verify, images, capsys):
    reading, writing = os.pipe()
    os.write(writing, images.read_bytes())
    os.close(writing)
    assert main(["info", *verify, f"/dev/fd/{reading}"]) == 0
    os.close(reading)
    line = capsys.readouterr().out
    state = "; complete" if verify else ""
    assert line == f"/dev/fd/{reading}: 2 x 3 x 4 uint8, 24 bytes in the array{state}\n"


@pytest.mark.parametrize("verify", [[], ["--verify"]])
def test_info_of_a_url(verify, images, capsys):
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://idxfast/images", "wb") as file:
        file.write(images.read_bytes())
    assert main(["info", *verify, "memory://idxfast/images"]) == 0
    assert "2 x 3 x 4 uint8" in capsys.readouterr().out


def test_info_of_a_url_that_cannot_be_had_is_one_line(monkeypatch, capsys):
    pytest.importorskip("fsspec")
    assert main(["info", "nothing://file"]) == 1
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    assert main(["info", "http://file"]) == 1
    unknown, missing = capsys.readouterr().err.splitlines()
    assert unknown.startswith("idxfast: nothing://file: ")
    needed = "this URL needs fsspec: pip install 'idxfast[fsspec]'"
    assert missing == f"idxfast: http://file: {needed}"


@pytest.mark.parametrize("verify", [[], ["--verify"]])
def test_info_checks_the_size_of_a_raw_file_without_reading_it(verify, tmp_path, capsys):
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(struct.pack(">HBB2I", 0, 8, 2, 1 << 10, 1 << 30))
        file.truncate(12 + (1 << 40))
    assert main(["info", *verify, str(path)]) == 0
    assert "1,024 x 1,073,741,824 uint8, raw" in capsys.readouterr().out
    for size, words in ((11, "truncated"), (13, "follow the payload")):
        with path.open("r+b") as file:
            file.truncate(size + (1 << 40))
        assert main(["info", *verify, str(path)]) == 1
        out, err = capsys.readouterr()
        assert not out
        assert words in err


def test_names_that_the_output_cannot_encode(images, tmp_path):
    named = tmp_path / "b\xe9.gz"
    named.write_bytes(images.read_bytes())
    command = [sys.executable, "-P", "-m", "idxfast", "info", str(named), str(images)]
    options = {"env": os.environ | {"PYTHONIOENCODING": "ascii"}, "timeout": 60}
    child = subprocess.run(command, capture_output=True, **options)
    assert child.returncode == 0
    first, second = child.stdout.splitlines()
    assert b"b\\xe9.gz: 2 x 3 x 4 uint8" in first
    assert first.replace(b"b\\xe9.gz", b"images.gz") == second


@pytest.mark.skipif(not os.path.exists("/proc/version"), reason="needs /proc")
@pytest.mark.parametrize("verify", [[], ["--verify"]])
def test_info_of_a_file_that_says_it_is_empty(verify, capsys):
    assert main(["info", *verify, "/proc/version"]) == 1
    assert "/proc/version: not an IDX file" in capsys.readouterr().err


ESCAPES = "\x1b]0;title\x07\x9b31m\u202e\n"


def test_names_are_shown_without_controls(tmp_path, oracle, capsys):
    good, bad = tmp_path / f"good{ESCAPES}", tmp_path / f"bad{ESCAPES}"
    good.write_bytes(oracle.pack(8, (3,)))
    bad.write_bytes(b"junk")
    shown = r"\x1b]0;title\x07\x9b31m\u202e\n"
    assert main(["info", str(good), str(bad), str(tmp_path / f"none{ESCAPES}")]) == 1
    out, err = capsys.readouterr()
    assert (
        out == f"{tmp_path}/good{shown}: 3 uint8, raw, 11 bytes in the file, 3 bytes in the array\n"
    )
    lines = err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"idxfast: {tmp_path}/bad{shown}: not an IDX file")
    assert lines[1].startswith(f"idxfast: {tmp_path}/none{shown}: No such file")


def test_info_does_not_call_an_xz_file_without_a_check_verified(oracle, tmp_path, capsys):
    path = tmp_path / "file"
    path.write_bytes(lzma.compress(oracle.pack(8, (2, 3)), check=lzma.CHECK_NONE))
    assert main(["info", "--verify", str(path)]) == 0
    line = capsys.readouterr().out
    assert f": 2 x 3 uint8, xz without a checksum, {path.stat().st_size} bytes" in line
    assert line.endswith("; complete\n")


@pytest.mark.parametrize(
    ("module", "container"), [("lzma", "xz"), ("bz2", "bzip2")], ids=["xz", "bzip2"]
)
@pytest.mark.parametrize(
    ("options", "state"), [([], "; not verified"), (["--verify"], "; verified")]
)
def test_info_of_what_the_standard_library_unpacks(
    module, container, options, state, tmp_path, capsys
):
    path = tmp_path / "file"
    path.write_bytes(importlib.import_module(module).compress(b"\0\0\x08\1\0\0\0\2ab"))
    assert main(["info", *options, str(path)]) == 0
    size = path.stat().st_size
    expected = f"2 uint8, {container}, {size} bytes in the file, 2 bytes in the array{state}\n"
    assert capsys.readouterr().out == f"{path}: {expected}"


SINGLE = "; every element is 1: a single class"


@pytest.mark.parametrize("options", [[], ["--verify"]])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["raw", "gzip", "xz"])
@pytest.mark.parametrize(
    ("array", "is_single"),
    [
        (np.ones(60_000, np.uint8), True),
        (np.ones(2, np.uint8), True),
        (np.ones(1, np.uint8), False),
        (np.ones(0, np.uint8), False),
        (np.r_[np.ones(1_000, np.uint8), np.uint8(2)], False),
        (np.ones((5, 2), np.uint8), False),
        (np.ones(5, np.int8), False),
    ],
    ids=lambda value: None if isinstance(value, bool) else f"{value.shape}-{value.dtype}",
)
def test_info_names_a_single_class(array, is_single, pack, options, tmp_path, capsys):
    path = tmp_path / "labels"
    path.write_bytes(pack(idxfast.dumps(array)))
    assert main(["info", *options, str(path)]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.endswith(f"{SINGLE}\n") == is_single
    assert ("single class" in out) == is_single


def test_info_looks_for_a_single_class_only_in_small_and_undamaged_files(tmp_path, capsys):
    path = tmp_path / "labels"
    with path.open("wb") as file:
        file.write(struct.pack(">HBBI", 0, 8, 1, 1 << 30))
        file.truncate(8 + (1 << 30))
    assert main(["info", str(path)]) == 0
    path.write_bytes(gzip.compress(struct.pack(">HBBI", 0, 8, 1, 5) + b"\1\1\1\1\1")[:-3])
    assert main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    assert "class" not in out


@pytest.mark.parametrize("verify", [[], ["--verify"]])
def test_info_says_what_would_explain_a_size(verify, tmp_path, capsys):
    path = tmp_path / "images"
    path.write_bytes(struct.pack(">HBB3I", 0, 8, 3, 5, 4, 4) + bytes(range(240)))
    assert main(["info", *verify, str(path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "exactly 3 times" in error
    assert error.endswith("header=idxfast.Header('u1', (5, 4, 4, 3)), offset=16)\n")
