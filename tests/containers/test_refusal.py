"""Refusals are explained wherever the file is, and the call in the message reads it."""

import bz2
import gzip
import io
import lzma
import re
import struct
import sys

import numpy as np
import pytest

import idxfast
from files.handmade import archive
from files.small_blocks import blocks
from idxfast import FormatError, IdxError, TrailingDataError, TruncatedError

COUNT = 20_000
KINDS = ["zip", "tar"]
PACKERS = {
    "raw": bytes,
    "gzip": gzip.compress,
    "blocks": blocks,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


@pytest.fixture(scope="module")
def labels():
    return np.random.default_rng(3).integers(0, 10, COUNT).astype("<i4")


@pytest.fixture(scope="module")
def wrong(labels):
    """Labels of four bytes under a header of one."""
    return struct.pack(">HBBI", 0, 8, 1, COUNT) + labels.tobytes()


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "file"


@pytest.fixture(params=PACKERS)
def pack(request):
    return PACKERS[request.param]


def refuse(read, kind=IdxError):
    with pytest.raises(kind) as caught:
        read()
    return caught.value


def check(error, labels, **names):
    """The call that the hint ends with gives the labels."""
    call = re.search(r"idxfast\.loads?\(.*\)$", error.hint)[0]
    assert str(error).endswith(call)
    array = eval(call, {"idxfast": idxfast, **names})
    assert array.dtype == np.dtype("i4")
    assert (array == labels).all()
    return call


def openers(file):
    """Each way to read a file that may be mapped."""
    yield lambda: idxfast.load(file)
    yield lambda: idxfast.load(file, start=5, stop=COUNT)
    yield lambda: idxfast.load(file, mmap_mode="r")
    yield lambda: idxfast.open(file)[0]
    yield lambda: idxfast.open(file, cache_bytes=COUNT)[0]
    yield lambda: idxfast.open(file, cache_bytes=COUNT - 1)[0]


def test_each_reader(pack, wrong, labels, path):
    path.write_bytes(pack(wrong))
    for read in openers(path):
        error = refuse(read)
        if isinstance(error, TrailingDataError):
            check(error, labels)
        else:  # xz and bzip2 are not unpacked in parts, whatever their content
            assert isinstance(error, idxfast.SizeError)
            assert "cache_bytes" in error.reason


def test_the_error_of_a_first_pass_is_explained_each_time(wrong, labels, path):
    path.write_bytes(gzip.compress(wrong))
    with idxfast.open(path, cache_bytes=10) as file:
        for _ in range(2):
            check(refuse(lambda: file[1]), labels)


@pytest.mark.parametrize("kind", KINDS)
def test_members(kind, pack, wrong, labels, path):
    data = archive(kind, images=pack(wrong))
    path.write_bytes(data)
    for read in (
        lambda: idxfast.load(path),
        lambda: idxfast.load(path, mmap_mode="r"),
        lambda: idxfast.open(path)[0],
    ):
        call = check(refuse(read, TrailingDataError), labels)
        assert call.startswith(f"idxfast.load({str(path)!r}, ")
    file = io.BytesIO(data)
    check(refuse(lambda: idxfast.loads(data)), labels, data=data)
    check(refuse(lambda: idxfast.load(file)), labels, file=data)


@pytest.mark.parametrize("kind", KINDS)
def test_no_call_reads_the_archive_in_place_of_its_member(kind, pack, path):
    content = struct.pack(">HBBI", 0, 8, 1, 3) + b"abc"
    data = archive(kind, images=pack(2 * content))
    path.write_bytes(data)
    for read in (lambda: idxfast.load(path), lambda: idxfast.loads(data)):
        hint = refuse(read, TrailingDataError).hint
        assert hint == "a second IDX file follows"


@pytest.mark.parametrize("kind", KINDS)
def test_named_members(kind, pack, wrong, labels, path):
    path.write_bytes(archive(kind, first=pack(wrong), **{"a/b": pack(wrong)}))
    name = f"{kind}://a/b::{path}"
    call = check(refuse(lambda: idxfast.load(name)), labels)
    assert call.startswith(f"idxfast.load({name!r}, ")


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_archive_is_not_called_truncated(kind, path):
    content = struct.pack(">HBB2I", 0, 8, 2, 9, 4) + bytes(range(20))
    path.write_bytes(archive(kind, images=content))
    error = refuse(lambda: idxfast.load(path), TruncatedError)
    assert error.reason == (
        f"the payload ends at byte 20 of 36, and the {kind} container ends there, too"
    )
    assert error.hint.startswith(f"the {kind} container is whole: the header announces more")
    assert "the first 5 of 9 items are whole" in error.hint
    call = error.hint.rpartition(": ")[2]
    assert eval(call, {"idxfast": idxfast}).tobytes() == bytes(range(20))


@pytest.mark.parametrize("kind", KINDS)
def test_members_that_are_not_idx_are_named(kind, path):
    content = "\ufeff" + "".join(f"{byte:02x} " for byte in bytes(200))
    path.write_bytes(archive(kind, images=content.encode("utf-16-le")))
    error = refuse(lambda: idxfast.load(path), FormatError)
    assert "UTF-16" in str(error)


def test_damage_to_a_member_is_not_explained(wrong, path):
    data = bytearray(archive("zip", images=wrong))
    data[20_000] ^= 1
    error = refuse(lambda: idxfast.loads(bytes(data)))
    assert error.hint is None


def test_urls(pack, wrong, labels, objects):
    objects.files["file"] = pack(wrong)
    url = f"{objects.url}file"
    for read in (lambda: idxfast.load(url), lambda: idxfast.open(url)[0]):
        call = check(refuse(read, TrailingDataError), labels)
        assert call.startswith(f"idxfast.load({url!r}, ")


def test_a_url_with_a_secret_is_not_shown(wrong, labels, objects):
    objects.files["file?key=hidden"] = gzip.compress(wrong)
    url = f"{objects.url}file?key=hidden"
    error = refuse(lambda: idxfast.load(url))
    assert "hidden" not in str(error)
    check(error, labels, file=url)


def test_text_behind_a_url_is_not_opened_as_a_path(objects):
    objects.files["file"] = b"00 00 08 01 00 00 00 02 05 06\n"
    error = refuse(lambda: idxfast.load(f"{objects.url}file"), FormatError)
    assert "pathlib" not in str(error)


def test_an_interrupted_append_is_named(path):
    for start in (b"a+\x08\x03", b"a+\x0d\x01"):
        path.write_bytes(start + bytes(100))
        error = refuse(lambda: idxfast.load(path), FormatError)
        assert error.reason.startswith("an append to this file was interrupted")
        assert error.hint is None


def test_what_is_stated_is_not_explained(wrong, path):
    path.write_bytes(gzip.compress(wrong))
    error = refuse(lambda: idxfast.load(path, header=idxfast.Header("u1", (COUNT,))))
    assert error.hint is None


def test_good_archives_import_no_diagnosis(run_child, path):
    path.write_bytes(archive("zip", images=gzip.compress(idxfast.dumps(np.arange(9, dtype="u1")))))
    code = (
        "import sys, idxfast\n"
        "idxfast.load(sys.argv[1]), idxfast.open(sys.argv[1])[:]\n"
        "print(*(n for n in sys.modules if n.startswith('idxfast.diagnosis.') or 'survey' in n))\n"
    )
    assert run_child(code, path) == ["idxfast.diagnosis.size"]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="without compression.zstd")
def test_zstandard(wrong, labels, path):
    from compression import zstd

    path.write_bytes(zstd.compress(wrong))
    check(refuse(lambda: idxfast.load(path)), labels)
