"""Space on the disk: what is free, and what is reserved."""

import errno
import os
import shutil

import pytest

from idxfast.storage import space
from idxfast.storage.folders import Folder

SIZES = [0, 1, 4095, 3 << 20]


@pytest.fixture
def file(tmp_path):
    with open(tmp_path / "file", "x+b", buffering=0) as file:
        yield file


def check(file, size):
    status = os.fstat(file.fileno())
    assert status.st_size == size
    assert status.st_blocks * 512 >= size
    file.seek(0)
    assert file.read() == bytes(size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1 << 20, 64 << 20])
def test_reserve(step, size, file, monkeypatch):
    monkeypatch.setattr(space, "STEP", step)
    space.reserve(file, size)
    check(file, size)


@pytest.mark.parametrize("size", SIZES)
def test_where_nothing_can_be_reserved_zeros_are_written(size, file, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    space.reserve(file, size)
    check(file, size)


@pytest.mark.parametrize("error", [errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_cannot_reserve(error, file, monkeypatch):
    def refuse(*arguments):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    space.reserve(file, 3 << 20)
    check(file, 3 << 20)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_other_errors_pass(error, file, monkeypatch):
    def refuse(*arguments):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    with pytest.raises(OSError) as caught:
        space.reserve(file, 10)
    assert caught.value.errno == error


@pytest.mark.parametrize("has_statvfs", [True, False])
def test_free_space(has_statvfs, tmp_path, monkeypatch):
    expected = shutil.disk_usage(tmp_path).free
    if not has_statvfs:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(3, 2, 1))
        monkeypatch.delattr(os, "statvfs", raising=False)
        expected = 1
    with Folder(str(tmp_path)) as folder:
        found = space.free_space(folder)
    # Other processes use the disk, too.
    assert found == pytest.approx(expected, rel=0.2)
