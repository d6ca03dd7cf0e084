"""IDX files in zip files, whole and damaged."""

import errno
import gzip
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from idxfast import ChecksumError, FormatError, IdxError, SizeError
from idxfast.containers import archives


def test_load_member(tmp_path, oracle):
    idx = oracle.pack(0x08, (4,))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("gzip/labels.gz", gzip.compress(idx))
    oracle.check(archives.load_member(str(tmp_path / "a.zip"), "gzip/labels.gz"), idx)


def test_a_zip_file_with_any_byte_wrong_is_an_error_that_names_it(tmp_path, oracle):
    idx = oracle.pack(0x08, (4,))
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.gz", gzip.compress(idx))
    data = path.read_bytes()
    refused = 0
    for i in range(len(data)):
        for damaged in (data[:i], data[:i] + bytes([data[i] ^ 0x80]) + data[i + 1 :]):
            path.write_bytes(damaged)
            try:
                oracle.check(archives.load_member(str(path), "labels.gz"), idx)
            except IdxError as error:
                assert str(error).startswith(f"{path}: ")
                assert error.expected in ("a whole zip file", "stored or deflated")
                assert error.found
                refused += 1
            except KeyError:
                # The change is in the member's name.
                assert b"labels.gz" in data[i - 8 : i + 9]
    assert refused > len(data)


@pytest.mark.parametrize("method", [12, 14, 93], ids=["bzip2", "lzma", "zstd"])
def test_a_zip_file_that_names_another_method_is_an_error_that_names_it(method, tmp_path, oracle):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.gz", oracle.pack(0x08, (40,)))
    data = bytearray(path.read_bytes())
    for header, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        data[data.index(header) + at] = method
    path.write_bytes(data)
    start = re.escape(f"{path}: labels.gz: ")
    with pytest.raises(IdxError, match=f"^{start}.* stored or deflated, found method {method}\\)"):
        archives.load_member(str(path), "labels.gz")


def _zip(path, content, name="a.gz"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return str(path), name


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("code", [0x08, 0x0C])
def test_a_member_of_several_chunks(pack, code, tmp_path, oracle):
    size = oracle.types[code][1]
    idx = oracle.pack(code, (3_000_000,), np.random.default_rng(3).bytes(3_000_000 * size))
    oracle.check(archives.load_member(*_zip(tmp_path / "a.zip", pack(idx))), idx)


def test_what_is_wrong_with_a_member_is_an_error_that_names_it(tmp_path, oracle):
    packed = gzip.compress(oracle.pack(0x08, (4,)))
    for content, kind in (
        (b"<html>", FormatError),
        (packed[:-8] + bytes(8), ChecksumError),
        (gzip.compress(packed), FormatError),
    ):
        with pytest.raises(kind) as caught:
            archives.load_member(*_zip(tmp_path / "a.zip", content))
        assert caught.value.filename == f"{tmp_path / 'a.zip'}: a.gz"


def _header(*shape):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)


# A member may always hold this much: a gzip file of 1 MiB, and an array of 1032 times 64 KiB.
GZIP, ARRAY = 1 << 20, 1032 << 16


def test_a_gzip_file_that_gains_too_much_in_a_zip_file(tmp_path):
    member = gzip.compress(_header(3) + b"abc", mtime=0)
    path, name = _zip(tmp_path / "a.zip", member + bytes(GZIP - len(member)))
    assert archives.load_member(path, name).tobytes() == b"abc"
    path, name = _zip(tmp_path / "b.zip", member + bytes(GZIP - len(member) + 1))
    with pytest.raises(SizeError, match="larger than its compressed size") as caught:
        archives.load_member(path, name)
    assert (caught.value.filename, caught.value.offset) == (f"{path}: {name}", GZIP)
    # A member of noise may have up to 16 times its size in the zip file.
    noise = np.random.default_rng(4).bytes(100_000)
    member = gzip.compress(_header(100_000) + noise, mtime=0)
    path, name = _zip(tmp_path / "c.zip", member + bytes(15 * len(member)))
    assert archives.load_member(path, name).tobytes() == noise
    path, name = _zip(tmp_path / "d.zip", member + bytes(16 * len(member)))
    with pytest.raises(SizeError, match="larger than its compressed size in the zip file allows"):
        archives.load_member(path, name)


def test_an_array_larger_than_deflate_can_hold(tmp_path):
    path, name = _zip(tmp_path / "a.zip", gzip.compress(_header(ARRAY) + bytes(ARRAY)))
    assert not archives.load_member(path, name).any()
    path, name = _zip(tmp_path / "b.zip", gzip.compress(_header(ARRAY + 1) + bytes(ARRAY + 1)))
    with pytest.raises(SizeError, match="more than 65,536 compressed bytes can hold") as caught:
        archives.load_member(path, name)
    assert caught.value.found == ARRAY + 1


@pytest.mark.parametrize("claim", [0, 5, 1 << 31])
def test_sizes_that_a_zip_file_states_are_no_evidence(claim, tmp_path):
    """Compressed and uncompressed size in the central directory do not raise the limit."""
    path, name = _zip(tmp_path / "a.zip", gzip.compress(_header(ARRAY + 1) + bytes(ARRAY + 1)))
    data = bytearray(Path(path).read_bytes())
    at = data.index(b"PK\1\2")
    data[at + 20 : at + 28] = struct.pack("<II", claim, claim)
    Path(path).write_bytes(data)
    with pytest.raises(IdxError, match=f"^{re.escape(path)}: "):
        archives.load_member(path, name)


def test_no_zip_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        archives.load_member(str(tmp_path / "a.zip"), "labels.gz")


def test_what_zipfile_says_is_told(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"not a zip file")
    with pytest.raises(IdxError, match="the zip file cannot be read") as caught:
        archives.load_member(str(path), "labels.gz")
    assert caught.value.found == "File is not a zip file"


def test_an_error_of_the_system_passes(tmp_path):
    path, _ = _zip(tmp_path / "a.zip", b"")
    error = OSError(errno.EIO, "broken")
    with pytest.raises(OSError, match="broken") as caught, archives.open_zip(path):
        raise error
    assert caught.value is error


def test_a_seek_to_before_the_start_is_damage(tmp_path):
    path, _ = _zip(tmp_path / "a.zip", b"")
    for error in (OSError(errno.EINVAL, "no such place"), OSError("no number")):
        with pytest.raises(IdxError, match="the zip file cannot be read"), archives.open_zip(path):
            raise error
