"""Compressed tar files; what holds for other archives, too, is in test_members.py."""

import bz2
import gzip
import io
import tarfile
import tracemalloc

import numpy as np
import pytest

import idxfast
from files.handmade import TARS, archive
from idxfast import FormatError, IdxError, SizeError, TrailingDataError
from idxfast.containers import packed_tar

KINDS = ["tar.gz", "tar.xz", "tar.bz2"]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def content(oracle):
    return oracle.pack(0x0C, (600, 5))


@pytest.mark.parametrize("size", [504, 1016, 1017, 10_232])
def test_members_that_end_where_a_block_does(size, kind, oracle, tmp_path):
    """The next header follows at once: nothing may be unpacked twice."""
    content, other = oracle.pack(8, (size,)), oracle.pack(8, (size - 1,))
    (tmp_path / "file").write_bytes(archive(kind, a=content, b=b"x" * 512, c=other))
    oracle.check(idxfast.load(f"tar://a::{tmp_path}/file"), content)
    oracle.check(idxfast.load(f"tar://c::{tmp_path}/file"), other)


def test_parts_of_the_member(kind, content, oracle, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(archive(kind, images=gzip.compress(content), notes=b"text"))
    whole = idxfast.loads(content)
    assert np.array_equal(idxfast.load(path, start=7, stop=9), whole[7:9])
    out = np.empty_like(whole)
    assert idxfast.load(path, out=out) is out
    assert np.array_equal(out, whole)
    with idxfast.open(path, cache_bytes=1 << 20) as file:
        assert np.array_equal(file[[5, 2]], whole[[5, 2]])
    with pytest.raises(SizeError, match="cache_bytes"):
        idxfast.open(path, cache_bytes=100)


def test_links_are_left_out(kind, content, oracle):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as opened:
        link = tarfile.TarInfo("labels")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(link)
        info = tarfile.TarInfo("images")
        info.size = len(content)
        opened.addfile(info, io.BytesIO(content))
    oracle.check(idxfast.loads(TARS[kind](file.getvalue())), content)


def test_every_cut_archive(kind, content):
    """An error, or the right array if only what follows the member is missing."""
    data = archive(kind, images=content)
    expected = idxfast.loads(content).tobytes()
    for size in range(1, len(data), max(len(data) // 60, 1)):
        try:
            assert idxfast.loads(data[:size]).tobytes() == expected
        except IdxError as error:
            assert error.filename.startswith("<bytes>")


def test_an_archive_within_another_container_is_refused(kind, content):
    for outer in (gzip.compress, bz2.compress):
        with pytest.raises(FormatError):
            idxfast.loads(outer(archive(kind, images=content)))


def test_too_many_members(kind, content, monkeypatch):
    data = archive(kind, **{f"{number}": b"x" for number in range(5)}, images=content)
    monkeypatch.setattr(packed_tar, "MAX_MEMBERS", 6)
    assert idxfast.loads(data).shape == (600, 5)
    monkeypatch.setattr(packed_tar, "MAX_MEMBERS", 5)
    with pytest.raises(SizeError, match="holds more than can be searched: unpack it"):
        idxfast.loads(data)


def test_an_archive_that_unpacks_to_too_much(content, monkeypatch):
    """bzip2 makes zeros 20,000 times smaller, gzip never more than 1,032 times."""
    data = archive("tar.bz2", images=content, zeros=bytes(packed_tar.MIN_LIMIT))
    assert len(data) * packed_tar.MAX_RATIO < packed_tar.MIN_LIMIT
    with pytest.raises(SizeError, match="holds more than can be searched") as caught:
        idxfast.loads(data)
    assert caught.value.part == "container"
    monkeypatch.setattr(packed_tar, "MIN_LIMIT", packed_tar.MIN_LIMIT + (1 << 20))
    assert idxfast.loads(data).shape == (600, 5)


def test_a_member_that_claims_too_much(kind):
    """Nothing is allocated on the word of a header, and little is unpacked."""
    lie = bytes.fromhex("00000801 7fffffff") + bytes(100)
    for member in (lie, gzip.compress(lie)):
        data = archive(kind, images=member)
        tracemalloc.start()
        try:
            with pytest.raises(IdxError):
                idxfast.loads(data)
            assert tracemalloc.get_traced_memory()[1] < 32 << 20
        finally:
            tracemalloc.stop()


def test_a_huge_extended_header_is_not_read():
    """A header of many MB compresses to a few KB."""
    size = 64 << 20
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    data = gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(size), 1)
    tracemalloc.start()
    try:
        with pytest.raises(IdxError, match="the tar file cannot be read"):
            idxfast.loads(data)
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()


def test_from_a_url(kind, content, oracle, objects):
    objects.files[f"set.{kind}"] = archive(kind, images=content, notes=b"text")
    url = f"{objects.url}set.{kind}"
    oracle.check(idxfast.load(url), content)
    assert idxfast.read_header(url).shape == (600, 5)
    with idxfast.open(url) as file:
        oracle.check(file[...], content)


def tar_of(*members, extended=None, kind=tarfile.XHDTYPE):
    """A tar file, as bytes. Before each member there may be an extended header."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as opened:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            opened.addfile(info, io.BytesIO(data))
    data = file.getvalue()
    return data if extended is None else extended_header(kind, extended) + data


def extended_header(kind, data):
    info = tarfile.TarInfo("././@Header")
    info.type, info.size = kind, len(data)
    return info.tobuf() + data + bytes(-len(data) % 512)


def ways(path, data):
    path.write_bytes(data)
    yield lambda: idxfast.load(path)
    yield lambda: idxfast.loads(data)
    yield lambda: idxfast.load(path, mmap_mode="r")
    yield lambda: idxfast.open(path)[...]


def test_checksums_after_the_member_are_verified(oracle, tmp_path):
    """A wrong byte of the payload, which only the CRC-32 at the end of the file tells."""
    content = oracle.pack(8, (3000,))
    packed = bytearray(gzip.compress(tar_of(("a", content), ("b", bytes(1 << 20))), 0))
    packed[packed.index(content[-99:]) + 5] ^= 1
    for way in ways(tmp_path / "file", bytes(packed)):
        with pytest.raises(idxfast.ChecksumError):
            way()


def test_the_end_of_the_compressed_file_is_looked_at(kind, content, tmp_path):
    noise = np.random.default_rng(1).bytes(1 << 20)
    packed = archive(kind, a=content, b=noise)
    for way in ways(tmp_path / "file", packed[:-500]):
        with pytest.raises(idxfast.TruncatedError) as caught:
            way()
        assert "9,223,372" not in str(caught.value)
    for way in ways(tmp_path / "file", packed + b"?!?!?!?!"):
        with pytest.raises(TrailingDataError):
            way()


def test_what_follows_the_archive_may_not_be_too_large(content, monkeypatch):
    monkeypatch.setattr(packed_tar, "MIN_LIMIT", 1 << 20)
    for size, is_refused in ((1 << 19, False), (1 << 21, True)):
        data = bz2.compress(tar_of(("a", content)) + bytes(size))
        if is_refused:
            with pytest.raises(SizeError, match="holds more than"):
                idxfast.loads(data)
        else:
            idxfast.loads(data)


def test_long_names_take_little_memory(content):
    """tarfile would keep all of them."""
    one = extended_header(tarfile.GNUTYPE_LONGNAME, b"x" * (3 << 20))
    for data, error in (
        (b"".join([one, tar_of(("q", b""))[:512]] * 40), SizeError),
        (one * 40, IdxError),
    ):
        packed = gzip.compress(data + tar_of(("a", content)))
        tracemalloc.start()
        try:
            with pytest.raises(error):
                idxfast.loads(packed)
            assert tracemalloc.get_traced_memory()[1] < 64 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_global_headers_are_few(pack, content, oracle):
    """tarfile copies them for each member."""

    def packed(count):
        extended = b"".join(b"11 k%03d=12\n" % number for number in range(count))
        members = [("a", content), *((str(number), b"") for number in range(99))]
        return pack(tar_of(*members, extended=extended, kind=tarfile.XGLTYPE))

    oracle.check(idxfast.loads(packed(64)), content)
    with pytest.raises(IdxError, match="more than 64 global headers"):
        idxfast.loads(packed(65))


def test_an_archive_of_links_is_called_a_tar_archive():
    link = tarfile.TarInfo("labels")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(FormatError, match="looks like a tar archive, and no file in it is IDX"):
        idxfast.loads(gzip.compress(link.tobuf() + bytes(1024)))
