"""save and dumps, read back by gzip and struct."""

import gzip
import io
import os
import struct

import numpy as np
import pytest

import idxfast

GOLDEN = {
    "u1": "00000801000000020102",
    "i1": "000009010000000201fe",
    "i2": "00000b01000000020001fffe",
    "i4": "00000c010000000200000001fffffffe",
    "f4": "00000d01000000023f800000c0000000",
    "f8": "00000e01000000023ff0000000000000c000000000000000",
}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", GOLDEN)
def test_golden_bytes(dtype, order):
    array = np.array([1, 2 if dtype == "u1" else -2]).astype(order + dtype)
    assert idxfast.dumps(array).hex() == GOLDEN[dtype]
    assert gzip.decompress(idxfast.dumps(array, compresslevel=6)).hex() == GOLDEN[dtype]


def layouts():
    base = np.arange(2 * 3 * 70_000, dtype=np.int32).reshape(2, 3, -1)
    yield from (base, base.T, np.asfortranarray(base), base[:, ::-1, ::3], base.astype(">i4"))
    yield from (np.broadcast_to(base[0], (2, *base[0].shape)), base[0, 0, 0], base[:0])
    yield base[0, 0].astype(">i4")[::-1]
    yield np.array([0x7FF0000000000001, 0x8000000000000000, 1], np.uint64).view(np.float64)
    yield np.array([0x7F800001, 0xFFC12345, 1], np.uint32).view(np.float32)[::-1]


@pytest.mark.parametrize("array", [*layouts()])
def test_every_layout(array, tmp_path):
    big = np.ascontiguousarray(array).view(f"u{array.itemsize}")
    if array.dtype != array.dtype.newbyteorder(">"):
        big = big.byteswap()
    expected = idxfast.dumps(array)[: 4 + 4 * np.ndim(array)] + big.tobytes()
    idxfast.save(tmp_path / "raw", array)
    assert (tmp_path / "raw").read_bytes() == expected == idxfast.dumps(array)
    for seekable in (False, True):
        idxfast.save(tmp_path / "packed.gz", array, compresslevel=1, seekable=seekable)
        assert gzip.decompress((tmp_path / "packed.gz").read_bytes()) == expected


@pytest.mark.parametrize(
    ("dtype", "nearest"),
    [("?", "uint8"), ("u2", "uint8"), ("u4", "uint8"), ("i8", "uint8"), ("f2", "float32"),
     ("c8", "it has"), ("O", "it has"), ("U1", "it has")],
)  # fmt: skip
def test_other_types_name_the_smallest_that_holds_the_values(dtype, nearest, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=nearest):
        idxfast.save(path, np.zeros(2, dtype))
    with pytest.raises(TypeError, match="mask"):
        idxfast.save(path, np.ma.zeros(2, np.uint8))
    with pytest.raises(idxfast.SizeError):
        idxfast.save(path, np.empty((1 << 32, 0), np.uint8))
    with pytest.raises(ValueError, match=r"\.gz"):
        idxfast.save(path, np.zeros(2, np.uint8), compresslevel=6)
    assert path.read_bytes() == b"old"


class Masked:
    def __array__(self, dtype=None, copy=None):
        return np.ma.zeros(2, np.uint8)


@pytest.mark.parametrize(
    "data", [Masked(), [np.ma.zeros(2, np.uint8)], (np.zeros(2), np.ma.zeros(2))]
)
def test_masks_are_not_dropped(data):
    with pytest.raises(TypeError, match="IDX has no masks"):
        idxfast.dumps(data)


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="numpy 2 has it")
def test_strings_of_any_length_are_another_type():
    with pytest.raises(TypeError, match="IDX has no type for StringDType"):
        idxfast.dumps(np.array(["a"], np.dtypes.StringDType()))


class One:
    def __index__(self):
        return 1


def test_levels_and_determinism(tmp_path):
    array = np.arange(100_000, dtype=np.int16)
    for level in range(13):
        data = idxfast.dumps(array, compresslevel=level)
        assert gzip.decompress(data) == idxfast.dumps(array)
        assert data == idxfast.dumps(array, compresslevel=level)
        assert data[3:8] == bytes(5)  # no name, no time
    path = tmp_path / "missing" / "file.gz"
    for level in (-1, 13, 1 << 40):
        with pytest.raises(ValueError, match=f"compresslevel is {level}, not 0 to 12"):
            idxfast.dumps(array, compresslevel=level)
        with pytest.raises(ValueError, match=f"compresslevel is {level}, not 0 to 12"):
            idxfast.save(path, array, compresslevel=level)


@pytest.mark.parametrize("option", [{"compresslevel": 6.0}, {"threads": 2.0}, {"threads": 2.5}])
def test_a_number_that_is_not_whole(option, tmp_path):
    array = np.zeros(3, np.uint8)
    call = idxfast.dumps if "compresslevel" in option else idxfast.loads
    with pytest.raises(TypeError, match="integer"):
        idxfast.save(tmp_path / "file.gz", array, **option)
    with pytest.raises(TypeError, match="integer"):
        call(array, **option)


@pytest.mark.parametrize("one", [1, np.int64(1), np.uint8(1), True, One()])
def test_a_whole_number_of_any_type(one, tmp_path):
    array = np.zeros(3, np.uint8)
    idxfast.save(tmp_path / "file.gz", array, compresslevel=one, threads=one)
    assert gzip.decompress(idxfast.dumps(array, compresslevel=one)) == idxfast.dumps(array)
    assert idxfast.load(tmp_path / "file.gz", threads=one).tolist() == [0, 0, 0]


def test_blocks_are_bgzf():
    array = np.random.default_rng(1).integers(0, 256, 300_000, np.uint8)
    file = io.BytesIO()
    idxfast.save(file, array, seekable=True)
    data = file.getvalue()
    at, sizes = 0, []
    while at < len(data):
        assert data[at : at + 4] == b"\x1f\x8b\x08\x04"
        assert data[at + 12 : at + 16] == b"BC\x02\x00"
        size = struct.unpack_from("<H", data, at + 16)[0] + 1
        block = data[at : at + size]
        sizes.append(len(gzip.decompress(block)))
        # A table has another field.
        assert (data[at + 10 : at + 12] == b"\x06\x00") == (len(sizes) != 7)
        at += size
    assert sizes == [8, 65_280, 65_280, 65_280, 65_280, 38_880, 0, 0]
    assert block.hex() == "1f8b08040000000000ff0600424302001b0003000000000000000000"
    assert np.array_equal(idxfast.loads(data), array)


def test_saving_over_the_mapped_file(tmp_path):
    path = tmp_path / "file"
    idxfast.save(path, np.arange(10_000, dtype=np.int32))
    mapped = idxfast.load(path, mmap_mode="r")
    idxfast.save(path, mapped[::-1])
    assert np.array_equal(idxfast.load(path), np.arange(10_000)[::-1])
    assert mapped[1] == 1


@pytest.mark.parametrize("kind", ["raw", "gz", "seekable"])
@pytest.mark.parametrize("level", [None, 0, 1, 9])
def test_threads_make_no_difference(kind, level, tmp_path):
    array = np.arange(300_000, dtype=np.int16)
    path = tmp_path / ("file" if kind == "raw" else "file.gz")
    level = None if kind == "raw" else level
    files = set()
    for threads in (None, 1, 2, 3, 8):
        idxfast.save(path, array, compresslevel=level, seekable=kind == "seekable", threads=threads)
        files.add(path.read_bytes())
        assert np.array_equal(idxfast.load(path), array)
    assert len(files) == 1
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="threads is"):
            idxfast.save(path, array, threads=wrong)


@pytest.mark.parametrize("name", ["memory://idxfast/saved", "memory://idxfast/saved.gz"])
def test_a_url_is_refused_and_works_as_the_error_says(name, tmp_path, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "memory:" / "idxfast").mkdir(parents=True)
    array = np.arange(300_000, dtype=np.int16)
    for url in (name, os.fsencode(name)):
        with pytest.raises(
            ValueError, match=r"give compresslevel.* with fsspec\.open\(url, 'wb'\)"
        ):
            idxfast.save(url, array)
    assert list(tmp_path.rglob("saved*")) == []
    for options in ({}, {"compresslevel": 6}, {"seekable": True}):
        with fsspec.open(name, "wb") as file:
            idxfast.save(file, array, **options)
        assert np.array_equal(idxfast.load(name), array)


def test_no_more_of_numpy_is_imported(tmp_path, run_child):
    """An import meanwhile could be cut in two by a fork of another thread."""
    code = (
        "import sys, numpy, idxfast\n"
        "before = set(sys.modules)\n"
        "idxfast.save(sys.argv[1], numpy.ones(3, numpy.uint8))\n"
        "print(*sorted(n for n in set(sys.modules) - before if n.startswith('numpy')))\n"
    )
    assert run_child(code, tmp_path / "file") == []
