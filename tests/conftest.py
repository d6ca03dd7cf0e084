"""Options; an oracle that shares no code with idxfast; children and threads.

All are plain Python over the standard library.
"""

import _thread
import gzip
import io
import math
import signal
import struct
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from hypothesis import settings

pytest_plugins = ["files.fixtures", "mirrors.fixtures", "mirrors.buckets"]

# The same examples in every run; `--hypothesis-profile=thorough` looks for new ones.
settings.register_profile("quick", derandomize=True, database=None, deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile("quick")


def pytest_addoption(parser):
    parser.addoption("--huge", action="store_true", help="also files over 4 GiB")
    parser.addoption("--faults", action="store_true", help="each fault hundreds of times")
    parser.addoption("--corpus-seed", type=int, default=1, help="another corpus of files")


def pytest_make_parametrize_id(config, val):
    """Name long bytes by their size: a time stamp in them would give each run other names."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 16 else None


def pytest_configure(config):
    config.addinivalue_line("markers", "huge: needs 6 GB of memory; runs with --huge")
    # Tests interrupt themselves and their children, which inherit what a parent ignores. Shells
    # start commands in the background with Ctrl-C ignored.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--huge"):
        skip = pytest.mark.skip(reason="needs --huge")
        for item in items:
            if "huge" in item.keywords:
                item.add_marker(skip)


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
        # gzip.decompress would copy the rest of the file for each member.
        data = gzip.GzipFile(fileobj=io.BytesIO(data)).read()
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


@pytest.fixture(scope="session", autouse=True)
def no_cache_of_the_user(tmp_path_factory):
    """Tests, and the processes that they start, leave the cache of whoever runs them alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IDXFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def rounds(request):
    """How often to let a fault happen: a few times, or, with --faults, 200."""
    return 200 if request.config.getoption("--faults") else 8


@pytest.fixture
def run_child():
    """Run code in a child; return the words that it prints. It is killed after `timeout` seconds."""

    def run(code, *arguments, before=(), timeout=300, **options):
        command = [*before, sys.executable, "-P", "-c", code, *map(str, arguments)]
        child = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)
        assert child.returncode == 0, child.stderr
        assert not child.stderr
        return child.stdout.split()

    return run


@pytest.fixture
def with_mount():
    """Words to put before a command. It then sees a mount that no other process sees."""

    def words(mount):
        command = ["unshare", "-m", "sh", "-c", mount]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("nothing can be mounted here (unshare -m, mount)")
        return [*command[:-1], f'{mount} && exec "$@"', "sh"]

    return words


@pytest.fixture
def no_thread_is_left():
    """Check that no thread is left. A thread whose start was interrupted needs a moment to end.

    The function takes the number of threads that the test itself has left.
    """
    before = _thread._count()

    def check(own=0):
        deadline = time.monotonic() + 60
        while _thread._count() > before + own:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    return check
