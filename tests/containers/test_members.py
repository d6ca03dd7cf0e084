"""zip and tar files with an IDX file in them, by every function that reads."""

import gc
import gzip
import io
import lzma
import os
import pickle
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.damage import outcome
from files.handmade import HTML, archive
from idxfast import FormatError, IdxError, SizeError, TruncatedError
from idxfast.containers import members

KINDS = ["zip", "tar", "tar.gz", "tar.xz"]
PACKERS = {"raw": bytes, "gzip": gzip.compress, "xz": lzma.compress}
LITTER = {
    "__MACOSX/._images": b"\0\5\x16\7",
    "__MACOSX/images": b"\0\0\x08\1\0\0\0\1x",
    "a/._images": b"\0\0\x08\1\0\0\0\1x",
    ".DS_Store": b"\0\0\0\1Bud1",
    "README.md": b"# Images",
    "empty": b"",
}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def scheme(kind):
    """The scheme of fsspec's URLs for this kind of archive."""
    return kind.partition(".")[0]


@pytest.fixture
def content(oracle):
    return oracle.pack(0x0C, (6, 5))


def native(array):
    return array.astype(array.dtype.newbyteorder("="))


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("litter", [{}, LITTER], ids=["alone", "with others"])
def test_one_file(litter, pack, kind, content, oracle, place):
    data = archive(kind, **{"a/images": pack(content)}, **litter)
    path = place / "file"
    path.write_bytes(data)
    oracle.check(idxfast.load(path), content)
    oracle.check(idxfast.load(path, threads=1, out=idxfast.load(path)), content)
    oracle.check(idxfast.loads(data), content)
    with path.open("rb") as file:
        oracle.check(idxfast.load(file), content)
    oracle.check(native(idxfast.load(path, mmap_mode="c")), content)
    assert idxfast.read_header(path) == ((">i4"), (6, 5))
    with idxfast.open(path) as file:
        assert file.container == kind.partition(".")[0]
        oracle.check(file[...], content)
        copy = pickle.loads(pickle.dumps(file))
        oracle.check(copy[...], content)


@pytest.mark.parametrize(
    "error", [KeyError(), ValueError(), EOFError(), OSError(22, "no")], ids=repr
)
def test_errors_of_the_caller_pass(error, kind, content):
    def stop(done, total):
        raise error

    data = archive(kind, images=content)
    with pytest.raises(type(error)) as caught:
        idxfast.load(io.BytesIO(data), progress=stop)
    assert caught.value is error
    frozen = idxfast.loads(content)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="out= takes a writable") as caught:
        idxfast.loads(data, out=frozen)
    assert not isinstance(caught.value, IdxError)


def test_several_files_are_listed(kind, scheme, content, place):
    path = place / "file"
    path.write_bytes(archive(kind, first=content, second=gzip.compress(content), third=HTML))
    for function in (idxfast.load, idxfast.open, idxfast.read_header):
        with pytest.raises(IdxError, match="holds several IDX files; name one") as caught:
            function(path)
        assert f"'{scheme}://first::{path}'" in str(caught.value)
        assert caught.value.found == "first, second"
        assert caught.value.filename == str(path)


def test_a_long_list_is_shortened(kind, content, place):
    (place / "file").write_bytes(archive(kind, **{f"{i}\n": content for i in range(30)}))
    with pytest.raises(IdxError) as caught:
        idxfast.load("file")
    assert caught.value.found == ", ".join([rf"{i}\n" for i in range(members.MAX_NAMED)] + ["more"])


@pytest.mark.parametrize(
    "contents", [{"a": HTML, "b": b""}, {".DS_Store": b"", "._a": b""}], ids=len
)
def test_no_idx_file(contents, kind, place):
    (place / "file").write_bytes(archive(kind, **contents))
    with pytest.raises(FormatError, match="and no file in it is IDX"):
        idxfast.load("file")


def test_a_single_file_that_is_not_idx_is_named(kind):
    with pytest.raises(FormatError, match=r"^<bytes>: page: .*looks like an HTML page"):
        idxfast.loads(archive(kind, page=HTML))


@pytest.mark.parametrize("inner", KINDS)
def test_an_archive_in_an_archive_is_refused(inner, kind, content):
    with pytest.raises(FormatError, match=r"^<bytes>: inner: not an IDX file"):
        idxfast.loads(archive(kind, inner=archive(inner, images=content)))


# Members by name, as fsspec spells them, without fsspec.


@pytest.fixture
def no_fsspec(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)


@pytest.mark.parametrize("local", ["", "file://", "local://"])
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_member_by_name(pack, local, scheme, kind, content, oracle, place, no_fsspec):
    other = oracle.pack(8, (3,))
    (place / "file").write_bytes(archive(kind, first=other, **{"a/b c.gz": pack(content)}))
    name = f"{scheme}://a/b c.gz::{local}{place}/file"
    oracle.check(idxfast.load(name), content)
    oracle.check(idxfast.load(f"{scheme}://first::file"), other)
    assert idxfast.read_header(name).shape == (6, 5)
    with idxfast.open(name) as file:
        oracle.check(file[...], content)
        oracle.check(pickle.loads(pickle.dumps(file))[...], content)
    with pytest.raises(IdxError, match="a member of an archive cannot be mapped"):
        idxfast.load(name, mmap_mode="r")


def test_as_fsspec_reads_it(kind, scheme, content, oracle, place):
    fsspec = pytest.importorskip("fsspec")
    (place / f"file.{kind}").write_bytes(archive(kind, first=b"", second=content))
    name = f"{scheme}://second::{place}/file.{kind}"
    with fsspec.open(name, "rb") as file:
        assert file.read() == content
    oracle.check(idxfast.load(name), content)


@pytest.mark.skipif(os.name == "nt", reason="no name has colons there")
def test_a_name_with_colons(kind, scheme, content, oracle, place, no_fsspec):
    path = place / "set::1"
    path.write_bytes(archive(kind, **{"a::b": content, "/c": oracle.pack(8, (3,))}))
    oracle.check(idxfast.load(f"{scheme}://a::b::{path}"), content)
    oracle.check(idxfast.load(f"{scheme}:///c::{path}"), oracle.pack(8, (3,)))
    oracle.check(idxfast.load(f"{scheme}://a::b::set::1"), content)
    with pytest.raises(FileNotFoundError, match="b::missing"):
        idxfast.load(f"{scheme}://a::b::missing")


def test_a_name_that_is_not_there(kind, scheme, content, place):
    (place / "file").write_bytes(archive(kind, first=content))
    with pytest.raises(IdxError, match="the archive has no member 'second'") as caught:
        idxfast.load(f"{scheme}://second::file")
    assert caught.value.found == "first"


def test_a_file_that_is_no_archive(scheme, content, place):
    (place / "file").write_bytes(gzip.compress(content))
    with pytest.raises(IdxError, match="has no member 'x', because it is no archive") as caught:
        idxfast.load(f"{scheme}://x::file")
    assert caught.value.found == "gzip"


def test_an_archive_that_is_missing(scheme):
    with pytest.raises(FileNotFoundError):
        idxfast.load(f"{scheme}://x::missing")


# Damage, and archives made to deceive.


@pytest.mark.parametrize("name", [None, "images"])
def test_any_byte_wrong(name, kind, scheme, content, oracle, place):
    """The right array, or an IdxError. A tar file has no checksum of the content."""
    expected = idxfast.loads(content).tobytes()
    data = archive(kind, images=gzip.compress(content, mtime=0), other=HTML)
    data = data[:-9_000] if kind == "tar" else data
    path = place / "file"
    call = str(path) if name is None else f"{scheme}://{name}::{path}"
    for at in range(0, len(data), 1 if kind == "zip" else 3):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0x81]) + data[at + 1 :]):
            path.write_bytes(damaged)
            found = outcome(idxfast.load, call)
            assert isinstance(found, tuple) or found == expected, at


def test_streams(kind, scheme, content, oracle):
    data = archive(kind, **{"a/images": content, "README": b"text"})
    stream = SimpleNamespace(read=io.BytesIO(data).read)
    if kind == "tar":  # only a descriptor tells whether the bytes by which it is known are there
        with pytest.raises(FormatError):
            idxfast.load(stream)
        for buffering in (0, -1):
            reader, writer = os.pipe()
            os.write(writer, data)
            os.close(writer)
            with open(reader, "rb", buffering=buffering) as pipe:
                oracle.check(idxfast.load(pipe), content)
    elif kind == "tar.xz":  # it is unpacked in order, and cannot be read a second time
        with pytest.raises(FormatError, match=r"pass its bytes, idxfast\.loads\(file\.read\(\)\)"):
            idxfast.load(stream)
    else:
        oracle.check(idxfast.load(stream), content)
    with pytest.raises(IdxError, match=f"save the archive to a file, and name one: '{scheme}://a"):
        idxfast.loads(archive(kind, a=content, b=content))


def test_stated_headers(kind, content, oracle):
    """The call in the message states a header, which describes the member."""
    data = archive(kind, labels=b"\0\0\x08\1\0\0\0\3" + np.arange(3, dtype="<i4").tobytes())
    with pytest.raises(IdxError) as caught:
        idxfast.loads(data)
    call = caught.value.hint.rpartition(": ")[2]
    array = eval(call, {"idxfast": idxfast, "data": data})
    assert (array.dtype, array.tolist()) == (np.int32, [0, 1, 2])


def test_max_bytes(kind, content, place):
    (place / "file").write_bytes(archive(kind, images=gzip.compress(content)))
    assert idxfast.load("file", max_bytes=120).nbytes == 120
    with pytest.raises(SizeError, match="max_bytes"):
        idxfast.load("file", max_bytes=119)


def test_a_header_that_lies(kind):
    data = bytes.fromhex("00000801 7fffffff") + bytes(100)
    with pytest.raises((SizeError, TruncatedError)):
        idxfast.loads(archive(kind, images=data))
    with pytest.raises((SizeError, TruncatedError)):
        idxfast.loads(archive(kind, images=gzip.compress(data)))


@pytest.mark.parametrize("size", [600, 900, 3_000])
def test_the_error_of_a_cut_archive_keeps_nothing_in_a_cycle(size, kind, oracle):
    content = oracle.pack(8, (3_000,), os.urandom(3_000))
    file = io.BytesIO(archive(kind, images=content)[:size])
    kept = weakref.ref(file)
    gc.disable()
    try:
        with pytest.raises(IdxError):
            idxfast.load(file)
        del file
        assert kept() is None
    finally:
        gc.enable()
