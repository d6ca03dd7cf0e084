"""tar files with an IDX file in them; what holds for zip files, too, is in test_members.py."""

import io
import os
import sys
import tarfile

import pytest

import idxfast
from files.handmade import TARS, archive
from idxfast import IdxError


@pytest.fixture
def content(oracle):
    return oracle.pack(0x0C, (6, 5))


@pytest.mark.parametrize("pack", TARS.values(), ids=TARS)
def test_the_last_member_of_a_name(pack, content, oracle, tmp_path):
    """A tar file that was appended to."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as opened:
        for data in (oracle.pack(8, (3,)), content):
            info = tarfile.TarInfo("./images")
            info.size = len(data)
            opened.addfile(info, io.BytesIO(data))
    (tmp_path / "file").write_bytes(pack(file.getvalue()))
    oracle.check(idxfast.load(f"tar://images::{tmp_path}/file"), content)


@pytest.mark.skipif(sys.platform == "win32", reason="the first bytes of a pipe are not known there")
@pytest.mark.parametrize("number", [0, 1500])
def test_a_raw_tar_file_from_a_pipe(number, content, oracle):
    """Whatever the number of the descriptor, what has arrived is seen."""
    import fcntl
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 2000:
        pytest.skip("descriptors of this number are not allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(2000, limits[0]), limits[1]))
    receiver, sender = os.pipe()
    try:
        high = fcntl.fcntl(receiver, fcntl.F_DUPFD, number)
        os.write(sender, archive("tar", images=content))
    finally:
        os.close(receiver)
        os.close(sender)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    with os.fdopen(high, "rb", buffering=0) as file:
        oracle.check(idxfast.load(file), content)


def test_a_tar_file_that_states_a_negative_size(content):
    """tarfile would read its members again and again (CVE-2025-8194)."""
    data = bytearray(archive("tar", a=content, b=content))
    header = data[1024:1536]
    header[124:136] = b"\xff" * 10 + (-1024 & 0xFFFF).to_bytes(2, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data[1024:1536] = header
    with pytest.raises(IdxError):
        idxfast.loads(bytes(data))


def test_a_sparse_file_in_a_tar_file_is_left_out(content, oracle):
    """It may claim any size."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as opened:
        for name, headers in (
            ("images", {}),
            ("sparse", {"GNU.sparse.map": "0,1", "GNU.sparse.size": "99999999999"}),
        ):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(content), headers
            opened.addfile(info, io.BytesIO(content))
    oracle.check(idxfast.loads(file.getvalue()), content)


def with_header(content, kind, size, **bytes_at):
    """A tar file that starts with a header of this kind and size, before a member."""
    data = bytearray(archive("tar", first=b"", images=content))
    header = data[:512]
    header[124:136] = b"\x80" + size.to_bytes(11, "big")
    header[156:157] = kind
    for place, byte in bytes_at.items():
        header[int(place[1:])] = byte
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header + data[512:])


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g", b"X"])
@pytest.mark.parametrize("size", [1 << 40, (1 << 63) - 1024])
def test_a_header_that_states_a_huge_size(size, kind, content, capsys):
    with pytest.raises(IdxError):
        idxfast.loads(with_header(content, kind, size))
    assert not capsys.readouterr().err


def test_a_sparse_header_that_goes_on_after_the_end(content, tmp_path):
    """tarfile raises an IndexError."""
    data = with_header(content, b"S", 0, b482=1)[:512]
    with pytest.raises(IdxError, match="the tar file cannot be read"):
        idxfast.loads(data)
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(FileNotFoundError):
        idxfast.datasets.find(tmp_path)


@pytest.mark.parametrize("options", [{"max_bytes": 100}, {"start": 1, "stop": 2}, {}])
def test_a_member_is_not_read_into_memory_first(options, content, tmp_path):
    """It takes a TiB, nearly all of it a hole in the file."""
    info = tarfile.TarInfo("images")
    info.size = 1 << 40
    with (tmp_path / "file").open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT) + content)
        try:
            file.truncate(512 + info.size + 1024)
        except OSError:
            pytest.skip("this file system has no files of this size")
    with pytest.raises((idxfast.TrailingDataError, idxfast.SizeError)):
        idxfast.load(tmp_path / "file", **options)
