"""IDX files in zip files, whole and damaged."""

import gzip
import zipfile

import pytest

from idxfast import IdxError
from idxfast.compat import archives


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
                assert str(error).startswith(f"{path}: the zip file cannot be read (at byte ")
                assert error.expected == "a whole zip file"
                assert error.found
                refused += 1
            except KeyError:
                # It has another name now.
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
    with pytest.raises(IdxError, match=f"^{path}: the zip file cannot be read "):
        archives.load_member(str(path), "labels.gz")


def test_no_zip_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        archives.load_member(str(tmp_path / "a.zip"), "labels.gz")
