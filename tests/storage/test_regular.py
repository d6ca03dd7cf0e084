"""Only regular files are opened, and nothing is waited for."""

import errno
import gc
import os
import socket
import stat

import pytest

from idxfast.datasets import fetching
from idxfast.storage.folders import Folder
from idxfast.storage.regular import check_regular, open_regular
from idxfast.storage.snapshot import Snapshot

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")


def open_part(path):
    return fetching._open_part(Folder(str(path.parent)), path.name)


def fifo(path):
    os.mkfifo(path)


def unix_socket(path):
    with socket.socket(socket.AF_UNIX) as bound:
        # Its name may be no longer than about 100 bytes.
        old = os.getcwd()
        os.chdir(path.parent)
        try:
            bound.bind(path.name)
        finally:
            os.chdir(old)


def device(path):
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero
    except (OSError, AttributeError):
        pytest.skip("may make no devices")


def directory(path):
    path.mkdir()


def link(path):
    (path.parent / "elsewhere").write_bytes(b"elsewhere")
    path.symlink_to("elsewhere")


KINDS = {
    fifo: ("a FIFO", errno.EINVAL),
    unix_socket: ("a socket", errno.EINVAL),
    device: ("a device", errno.EINVAL),
    directory: ("a directory", errno.EISDIR),
    link: ("a symbolic link", errno.ELOOP),
}


def descriptors():
    return set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_part_has_to_be_a_regular_file(make, tmp_path):
    path = tmp_path / ".x.part"
    make(path)
    gc.collect()
    before = descriptors()
    found, number = KINDS[make]
    reason = rf"\.x\.part is {found}, not a regular file"
    with pytest.raises(OSError, match=reason) as caught, open_part(path):
        pass
    assert caught.value.errno == number
    assert caught.value.filename == str(path)
    del caught
    gc.collect()
    assert descriptors() == before


@pytest.mark.parametrize(
    "make", [make for make in KINDS if make is not link], ids=lambda make: make.__name__
)
def test_only_a_regular_file_is_read(make, tmp_path):
    path = tmp_path / "x"
    make(path)
    gc.collect()
    before = descriptors()
    with pytest.raises(OSError):
        open_regular(path)
    assert descriptors() == before


def test_a_fifo_with_a_writer_is_refused_unread(tmp_path):
    path = tmp_path / "x"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)
    try:
        os.write(end, b"bytes")
        for opens in (open_regular, lambda path: Snapshot(path, 10)):
            with pytest.raises(OSError, match="a FIFO"):
                opens(path)
        with pytest.raises(OSError, match="a FIFO"), open_part(path):
            pass
        assert os.read(end, 10) == b"bytes"
    finally:
        os.close(end)


def test_a_part_is_continued(tmp_path):
    path = tmp_path / "x"
    for expected in (b"ab", b"abab"):
        with open_part(path) as file:
            file.write(b"ab")
            file.seek(0)
            assert file.read() == expected
    assert path.read_bytes() == b"abab"


def test_a_link_leads_to_what_is_read(tmp_path):
    (tmp_path / "x").symlink_to("y")
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "x")
    (tmp_path / "y").write_bytes(b"y")
    with open_regular(tmp_path / "x") as file:
        assert file.read() == b"y"


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 1000])
def test_no_more_is_read_than_a_file_can_have(size, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes(range(256))[:10] * 100)
    os.truncate(path, size)
    content = Snapshot(str(path), 10)
    assert content.getvalue() == (bytes(range(10)) * 2)[: min(size, 11)]
    assert content.name == str(path)


def test_what_is_nothing_of_these_is_refused():
    status = os.stat_result((0o160000, *[0] * 9))
    with pytest.raises(OSError, match="x is something else"):
        check_regular(status, "/a/x")
