"""zip files with an IDX file in them; what holds for tar files, too, is in test_members.py."""

import gc
import io
import tracemalloc
import zipfile

import pytest

import idxfast
from files.handmade import archive
from idxfast import FormatError, IdxError


@pytest.fixture
def content(oracle):
    return oracle.pack(0x0C, (6, 5))


def test_a_zip_file_from_a_stream(content, oracle):
    file = io.BytesIO(archive("zip", images=content))

    class Stream:
        read = file.read

    oracle.check(idxfast.load(Stream()), content)


def test_an_empty_zip_file():
    file = io.BytesIO()
    zipfile.ZipFile(file, "w").close()
    with pytest.raises(FormatError, match="found no files"):
        idxfast.loads(file.getvalue())


def test_a_member_with_a_password(content):
    data = bytearray(archive("zip", images=content))
    for start, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(start) + at] |= 1
    with pytest.raises(IdxError, match="password"):
        idxfast.loads(bytes(data))


def test_a_member_without_a_name(oracle, content, tmp_path):
    """zipfile raises an IndexError if it is asked whether such a member is a folder."""
    data = archive("zip", **{"": b"text"}, images=content)
    oracle.check(idxfast.loads(data), content)
    (tmp_path / "t10k-labels-idx1-ubyte.zip").write_bytes(data)
    with pytest.raises(FileNotFoundError):
        idxfast.datasets.find(tmp_path)


def test_only_the_start_of_a_member_is_unpacked_to_see_what_it_is(content, monkeypatch):
    """A few MB of zip file may hold thousands of MiB of zeros."""
    counts = []
    real = zipfile.ZipExtFile.read

    def read(self, size=-1):
        data = real(self, size)
        counts.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", read)
    names = {str(number): b"\0\0\1" + bytes(2 << 20) for number in range(20)}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in {**names, "images": content}.items():
            opened.writestr(name, data)
    assert idxfast.loads(file.getvalue()).shape == (6, 5)
    assert 20 * 3 < sum(counts) < 20 * 64 << 10


def test_the_error_of_a_damaged_member_keeps_no_array(oracle):
    data = bytearray(archive("zip", images=oracle.pack(8, (4 << 20,))))
    data[len(data) // 2] ^= 0x55
    gc.disable()
    tracemalloc.start()
    try:
        with pytest.raises(IdxError, match="the zip file cannot be read"):
            idxfast.loads(bytes(data))
        assert tracemalloc.get_traced_memory()[0] < 2 << 20
    finally:
        tracemalloc.stop()
        gc.enable()
