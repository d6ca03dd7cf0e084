"""Options, an oracle that shares no code with idxfast, children, and mirrors on this machine.

All are plain Python over the standard library.
"""

import gzip
import http.server
import math
import re
import struct
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest


def pytest_addoption(parser):
    parser.addoption("--faults", action="store_true", help="each fault hundreds of times")


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
    """A mirror of data sets, which fetching may use though it does not speak https."""
    with _Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setattr("idxfast.datasets.transfer.TEST_SERVERS", (server.address,))
        monkeypatch.setattr("idxfast.datasets.fetching.PAUSE", 0.0)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("IDXFAST_OFFLINE", raising=False)
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join()
