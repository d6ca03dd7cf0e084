"""Files that are opened, and folders that are held, by the system's calls."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest

from idxfast.native import files


@pytest.mark.skipif(not files.AVAILABLE, reason="this system has no open() of its own")
def test_open_file(tmp_path):
    path = str(tmp_path / "a\udc80b")
    Path(path).write_bytes(b"12345")
    assert files.open_file(path, 5) == (b"12345", 5)
    file, size = files.open_file(path, 4)
    assert size == 5
    with file:
        assert file.read() == b"12345"
        assert not os.get_inheritable(file.fileno())
    with pytest.raises(IsADirectoryError) as error:
        files.open_file(str(tmp_path), 5)
    assert error.value.filename == str(tmp_path)
    with pytest.raises(FileNotFoundError) as error:
        files.open_file(path + "x", 5)
    assert error.value.filename == path + "x"
    with pytest.raises(ValueError, match="null"):
        files.open_file("a\0b", 5)


@pytest.mark.skipif(not files.AVAILABLE, reason="this system has no open() of its own")
@pytest.mark.parametrize("limit", [0, 5], ids=["large", "small"])
def test_those_who_audit_see_every_file(limit, tmp_path):
    """The event is that of `open`."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    code = (
        "import sys; from idxfast.native import files\n"
        "sys.addaudithook(lambda event, arguments: event == 'open' and print(arguments[:2]))\n"
        "files.open_file(sys.argv[1], int(sys.argv[2]))"
    )
    command = [sys.executable, "-P", "-c", code, str(path), str(limit)]
    seen = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert seen.splitlines()[0] == repr((str(path), "rb"))


def test_a_file_that_is_shorter_than_its_size():
    path = "/sys/devices/system/cpu/online"
    if not files.AVAILABLE or not os.path.exists(path):
        pytest.skip("needs Linux's /sys")
    size = os.stat(path).st_size
    content = Path(path).read_bytes()
    assert 0 < len(content) < size
    assert files.open_file(path, size) == (content, size)


def test_a_file_that_can_be_opened_but_not_read():
    path = "/sys/class/net/lo/speed"
    if not files.AVAILABLE or not os.path.exists(path):
        pytest.skip("needs Linux's /sys")
    with open(path, "rb", buffering=0) as file, pytest.raises(OSError) as expected:
        file.read()
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError) as error:
        files.open_file(path, os.stat(path).st_size)
    assert error.value.errno == expected.value.errno
    assert error.value.filename == path
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.skipif(not files.AVAILABLE, reason="this system cannot hold folders")
def test_what_is_held(tmp_path):
    """It is closed once, copied never, and found from the folder that is held."""
    (tmp_path / "file").write_bytes(b"content")
    held = files.Held(str(tmp_path))
    assert os.path.samestat(os.fstat(held.fileno()), tmp_path.stat())
    for wrong, error in (
        (("missing", held), FileNotFoundError),
        (("file", held), NotADirectoryError),
    ):
        with pytest.raises(error):
            files.Held(*wrong)
    for wrong in ("a\0b", "\0"):
        with pytest.raises(ValueError, match="null byte"):
            files.Held(wrong)
    with pytest.raises(TypeError, match="copied or pickled"):
        copy.copy(held)
    if files.HOLDS_ENTRIES:
        entry = files.Held("file", held, is_entry=True)
        assert os.path.samestat(os.fstat(entry.fileno()), (tmp_path / "file").stat())
        with pytest.raises(ValueError):
            files.Held("file", is_entry=True)
    held.close()
    held.close()
    for use in (held.fileno, held.sync, lambda: files.Held("file", held)):
        with pytest.raises(ValueError, match="closed"):
            use()
