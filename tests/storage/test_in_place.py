"""Files that are changed in place: opened, locked, written at a position."""

import errno
import os
import stat
import subprocess
import sys

import numpy as np
import pytest

import idxfast
from idxfast.native import files
from idxfast.storage import in_place

ANOTHER = 65534
is_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root, for another user"
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


def test_a_file_is_read_and_written(path):
    with in_place.open_in_place(str(path)) as file:
        assert file.read() == b"0123456789"
        in_place.write_at(file.fileno(), b"abc", 4)
        in_place.write_at(file.fileno(), b"", 2)
        in_place.write_at(file.fileno(), b"de", 12, is_awaited=True)
    assert path.read_bytes() == b"0123abc789\0\0de"


def append_one(file):
    start = bytes.fromhex("0000080100000002")
    return in_place.append_items(file.fileno(), start, 10, b"a+", b"B", np.ones(1, np.uint8))


@pytest.mark.skipif(not files.AVAILABLE, reason="left to Python on this system")
def test_items_are_appended(path):
    path.write_bytes(bytes.fromhex("0000080100000002 0405"))
    with in_place.open_in_place(str(path)) as file:
        assert append_one(file) == bytes.fromhex("0000080100000003")
        assert append_one(file) is None
    assert path.read_bytes() == bytes.fromhex("0000080100000003 040501")


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("is_awaited", [False, True])
def test_a_system_without_the_calls(most, is_awaited, path, monkeypatch):
    """And one that writes less than it is given."""
    with in_place.open_in_place(str(path)) as file:
        monkeypatch.setattr(files, "AVAILABLE", False)
        write = os.write
        monkeypatch.setattr(os, "write", lambda to, data: write(to, data[:most]))
        in_place.write_at(file.fileno(), b"abcdefg", 1, is_awaited=is_awaited)
        assert path.read_bytes() == b"0abcdefg89"
        assert in_place.is_as_before(file.fileno(), b"0ab", 10)
        assert not in_place.is_as_before(file.fileno(), b"0ac", 10)
        assert not in_place.is_as_before(file.fileno(), b"0ab", 11)
        assert append_one(file) is None
        assert path.read_bytes() == b"0abcdefg89"
        monkeypatch.undo()


def test_a_file_as_before(path):
    with in_place.open_in_place(str(path)) as file:
        assert in_place.is_as_before(file.fileno(), b"0123", 10)
        assert in_place.is_as_before(file.fileno(), b"", 10)
        assert in_place.is_as_before(file.fileno(), path.read_bytes(), 10)
        assert not in_place.is_as_before(file.fileno(), b"0124", 10)
        assert not in_place.is_as_before(file.fileno(), b"0123", 9)
        assert not in_place.is_as_before(file.fileno(), b"01234567890", 10)
        if os.name == "posix":
            path.unlink()
            assert not in_place.is_as_before(file.fileno(), b"0123", 10)


def test_cut(path):
    with in_place.open_in_place(str(path)) as file:
        in_place.cut(file.fileno(), 3)
    assert path.read_bytes() == b"012"


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EIO])
def test_a_file_system_without_locks(number, path, monkeypatch):
    def refuse(*_):
        raise OSError(number, "no!")

    monkeypatch.setattr(files, "AVAILABLE", True)
    for name in ("lock", "append_items"):
        monkeypatch.setattr(files, name, refuse)
    with in_place.open_in_place(str(path)) as file:
        for call in (
            lambda: in_place.lock(file.fileno()),
            lambda: in_place.unlock(file.fileno()),
            lambda: append_one(file),
        ):
            if number != errno.EIO:
                assert call() is None
            else:
                with pytest.raises(OSError, match="no!"):
                    call()


LOCKING = """
import os, sys
from idxfast.storage import in_place
with in_place.open_in_place(sys.argv[1]) as file:
    in_place.lock(file.fileno())
    print("locked", os.read(file.fileno(), 3), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks")
def test_a_lock_is_waited_for(path):
    with in_place.open_in_place(str(path)) as file:
        in_place.lock(file.fileno())
        command = [sys.executable, "-P", "-c", LOCKING, path]
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(timeout=1)
            in_place.write_at(file.fileno(), b"abc", 0)
            in_place.unlock(file.fileno())
            assert child.communicate(timeout=60)[0] == b"locked b'abc'\n"
        finally:
            child.kill()


def test_what_is_not_a_regular_file(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        in_place.open_in_place(str(tmp_path / "missing"))
    assert missing.value.filename == str(tmp_path / "missing")
    with pytest.raises(IsADirectoryError) as folder:
        in_place.open_in_place(str(tmp_path))
    assert folder.value.filename == str(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="is a FIFO"):
        in_place.open_in_place(str(tmp_path / "fifo"))


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_links(path):
    link = path.with_name("link")
    link.symlink_to(path.name)
    with in_place.open_in_place(str(link)) as file:
        assert os.path.samestat(os.fstat(file.fileno()), path.stat())
    loop = path.with_name("loop")
    loop.symlink_to("loop")
    with pytest.raises(OSError) as error:
        in_place.open_in_place(str(loop))
    assert (error.value.errno, error.value.filename) == (errno.ELOOP, str(loop))


@is_root
def test_another_users_link_in_a_shared_folder(shared, path):
    link = shared / "link"
    link.symlink_to(path)
    os.chown(link, ANOTHER, ANOTHER, follow_symlinks=False)
    for call in (in_place.open_in_place, lambda name: idxfast.append(name, 1)):
        with pytest.raises(PermissionError, match="symbolic link") as error:
            call(str(link))
        assert error.value.filename == str(link)
    assert path.read_bytes() == b"0123456789"


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_a_file_that_is_exchanged_for_a_link_meanwhile(path, monkeypatch):
    secret = path.with_name("secret")
    secret.write_bytes(b"secret")
    opening = in_place.Folder.open

    def exchange(folder, name, mode):
        path.unlink()
        path.symlink_to(secret)
        return opening(folder, name, mode)

    monkeypatch.setattr(in_place.Folder, "open", exchange)
    with pytest.raises(OSError, match="something else in its place"):
        in_place.open_in_place(str(path))


@is_root
def test_a_file_that_may_not_be_written_to(path, run_child):
    code = (
        "import os, sys; from idxfast.storage import in_place; os.setuid(65534)\n"
        "try: in_place.open_in_place(sys.argv[1])\n"
        "except PermissionError as error: print(error.filename)\n"
    )
    path.chmod(0o444)
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    assert run_child(code, path) == [str(path)]
