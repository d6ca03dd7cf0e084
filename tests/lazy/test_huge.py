"""Files of many GiB are opened at once and read in parts, within little memory."""

import os
import struct
import sys
import zlib

import numpy as np
import pytest

import idxfast

MIB = 1 << 20
# More than 32 bits can count, in rows of 1 MiB.
ROWS = 4200

# Prints by how many MiB the most that was resident grew while files were read.
CHILD = """
import sys, numpy, idxfast

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) >> 10

path, cache_bytes = sys.argv[1], int(sys.argv[2])
with idxfast.open(path, cache_bytes=cache_bytes) as file:
    file[0, :3]
    before = peak()
    exec(sys.argv[3])
print(peak() - before)
"""


def test_a_sparse_raw_file_of_100_gb(tmp_path):
    count = 127_551_020
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(struct.pack(">HBBIII", 0, 8, 3, count, 28, 28))
        for value, row in enumerate((0, count // 2, count - 1), 1):
            try:
                file.seek(16 + 784 * row)
                file.write(bytes([value]) * 784)
            except OSError:
                pytest.skip("no sparse files of this size here")
    if path.stat().st_blocks * 512 > 1 << 30:
        pytest.skip("this file system has no sparse files")
    with idxfast.open(path) as file:
        assert file.nbytes > 99 * 10**9
        assert (file[0] == 1).all() and (file[-1] == 3).all()
        assert (file[count // 2] == 2).all()
        assert file[[count - 1, 5, 0], 3, 3].tolist() == [3, 0, 1]
        assert file[:: count - 1, 14, 14].tolist() == [1, 3]
        assert file.read(count - 2, count).max(axis=(1, 2)).tolist() == [0, 3]
        batch = next(file.batches(4, rank=7, world_size=8))
        assert batch.shape == (4, 28, 28)
        assert not batch.any()
    assert (idxfast.load(path, start=count - 1) == 3).all()


@pytest.fixture(scope="module")
def huge(tmp_path_factory):
    """One gzip member of 4,200 MiB; each MiB but the first and the last is the same piece."""
    noise = np.random.default_rng(1).integers(0, 256, 3000, np.uint8).tobytes()
    rows = [bytes([value]) + noise + bytes(MIB - 1 - len(noise)) for value in (1, 2, 3)]
    header = struct.pack(">HBBII", 0, 8, 2, ROWS, MIB)

    def pack(data):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)

    path = tmp_path_factory.mktemp("huge") / "file.gz"
    first, middle, last = (pack(row) for row in rows)
    crc = zlib.crc32(header + rows[0])
    for _ in range(ROWS - 2):
        crc = zlib.crc32(rows[1], crc)
    crc = zlib.crc32(rows[2], crc)
    with path.open("wb") as file:
        file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + pack(header) + first)
        file.write(middle * (ROWS - 2))
        file.write(last + b"\3\0" + struct.pack("<II", crc, (len(header) + ROWS * MIB) % (1 << 32)))
    return path


def test_a_gzip_file_of_over_4_gib(huge):
    with idxfast.open(huge, cache_bytes=8 << 20) as file:
        assert file.nbytes > 1 << 32
        # One pass serves this request, and makes the points for the others.
        column = file[:, 0]
        assert column[0] == 1 and column[-1] == 3 and (column[1:-1] == 2).all()
        noise = file[0, 1:3001]
        for row, value in ((ROWS - 1, 3), (4096, 2), (4095, 2), (-2, 2)):
            found = file[row]
            assert found[0] == value and not found[3001:].any()
            assert (found[1:3001] == noise).all()
    assert idxfast.load(huge, stop=2)[:, 0].tolist() == [1, 2]


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's account of the memory")
def test_memory_over_4_gib_of_gzip(huge, run_child):
    code = "assert file[4100:, :4].shape == (100, 4); file[17]"
    (grown,) = run_child(CHILD, huge, 8 << 20, code)
    assert int(grown) < 200


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's account of the memory")
def test_memory_over_500_mb_of_raw_reads(tmp_path, run_child):
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(struct.pack(">HBBIII", 0, 8, 3, 700_000, 28, 28))
        os.truncate(path, 16 + 700_000 * 784)
    code = "for start in range(0, 700_000, 256): assert not file[start : start + 256].any()"
    (grown,) = run_child(CHILD, path, 0, code)
    assert int(grown) <= 16
