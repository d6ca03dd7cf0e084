"""idxfast verify, and the progress of what takes long."""

import json
import os
import threading
import time

import pytest

from idxfast.cli import main


def test_a_summary_of_many_files(images, tmp_path, command):
    damaged = tmp_path / "damaged.gz"
    data = bytearray(images.read_bytes())
    data[-6] ^= 1  # in the CRC-32
    damaged.write_bytes(data)
    status, out, err = command("verify", images, damaged, images)
    assert status == 1
    assert [line.rpartition("; ")[2] for line in out] == [
        "verified",
        "verified",
        "2 of 3 are whole",
    ]
    (line,) = err
    assert line.startswith(f"idxfast: {damaged}: ") and "CRC-32" in line
    assert command("verify", images, images)[:2] == (0, [out[0], out[0], "all 2 are whole"])


def test_info_verify_is_its_other_name(images, capsys):
    assert main(["info", "--verify", str(images)]) == 0
    other = capsys.readouterr()
    assert main(["verify", str(images)]) == 0
    assert capsys.readouterr() == other


def test_json(images, tmp_path, command):
    (tmp_path / "x").write_bytes(b"junk")
    status, out, err = command("verify", "--json", images, tmp_path / "x", tmp_path / "none")
    assert (status, len(err)) == (1, 2)
    first, second, third = map(json.loads, out)
    assert first == {
        "file": str(images),
        "dtype": "uint8",
        "shape": [2, 3, 4],
        "array_bytes": 24,
        "container": "gzip",
        "file_bytes": images.stat().st_size,
        "state": "verified",
        "single_class": None,
    }
    assert second["file"] == str(tmp_path / "x") and "not an IDX file" in second["error"]
    assert third["file"] == str(tmp_path / "none")


def test_json_of_a_folder(images, tmp_path, command):
    status, out, _ = command("info", "--json", tmp_path)
    assert status == 0
    found = json.loads(out[0])
    assert (found["folder"], found["verified"]) == (str(tmp_path), False)
    (file,) = found["files"]
    assert file["file"] == str(images)
    assert (file["role"], file["shape"], file["container"]) == ("images", [2, 3, 4], "gzip")
    assert file["error"] is None


@pytest.fixture
def slow_file(tmp_path, oracle):
    """A pipe with a name. What is in it arrives slowly, until `is_seen` is set."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs pipes with names")
    path = tmp_path / f"{'x' * 100}slow"
    os.mkfifo(path)
    is_seen = threading.Event()
    data = oracle.pack(8, (1_000, 1 << 16), bytes(1_000 << 16))

    def write():
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(data), 1 << 16):
                file.write(data[start : start + (1 << 16)])
                if not is_seen.is_set():
                    time.sleep(0.05)

    thread = threading.Thread(target=write)
    thread.start()
    yield path, is_seen
    thread.join()


def test_progress_is_shown_on_a_terminal(slow_file, terminal):
    pytest.importorskip("tqdm")
    path, is_seen = slow_file

    def watch(written):
        if b"%|" in written:
            is_seen.set()

    written = terminal("verify", path, watch=watch)
    assert is_seen.is_set()
    assert f"\r{path.name[-30:]}: " in written
    assert written.rstrip().endswith("65,536,000 bytes in the array; complete")


def test_without_tqdm_there_is_no_progress(slow_file, tmp_path, terminal):
    path, is_seen = slow_file
    folder = tmp_path / "modules"
    folder.mkdir()
    asked = folder / "asked"
    (folder / "tqdm.py").write_text(f"open({str(asked)!r}, 'w').close(); raise ImportError")

    def wait():
        while not asked.exists():
            time.sleep(0.01)
        is_seen.set()

    thread = threading.Thread(target=wait)
    thread.start()
    paths = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    written = terminal("verify", path, env={"PYTHONPATH": paths})
    thread.join()
    assert written.count("\n") == 1


def test_progress_is_shown_only_on_a_terminal(slow_file, command):
    path, is_seen = slow_file
    # The process takes a second and more.
    timer = threading.Timer(2, is_seen.set)
    timer.start()
    assert command("verify", path)[2] == []
    timer.join()
