"""Options; an oracle that shares no code with idxfast; children; threads; mirrors of data sets.

All are plain Python over the standard library.
"""

import _thread
import contextlib
import ctypes
import gzip
import hashlib
import http.server
import importlib.util
import math
import mmap
import re
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run; `--hypothesis-profile=thorough` looks for new ones.
settings.register_profile("quick", derandomize=True, database=None, deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile("quick")


def pytest_addoption(parser):
    parser.addoption("--huge", action="store_true", help="also files over 4 GiB")
    parser.addoption("--faults", action="store_true", help="each fault hundreds of times")
    parser.addoption("--corpus-seed", type=int, default=1, help="another corpus of files")


def pytest_configure(config):
    config.addinivalue_line("markers", "huge: needs 6 GB of memory; runs with --huge")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--huge"):
        skip = pytest.mark.skip(reason="needs --huge")
        for item in items:
            if "huge" in item.keywords:
                item.add_marker(skip)


ROOT = Path(__file__).parents[1]


# Code of the type: numpy's name, bytes in an element.
TYPES = {
    0x08: ("uint8", 1),
    0x09: ("int8", 1),
    0x0B: ("int16", 2),
    0x0C: ("int32", 4),
    0x0D: ("float32", 4),
    0x0E: ("float64", 8),
}


def _pack(code, shape, payload=None):
    """An IDX file; without a payload, one that uses every byte value."""
    size = TYPES[code][1] * math.prod(shape)
    if payload is None:
        payload = bytes((7 * i + i // 256 + 1) % 256 for i in range(size))
    assert len(payload) == size
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape) + payload


def _read(data):
    """Type, shape and bytes in native order of an IDX file, raw or gzip."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    code, ndim = data[2], data[3]
    shape = struct.unpack(f">{ndim}I", data[4 : 4 + 4 * ndim])
    payload = data[4 + 4 * ndim :]
    name, itemsize = TYPES[code]
    assert data[:2] == b"\0\0"
    assert len(payload) == itemsize * math.prod(shape)
    if sys.byteorder == "little":
        native = bytearray(len(payload))
        for i in range(itemsize):
            native[i::itemsize] = payload[itemsize - 1 - i :: itemsize]
        payload = bytes(native)
    return name, shape, payload


def _check(array, data):
    """The array is that of the file, in native byte order, C-contiguous and writable."""
    name, shape, payload = _read(data)
    assert array.dtype.name == name
    assert array.dtype.isnative
    assert array.shape == shape
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.tobytes() == payload


@pytest.fixture(scope="session")
def oracle():
    return SimpleNamespace(types=TYPES, pack=_pack, read=_read, check=_check)


@pytest.fixture
def rounds(request):
    """How often to let a fault happen: a few times, or, with --faults, 200."""
    return 200 if request.config.getoption("--faults") else 8


@pytest.fixture
def run_child():
    """Run code in a child; return the words that it prints. It is killed after so many seconds."""

    def run(code, *arguments, before=(), timeout=60, **options):
        command = [*before, sys.executable, "-P", "-c", code, *map(str, arguments)]
        child = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)
        assert child.returncode == 0, child.stderr
        assert not child.stderr
        return child.stdout.split()

    return run


class _Mirror(http.server.ThreadingHTTPServer):
    """Serves `files`; `faults` of a path, functions of (handler, content), come first, in order."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {}
        self.faults = {}
        self.requests = []  # paths, each with the header Range
        self.stopping = threading.Event()
        self.address = f"127.0.0.1:{self.server_port}"
        self.url = f"http://{self.address}/"

    def handle_error(self, request, client_address):
        """A client that hangs up is what many tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.lstrip("/")
        self.server.requests.append((path, self.headers["Range"]))
        faults = self.server.faults.get(path)
        if faults:
            faults.pop(0)(self, self.server.files.get(path))
        elif path in self.server.files:
            self.give(self.server.files[path])
        else:
            self.send_error(404)

    def give(self, content, **headers):
        """The content, or the range of it that was asked for."""
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "bytes=0-")[1])
        if start >= len(content):
            self.send_error(416)
            return
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.head(206 if start else 200, len(content) - start, **headers)
        self.wfile.write(content[start:])

    def head(self, status, length, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(monkeypatch):
    """A mirror of data sets, which fetching takes for one that speaks https."""
    from idxfast.datasets import transfer

    check_url = transfer.check_url
    with _Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        secure = f"https://{server.address}/"
        monkeypatch.setattr(
            transfer, "check_url", lambda url, by: check_url(url.replace(server.url, secure), by)
        )
        monkeypatch.setattr("idxfast.datasets.parts.PAUSE", 0.0)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("IDXFAST_OFFLINE", raising=False)
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def publish(mirror, monkeypatch):
    """Put files of uint8, by name, on the mirror, as a set of the catalogue or in EMNIST's way."""
    from idxfast.datasets import catalogue
    from idxfast.format import Header

    def sha256(data):
        return "sha256:" + hashlib.sha256(data).hexdigest()

    def publish(name, packed, archive=None):
        files = []
        for filename, data in packed.items():
            raw = gzip.decompress(data)
            header = Header(np.dtype("u1"), _read(raw)[1])
            files.append(catalogue.File(filename, header, len(data), sha256(data), sha256(raw)))
        mirrors = (f"{mirror.url}{name}/",)
        if archive is None:
            mirror.files |= {f"{name}/{filename}": data for filename, data in packed.items()}
        else:
            mirror.files[f"{name}/gzip.zip"] = archive
            file = catalogue.File("gzip.zip", None, len(archive), sha256(archive))
            archive, mirrors = catalogue.Archive("archive", file, mirrors), ()
        dataset = catalogue.Dataset(name, "", tuple(files), mirrors, archive, {}, None)
        monkeypatch.setitem(catalogue.datasets(), name, dataset)

    return publish


@pytest.fixture(scope="session")
def published():
    """A folder of real files, packed as published, beside the repository."""
    folder = ROOT.parent / "shared" / "data" / "fashion-mnist"
    if not folder.is_dir():
        pytest.skip("no published files beside the repository")
    return folder


@pytest.fixture(scope="session")
def family(tmp_path_factory):
    """The four files of a small set, in folders `raw` and `packed`, and the arrays in them."""
    root = tmp_path_factory.mktemp("family")
    random = np.random.default_rng(5)
    arrays = {}
    for kind, count in (("train", 7), ("t10k", 3)):
        arrays[kind] = (
            random.integers(0, 256, (count, 4, 5), np.uint8),
            random.integers(0, 10, count, np.uint8),
        )
        for what, array in zip(("images-idx3", "labels-idx1"), arrays[kind], strict=True):
            content = _pack(0x08, array.shape, array.tobytes())
            for folder, data in (("raw", content), ("packed", gzip.compress(content))):
                (root / folder).mkdir(exist_ok=True)
                suffix = ".gz" if folder == "packed" else ""
                (root / folder / f"{kind}-{what}-ubyte{suffix}").write_bytes(data)
    return SimpleNamespace(raw=root / "raw", packed=root / "packed", **arrays)


@pytest.fixture(scope="session")
def python_mnist():
    """The package python-mnist; mnist has its import name, so it stands in a folder of its own."""
    if not (ROOT / "benchmarks" / ".cache" / "python-mnist").is_dir():
        pytest.skip("python-mnist is not in benchmarks/.cache: see benchmarks/python_mnist.py")
    path = ROOT / "benchmarks" / "python_mnist.py"
    spec = importlib.util.spec_from_file_location("python_mnist_in_its_folder", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def emnist_package(monkeypatch):
    """The package emnist, which wants arrays of one number to be numbers, as before numpy 2.4."""
    module = pytest.importorskip("emnist")
    monkeypatch.setattr(module, "int", lambda array: array.item(), raising=False)
    return module


@pytest.fixture
def no_download(monkeypatch):
    """What was asked of `idxfast.datasets.fetch`, which answers with the folder it was given.

    And of `load`, which finds nothing.
    """
    asked = []

    def fetch(name, directory=None):
        asked.append((name, directory))
        return directory

    def load(name, kind, directory=None, **options):
        fetch(name, directory)
        raise FileNotFoundError(f"{name}: nothing of kind {kind}")

    monkeypatch.setattr("idxfast.datasets.fetch", fetch, raising=False)
    monkeypatch.setattr("idxfast.datasets.load", load, raising=False)
    return asked


def _same(ours, theirs):
    """Equal values, types and shapes, bit for bit, down to the items of tuples and lists."""
    if isinstance(theirs, tuple):
        assert len(ours) == len(theirs)
        for pair in zip(ours, theirs, strict=True):
            _same(*pair)
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes()
    else:
        assert type(ours) is type(theirs)
        assert ours == theirs


@pytest.fixture(scope="session")
def same():
    return _same


@pytest.fixture(params=["raw", "gzip"])
def packed(request):
    return gzip.compress if request.param == "gzip" else bytes


@pytest.fixture
def swapping(tmp_path_factory):
    """While it is entered, a thread puts one content after another in a file's place.

    By another file of its name, and then into the file itself, as its owner may.
    """

    @contextlib.contextmanager
    def swapping(path, *contents):
        other = tmp_path_factory.mktemp("swapping") / "other"
        is_over = threading.Event()

        def work():
            while not is_over.is_set():
                for content in contents:
                    other.write_bytes(content)
                    other.replace(path)
                    time.sleep(0.0005)
                for content in contents:
                    if path.stat().st_size == len(content):
                        with path.open("r+b") as file:
                            file.write(content)
                    time.sleep(0.0005)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    return swapping


@pytest.fixture
def no_thread_is_left():
    """Call it to be sure; a thread that was interrupted while it started needs a moment to end."""
    before = _thread._count()

    def check():
        deadline = time.monotonic() + 10
        while _thread._count() > before:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    return check


@pytest.fixture
def at_the_end():
    """Put bytes where whoever reads one byte more is killed."""
    if sys.platform != "linux":
        pytest.skip("needs Linux's mprotect")
    end = 16 * mmap.PAGESIZE
    memory = mmap.mmap(-1, end + mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None).mprotect
    assert not protect(ctypes.c_void_p(address + end), ctypes.c_size_t(mmap.PAGESIZE), 0)

    def put(data):
        view = memoryview(memory)[end - len(data) : end]
        view[:] = data
        return view

    return put
