"""Headers of gzip members, members that zlib refuses, and decoders that are kept for the next."""

import gzip
import mmap
import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest

import idxfast
from files.handmade import DISTANCES, FIXED_LITERALS, LITERALS, Deflate, codewords, idx, member
from idxfast.native import inflate
from idxfast.native.inflate import END, Inflater

FIELDS = {"extra": b"x\0y\0z", "name": b"a name", "comment": b"a comment", "header_crc": 0}


def headers():
    """A member header with each set of flags."""
    for flags in range(32):
        given = [
            name for flag, name in ((4, "extra"), (8, "name"), (16, "comment")) if flags & flag
        ]
        given += ["header_crc"] if flags & 2 else []
        fields = {name: FIELDS[name] for name in given}
        yield member(body=b"", flags=flags & 1, other=b"time\2\3", **fields)[:-8]


def by_flags(header):
    return f"flags-{header[3]:05b}"


@pytest.mark.parametrize("header", [*headers()], ids=by_flags)
def test_read_header(at_the_end, header):
    flags = header[3]
    for after in (b"", b"\0", bytes(range(100))):
        data = b"before" + header + after
        assert inflate.read_header(at_the_end(data), 6) == (len(header), inflate.NONE)
    for size in range(len(header)):
        assert inflate.read_header(at_the_end(header[:size]), 0) == (0, inflate.NEEDS_MORE)
    for at, fault in ((0, inflate.NOT_GZIP), (1, inflate.NOT_GZIP), (2, inflate.METHOD)):
        for bit in range(8):
            bad = bytearray(header)
            bad[at] ^= 1 << bit
            assert inflate.read_header(bad, 0) == (0, fault)
            if fault == inflate.NOT_GZIP:
                assert inflate.read_header(bad[: at + 1], 0) == (0, fault)
    for reserved in (0x20, 0x40, 0x80):
        bad = header[:3] + bytes([flags | reserved]) + header[4:]
        assert inflate.read_header(bad, 0) == (0, inflate.FLAGS)
        assert inflate.read_header(bad[:4], 0) == (0, inflate.FLAGS)
    whole = header + member(b"data")[10:]
    assert inflate.decode_member(whole, 4) == gzip.decompress(whole) == b"data"


@pytest.mark.parametrize("header", [header for header in headers() if header[3] & 2], ids=by_flags)
def test_the_checksum_of_a_header(header):
    rest = member(b"data")[10:]
    for bit in range(8 * 4, 8 * len(header)):
        bad = bytearray(header + rest)
        bad[bit // 8] ^= 1 << bit % 8
        size, fault = inflate.read_header(bad, 0)
        # Where a field's end has been changed, the header is another one.
        if fault == inflate.CHECKSUM:
            stored = int.from_bytes(bad[size : size + 2], "little")
            assert stored != zlib.crc32(bad[:size]) & 0xFFFF
        else:
            assert (size, fault) == (0, inflate.NEEDS_MORE)
        if bit < 80 or bit >= 8 * (len(header) - 2):
            assert (size, fault) == (len(header) - 2, inflate.CHECKSUM)
        assert inflate.decode_member(bad, 1000) is None
        assert inflate.decode_members(bad, 0, len(bad), bytearray(99), 0) == (0, 0, 0)


def test_a_start_outside_is_refused():
    for start in (-1, 11):
        with pytest.raises(ValueError, match="outside"):
            inflate.read_header(bytes(10), start)
    for data in (b"", b"\x1f", b"\x1f\x8b"):
        assert inflate.read_header(data, 0) == (0, inflate.NEEDS_MORE)


def test_a_long_name():
    header = member(name=b"n" * (1_000_000), body=b"")[:-8]
    content = idx(8, 3, payload=b"abc")
    data = header + member(content)[10:]
    assert inflate.read_header(data, 0) == (len(header), inflate.NONE)
    assert inflate.decode_member(data, 100) == content
    assert idxfast.loads(data).tobytes() == b"abc"
    with pytest.raises(idxfast.TruncatedError, match="header of gzip member 1"):
        idxfast.loads(header[:-1])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_name_without_an_end_is_not_kept(threads):
    """It could be as long as the file."""
    start = member(idx(8, 3, payload=b"abc"))
    endless = member(name=b"n" * 8_000_000, body=b"")[:-9]
    for file, number, position in ((endless, 1, 0), (start + endless, 2, 11)):
        with pytest.raises(idxfast.GzipError, match=f"member {number} is too long") as caught:
            idxfast.loads(file, threads=threads)
        assert caught.value.offset == len(file) - len(endless)
        assert caught.value.position == position


def symbol_286():
    """A stream with symbol 286, which has no meaning. By its place, it would be a length of 258."""
    code = codewords(FIXED_LITERALS)
    return Deflate().raw("1", "10", code[97], code[286], "00000", code[256])


def other_word_of_a_lone_distance():
    block = Deflate().dynamic([0], True, [2] + [0] * 255 + [2, 1], [1])
    block.bits = block.bits.removesuffix("11")
    return block.raw("0", "1", "11")


# What libdeflate decodes, to these bytes, and zlib refuses.
LENIENT = {
    "287 literals": (Deflate().dynamic([97], True, [*LITERALS, 0]), b"a"),
    "31 distances": (Deflate().dynamic([97], True, LITERALS, [*DISTANCES, 0]), b"a"),
    "symbol 286": (symbol_286(), b"a" * 259),
    "lone distance": (other_word_of_a_lone_distance(), bytes(4)),
}


@pytest.mark.parametrize("name", LENIENT)
def test_what_zlib_refuses_is_not_decoded(name):
    stream, data = LENIENT[name]
    body = stream.pack()
    with pytest.raises(zlib.error, match=r"invalid|too many"):
        zlib.decompress(body, -15)
    packed = member(data, body=body)
    assert inflate.decode_member(packed, 1000) is None
    good = member(b"good")
    found = inflate.decode_members(good + packed, 0, len(good + packed), bytearray(999), 0)
    assert found == (1, len(good), 4)


def pieces(count):
    """Different data, some large enough for cursors, with their members."""
    for seed in range(count):
        noise = np.random.default_rng(seed).integers(0, 5 + 30 * seed, 20_000 + 5000 * seed)
        data = noise.astype(np.uint8).tobytes()
        yield data, gzip.compress(data, 6, mtime=0)


def test_more_threads_than_decoders_wait():
    made = list(pieces(12))
    faults = []
    barrier = threading.Barrier(len(made))

    def decode(data, packed):
        out = bytearray(2 * len(data) + 1)
        barrier.wait()
        for _ in range(50):
            inflater = Inflater()
            if inflate.decode_member(packed, len(data)) != data:
                faults.append("decode_member")
            if inflate.decode_members(2 * packed, 0, 2 * len(packed), out, 1)[0] != 2:
                faults.append("decode_members")
            if inflater.decode(packed, 80, out, 1)[::2] != (END, len(data) + 1):
                faults.append("Inflater")
            if out[1:] != data + data:
                faults.append("out")

    threads = [threading.Thread(target=decode, args=piece) for piece in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


FORK = """
import gzip, os, threading, warnings
from idxfast.native.inflate import decode_member

warnings.simplefilter("ignore")
data = bytes(range(256)) * 2000
packed = gzip.compress(data)
ends = threading.Event()

def decode():
    while not ends.is_set():
        assert decode_member(packed, len(data)) == data

threads = [threading.Thread(target=decode) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if not child:
        is_right = all(decode_member(packed, len(data)) == data for _ in range(20))
        os._exit(0 if is_right else 1)
    assert os.waitpid(child, 0)[1] == 0
ends.set()
for thread in threads:
    thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_while_threads_decode():
    subprocess.run([sys.executable, "-P", "-c", FORK], check=True, timeout=100)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc")
def test_small_files_leave_no_memory_behind(tmp_path):
    labels = np.random.default_rng(1).integers(0, 10, 10_000, np.uint8)
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(idx(8, 10_000, payload=labels.tobytes())))
    assert (idxfast.load(path) == labels).all()
    before = int(Path("/proc/self/statm").read_text().split()[1])
    for _ in range(10_000):
        idxfast.load(path)
    after = int(Path("/proc/self/statm").read_text().split()[1])
    assert (after - before) * mmap.PAGESIZE < 1 << 20
