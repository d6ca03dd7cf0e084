"""The names in EMNIST's zip file, and what its members have to hold."""

import gzip
import zipfile

import pytest

from idxfast import FormatError
from idxfast.compat._shared import emnist_archive


def test_names():
    assert emnist_archive.archive_name() == "gzip.zip"
    images = emnist_archive.file_name("letters", "test", "images")
    labels = emnist_archive.file_name("mine", "train", "labels")
    assert images == "emnist-letters-test-images-idx3-ubyte"
    assert labels == "emnist-mine-train-labels-idx1-ubyte"
    assert emnist_archive.member(images) == f"gzip/{images}.gz"
    assert [emnist_archive.content_of(name) for name in (images, labels)] == ["images", "labels"]


@pytest.mark.parametrize("split", ["letters", "images"])
@pytest.mark.parametrize(
    ("content", "code", "shape", "found"),
    [
        ("images", 0x08, (3,), "uint8 of 1"),
        ("labels", 0x08, (3, 4, 5), "uint8 of 3"),
        ("images", 0x0B, (3, 4, 5), "int16 of 3"),
    ],
)
def test_a_member_that_holds_something_else(tmp_path, oracle, split, content, code, shape, found):
    name = emnist_archive.file_name(split, "train", content)
    path = str(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(emnist_archive.member(name), gzip.compress(oracle.pack(code, shape)))
    with pytest.raises(FormatError, match=f"{name}.gz: not a file of {content}.*found {found}"):
        emnist_archive.load(path, name)
    with pytest.raises(KeyError):
        emnist_archive.load(path, emnist_archive.file_name(split, "test", content))
