"""Files as published, packing, files that change, and memory that ends at a file's end."""

import contextlib
import ctypes
import gzip
import mmap
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def published():
    """A folder of real files, packed as published, beside the repository."""
    folder = ROOT.parent / "shared" / "data" / "fashion-mnist"
    if not folder.is_dir():
        pytest.skip("no published files beside the repository")
    return folder


@pytest.fixture(params=["raw", "gzip"])
def packed(request):
    return gzip.compress if request.param == "gzip" else bytes


@pytest.fixture
def swapping(tmp_path_factory):
    """In the ``with`` block of its result, a thread replaces a file's content again and again.

    Each time, another file takes the name, and then its owner writes to the file itself.
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
def at_the_end():
    """Put bytes at the end of the process's memory, where reading one byte more kills it."""
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
