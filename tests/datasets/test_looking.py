"""What a file holds, from its first bytes."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import pytest

from idxfast import FormatError, TrailingDataError, TruncatedError
from idxfast.datasets.looking import is_foreign, look


@pytest.fixture
def seen(tmp_path):
    """Look at a file with this content."""

    def seen(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content)
        return look(str(path), (name,), None)

    return seen


@pytest.mark.parametrize(
    ("pack", "container"),
    [(bytes, "raw"), (gzip.compress, "gzip"), (lzma.compress, "xz"), (bz2.compress, "bzip2")],
)
@pytest.mark.parametrize(
    ("shape", "role"), [((3,), "labels"), ((3, 4), None), ((3, 4, 5), "images"), ((), None)]
)
def test_content_says_the_role(pack, container, shape, role, seen, oracle):
    entry = seen(pack(oracle.pack(8, shape)))
    assert (entry.header.shape, entry.header.dtype.name) == (shape, "uint8")
    assert (entry.role, entry.container, entry.error, entry.archive) == (
        role,
        container,
        None,
        None,
    )
    assert entry.fits is (role is not None)


def test_an_idx_file_with_the_word_of_a_tar_archive(seen, oracle):
    entry = seen(oracle.pack(8, (300,), bytes(257 - 8) + b"ustar" + bytes(46)))
    assert (entry.archive, entry.container, entry.header.shape) == (None, "raw", (300,))


def test_a_name_says_the_role_but_content_decides(seen, oracle):
    labels = oracle.pack(8, (3,))
    for name, role, fits in (("train-labels", "labels", True), ("train-images", "images", False)):
        entry = seen(labels, name)
        assert (entry.role, entry.fits) == (role, fits)


@pytest.mark.parametrize(
    ("change", "error"),
    [(lambda data: data[:-1], TruncatedError), (lambda data: data + b"x", TrailingDataError)],
)
def test_the_size_of_a_raw_file_is_checked(change, error, seen, oracle):
    entry = seen(change(oracle.pack(8, (3,))))
    assert entry.header.shape == (3,)
    assert isinstance(entry.error, error)
    assert not entry.fits


@pytest.mark.parametrize(
    "content",
    [b"#!/bin/sh", b"\x89PNG", b"<!DOCTYPE html>", b"\0\0\0\0", b"\0\5\x16\7" + bytes(80), gzip.compress(b"text")],
)  # fmt: skip
def test_what_is_not_idx_is_nothing_unless_its_name_is_published(content, seen):
    assert seen(content) is None
    assert seen(content, "train-images.bin") is None
    entry = seen(content, "train-images-idx3-ubyte.gz")
    assert isinstance(entry.error, FormatError)
    assert (entry.header, entry.role, entry.fits) == (None, "images", False)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\x08", b"\0\0\x08\3\0\0", gzip.compress(b"\0\0\x08\1\0\0\0\2ab", mtime=0)[:9]],
)
def test_what_is_cut_short_may_have_been_idx(content, seen):
    entry = seen(content)
    assert isinstance(entry.error, TruncatedError)
    assert (entry.header, entry.role, entry.fits) == (None, None, False)


def tar(mode):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:
        archive.addfile(tarfile.TarInfo("x"))
    return data.getvalue()


def zipped():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("x", b"")
    return data.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(zipped(), "zip"), *((tar(mode), "tar") for mode in ("w", "w:gz", "w:xz", "w:bz2"))],
    ids=["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"],
)
def test_archives_are_known_by_content(content, kind, seen):
    entry = seen(content, "train-images-idx3-ubyte.gz")
    assert (entry.archive, entry.header, entry.error, entry.role) == (kind, None, None, None)
    assert (entry.container, entry.fits) == (kind, False)


def test_links_have_the_identity_of_their_file(tmp_path, oracle):
    (tmp_path / "blob").write_bytes(oracle.pack(8, (3,)))
    (tmp_path / "link").symlink_to("blob")
    (tmp_path / "other").write_bytes(oracle.pack(8, (3,)))
    blob, link, other = (look(str(tmp_path / n), (n,), None) for n in ("blob", "link", "other"))
    assert blob.identity == link.identity != other.identity


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    assert (
        look(str(tmp_path / "train-images-idx3-ubyte"), ("train-images-idx3-ubyte",), None) is None
    )


def test_what_is_not_there(tmp_path):
    assert look(str(tmp_path / "x"), ("x",), None) is None


def test_names_of_other_files():
    for name in (
        "a.png",
        "._train-images-idx3-ubyte",
        "train-images.PNG",
        "x.npy",
        "train-images-idx3-ubyte.gz.part",
        "README.md",
        "m.m",
    ):
        assert is_foreign(name)
    for name in ("a", "png", ".png.idx", "train-images.bin", "x.gz", "a.zip", "t.tar.gz", "x.md.1"):
        assert not is_foreign(name)
