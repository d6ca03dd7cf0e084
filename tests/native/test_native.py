"""What all compiled modules have in common: buffers are released, memory is freed, builds are named."""

import gzip
import mmap
import os
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from idxfast.native import buffers, deflate, files, inflate


def decode(stream, out):
    return inflate.Inflater().decode(stream, 0, out, 0)[0]


def decode_and_copy(stream, out):
    symbols = inflate.Symbols(1 << 20, 1 << 17)
    inflate.Inflater().decode_symbols(stream, 0, symbols)
    return symbols.copy(out, 0)


def test_buffers_are_let_go():
    data = bytes(range(256))
    packed = bytearray(gzip.compress(data, mtime=0))
    out = bytearray(1000)
    stream, bad = packed[10:-8], bytearray(b"\7" + bytes(20))
    calls = (
        *((call, data, out) for call in (decode, decode_and_copy) for data in (stream, bad)),
        (inflate.decode_member, packed, 1000),
        (inflate.decode_member, packed, 1),
        (inflate.find_bgzf_blocks, packed, 0, 5, 1, 1),
        (inflate.decode_members, packed, 0, len(packed), out, 0),
        (inflate.find_block, packed, 0, 99),
        (deflate.crc32, packed),
        (buffers.swap, out, 4),
        (buffers.address, out),
        (buffers.fill, out[:3], packed, 0),
    )
    for call, *arguments in calls:
        call(*arguments)
        for argument in arguments:
            if isinstance(argument, bytearray):
                argument += bytes(4)
                del argument[-4:]


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc")
def test_no_memory_is_lost():
    """A decoder takes 11 KB, and what it decodes many symbols with is larger."""
    packed = gzip.compress(b"1")
    content = np.random.default_rng(3).integers(0, 16, 100_000, np.uint8).tobytes()
    stream = gzip.compress(content)[10:]
    calls = (
        (decode, stream, bytearray(content)),
        (decode_and_copy, stream, bytearray(content)),
        (inflate.decode_member, packed, 1),
        (inflate.decode_members, packed, 0, len(packed), bytearray(1), 0),
    )
    for call, *arguments in calls:
        call(*arguments)
        before = int(Path("/proc/self/statm").read_text().split()[1])
        for _ in range(2000):
            call(*arguments)
        after = int(Path("/proc/self/statm").read_text().split()[1])
        assert (after - before) * mmap.PAGESIZE < 4 << 20


def test_one_build_for_all_versions():
    """A CPython with a limited API has extensions that later ones can load, too."""
    if os.name != "posix" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("here the name of an extension does not tell")
    for module in (buffers, deflate, files, inflate):
        assert Path(module.__file__).name == f"{module.__name__.rpartition('.')[2]}.abi3.so"
