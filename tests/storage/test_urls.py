"""storage/urls: every file system that comes with fsspec and needs no network, chained ones too."""

import base64
import gzip
import json
import os
import pickle
import tarfile
import threading
import zipfile

import numpy as np
import pytest

import idxfast
from idxfast.storage.inputs import open_source

fsspec = pytest.importorskip("fsspec")

# The oldest fsspec that we support has other file systems, and faults in some that wrap others.
IS_OLD = fsspec.__version__ < "2026.9"
FAULTY = {"cached", "dir", "asyncwrapper", "async_wrapper", "reference", "reference-part"}

# File systems of fsspec without a test here or, for HTTP, in test_objects.py.
LEFT_OUT = {
    "need a server": "dask dbfs gist github hdfs arrow_hdfs jlab jupyter sftp smb ssh webhdfs",
    "cannot be opened by a URL": "generic",
}


def in_memory(data, folder):
    """Each test has its own folder in memory, too, because fsspec's caches outlive a test."""
    fsspec.filesystem("memory").pipe(f"{folder}/file", data)
    return f"memory://{folder}/file"


def zipped(data, folder, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(folder / "a.zip", "w", compression) as archive:
        archive.writestr("other", b"other")
        archive.writestr("folder/file", data)
    return f"{folder}/a.zip"


def tarred(data, folder, name="a.tar", mode="w"):
    (folder / "file").write_bytes(data)
    with tarfile.open(folder / name, mode) as archive:
        archive.add(folder / "file", "folder/file")
    return f"{folder}/{name}"


def on_disk(data, folder):
    (folder / "file").write_bytes(data)
    return f"{folder}/file"


def zipped_in_memory(data, folder):
    with open(zipped(data, folder), "rb") as file:
        return in_memory(file.read(), folder)


def data_url(data, scheme="data:"):
    return f"{scheme}application/octet-stream;base64,{base64.b64encode(data).decode()}"


def reference(what, folder):
    (folder / "a.json").write_text(json.dumps({"version": 1, "refs": {"file": what}}))
    return f"reference://file::file://{folder}/a.json"


def committed(data, folder):
    pygit2 = pytest.importorskip("pygit2")
    on_disk(data, folder)
    repository = pygit2.init_repository(str(folder), initial_head="master")
    repository.index.add("file")
    who = pygit2.Signature("name", "name@example.org")
    tree = repository.index.write_tree()
    repository.create_commit("HEAD", who, who, "message", tree, [])
    return f"git://{folder}:file"


def archived(data, folder):
    pytest.importorskip("libarchive")
    return f"libarchive://folder/file::{zipped(data, folder)}"


@pytest.fixture
def ftp(tmp_path):
    """A function that puts a file on an FTP server, and returns its URL."""
    handlers = pytest.importorskip("pyftpdlib.handlers")
    servers = pytest.importorskip("pyftpdlib.servers")
    authorizers = pytest.importorskip("pyftpdlib.authorizers")

    class Handler(handlers.FTPHandler):
        authorizer = authorizers.DummyAuthorizer()

    Handler.authorizer.add_anonymous(str(tmp_path))
    server = servers.FTPServer(("127.0.0.1", 0), Handler)
    stopping = threading.Event()

    def serve():
        while not stopping.is_set():
            server.serve_forever(timeout=0.05, blocking=False)

    thread = threading.Thread(target=serve)
    thread.start()
    yield lambda data: "ftp://{}:{}".format(*server.address) + "/" + on_disk(data, tmp_path)[-4:]
    stopping.set()
    thread.join()
    server.close_all()


URLS = {
    "memory": lambda data, folder: in_memory(data, folder),
    "file": lambda data, folder: f"file://{on_disk(data, folder)}",
    "local": lambda data, folder: f"local://{on_disk(data, folder)}",
    "zip": lambda data, folder: f"zip://folder/file::{zipped(data, folder)}",
    "zip-stored": lambda data, folder: f"zip://folder/file::{zipped(data, folder, 0)}",
    "zip-file": lambda data, folder: f"zip://folder/file::file://{zipped(data, folder)}",
    "zip-memory": lambda data, folder: f"zip://folder/file::{zipped_in_memory(data, folder)}",
    "tar": lambda data, folder: f"tar://folder/file::{tarred(data, folder)}",
    "tar-gz": lambda data, folder: f"tar://folder/file::{tarred(data, folder, 'a.tar.gz', 'w:gz')}",
    "tar-xz": lambda data, folder: f"tar://folder/file::{tarred(data, folder, 'a.tar.xz', 'w:xz')}",
    "libarchive": archived,
    "git": committed,
    "simplecache": lambda data, folder: f"simplecache::{in_memory(data, folder)}",
    "filecache": lambda data, folder: f"filecache::{in_memory(data, folder)}",
    "blockcache": lambda data, folder: f"blockcache::file://{on_disk(data, folder)}",
    "cached": lambda data, folder: f"cached::file://{on_disk(data, folder)}",
    "cached-zip": lambda data, folder: f"simplecache::zip://folder/file::{zipped(data, folder)}",
    "zip-cached": lambda data, folder: (
        f"zip://folder/file::simplecache::{zipped_in_memory(data, folder)}"
    ),
    "dir": lambda data, folder: f"dir://file::{os.path.dirname(in_memory(data, folder))}",
    "asyncwrapper": lambda data, folder: f"asyncwrapper::{in_memory(data, folder)}",
    "async_wrapper": lambda data, folder: f"async_wrapper::{in_memory(data, folder)}",
    "data": lambda data, folder: data_url(data),
    "data-slashes": lambda data, folder: data_url(data, "data://"),
    "reference": lambda data, folder: reference([in_memory(data, folder)], folder),
    "reference-part": lambda data, folder: reference(
        [in_memory(b"before" + data + b"after", folder), 6, len(data)], folder
    ),
    "reference-base64": lambda data, folder: reference(
        "base64:" + base64.b64encode(data).decode(), folder
    ),
}


def check(url, data, oracle):
    """The file is read right in every way, here and after pickling."""
    raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    rows = np.frombuffer(raw[8 + 4 * (raw[3] - 1) :], ">i2").reshape(oracle.read(raw)[1])
    oracle.check(idxfast.load(url), data)
    assert idxfast.read_header(url).shape == rows.shape
    with idxfast.open(url) as file:
        assert (file[:] == rows).all()
        assert (file[[4, 1, 1]] == rows[[4, 1, 1]]).all()
        copy = pickle.loads(pickle.dumps(file))
        assert (copy[3] == rows[3]).all()
        assert (copy.name, copy.shape) == (file.name, file.shape)
        copy.verify()
    assert (copy[2] == rows[2]).all()


# fsspec's caches of blocks leave their files to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*FileIO")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("kind", URLS)
def test_each_file_system(kind, content, packed, oracle, tmp_path):
    if IS_OLD and kind in FAULTY:
        pytest.skip("needs a newer fsspec")
    data = packed(content)
    check(URLS[kind](data, tmp_path), data, oracle)


def test_a_larger_file(oracle, tmp_path):
    """Larger than what is read at first."""
    data = oracle.pack(0x0B, (300, 500))
    for kind in ("memory", "file", "zip", "simplecache", "dir", "reference", "reference-base64"):
        if IS_OLD and kind in FAULTY:
            continue
        check(URLS[kind](data, tmp_path), data, oracle)


def test_ftp(ftp, content, packed, oracle):
    data = packed(content)
    check(ftp(data), data, oracle)


@pytest.mark.skipif(IS_OLD, reason="needs a newer fsspec")
def test_no_file_system_of_fsspec_is_forgotten():
    from fsspec.registry import known_implementations

    shipped = {
        name
        for name, known in known_implementations.items()
        if known["class"].startswith("fsspec.")
    }
    left_out = {name for names in LEFT_OUT.values() for name in names.split()}
    assert shipped == left_out | {"http", "https", "ftp"} | {
        name for name in URLS if name in shipped
    }


def test_relative_paths(content, oracle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    zipped(content, tmp_path)
    on_disk(content, tmp_path)
    for url in ("zip://folder/file::a.zip", "file://file", "local://file"):
        check(url, content, oracle)


def test_a_file_url_is_a_path(content, oracle, tmp_path):
    url = f"file://{on_disk(content, tmp_path)}"
    oracle.check(idxfast.load(url, mmap_mode="r").astype("=i2").copy(), content)
    with idxfast.open(url) as file:
        assert (file.name, file.container) == (str(tmp_path / "file"), "raw")


def test_parts_of_archives_are_not_requested_one_by_one(content, tmp_path):
    with idxfast.open(URLS["zip-memory"](content, tmp_path)) as file:
        assert file.container == "memory"
        fsspec.filesystem("memory").rm(f"{tmp_path}/file")
        assert file[3].shape == (20,)


def test_a_member_that_unpacks_to_too_much(oracle, tmp_path):
    data = oracle.pack(0x08, (1000, 1000), bytes(1_000_000))
    url = f"zip://folder/file::{zipped(data, tmp_path)}"
    with pytest.raises(idxfast.SizeError, match="cache_bytes"):
        idxfast.open(url, cache_bytes=100_000)
    with pytest.raises(idxfast.SizeError, match="max_bytes"):
        idxfast.load(url, max_bytes=100_000)


def test_a_pickle_of_another_version_is_refused(content, oracle, tmp_path):
    for kind in ("memory", "zip"):
        with idxfast.open(URLS[kind](content, tmp_path)) as file:
            copy = pickle.loads(pickle.dumps(file))
        URLS[kind](content[:-1] + b"x", tmp_path)
        with pytest.raises(idxfast.IdxError, match="replaced or written to"):
            copy[0]


def test_a_file_that_has_gone_is_named(content, tmp_path):
    url = URLS["memory"](content, tmp_path)
    with idxfast.open(url) as file:
        copy = pickle.loads(pickle.dumps(file))
    fsspec.filesystem("memory").rm(f"{tmp_path}/file")
    with pytest.raises(FileNotFoundError) as caught:
        copy[0]
    assert caught.value.filename == url


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://{}/none", FileNotFoundError),
        ("zip://none::{}/a.zip", idxfast.IdxError),
        ("zip://folder/file::{}/none.zip", FileNotFoundError),
        ("tar://folder/file::{}/none.tar", FileNotFoundError),
        ("file://{}/none", FileNotFoundError),
        ("memory://{}", IsADirectoryError),
        ("file://{}", IsADirectoryError),
        ("zip://folder/file::file://{}/file", idxfast.IdxError),
        ("tar://folder/file::file://{}/file", idxfast.IdxError),
        ("nothing://file", ValueError),
    ],
)
def test_what_cannot_be_opened(url, kind, content, tmp_path):
    in_memory(content, tmp_path)
    zipped(content, tmp_path)
    on_disk(content, tmp_path)
    url = url.format(tmp_path)
    for read in (idxfast.load, idxfast.open, idxfast.read_header):
        with pytest.raises(kind) as caught:
            read(url)
        assert str(tmp_path) in str(caught.value) or "://" in str(caught.value)


@pytest.mark.parametrize("damage", ["checksum", "cut"])
def test_damaged_archives(damage, oracle, tmp_path):
    data = oracle.pack(0x08, (5000,), np.random.default_rng(1).bytes(5000))
    with open(zipped(data, tmp_path), "rb") as file:
        packed = file.read()
    packed = packed[:3000] if damage == "cut" else packed[:1000] + b"damage" + packed[1006:]
    with pytest.raises(idxfast.IdxError) as caught:
        idxfast.load(f"zip://folder/file::{in_memory(packed, tmp_path)}")
    assert caught.value.part == "container"
    assert "archive is damaged" in str(caught.value)


def test_the_file_is_closed_and_its_file_system_kept(content, tmp_path):
    """An archive closes its file when nobody refers to it any more."""
    source = open_source(URLS["zip-memory"](content, tmp_path))
    with source:
        assert source.read(len(content)) == content
    with pytest.raises(ValueError, match="closed"):
        source.read(1)


@pytest.mark.parametrize(
    ("package", "url", "extra"),
    [
        ("fsspec", "memory://file", "fsspec"),
        ("aiohttp", "https://example.org/file", "http"),
        ("s3fs", "s3://bucket/file", "s3"),
    ],
)
def test_a_missing_package(package, url, extra, run_child):
    """In a child, because fsspec remembers what it has imported."""
    code = (
        f"import sys; sys.modules[{package!r}] = None; import idxfast\n"
        f"try: idxfast.load({url!r})\n"
        "except ImportError as error: print(error)"
    )
    said = " ".join(run_child(code))
    assert said == f"{url}: this URL needs {package}: pip install 'idxfast[{extra}]'"
