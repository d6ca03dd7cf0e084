"""Zstandard: frames, levels, checksums, damage."""

import sys

import pytest

import idxfast
from idxfast import FormatError, IdxError, SizeError, TrailingDataError, TruncatedError
from idxfast.containers import simple

try:
    from compression import zstd
except ImportError:
    zstd = pytest.importorskip("backports.zstd")


@pytest.fixture(autouse=True)
def has_zstandard(monkeypatch):
    """Before Python 3.14, a package with the same names takes the place of the module."""
    monkeypatch.setitem(sys.modules, "compression.zstd", zstd)
    monkeypatch.setattr(simple, "HAS_ZSTANDARD", True)


@pytest.fixture
def content(oracle):
    return oracle.pack(0x0B, (300, 200))


@pytest.mark.parametrize("level", [-5, 1, 3, 19])
@pytest.mark.parametrize("checksum", [0, 1])
def test_levels(checksum, level, content, oracle, tmp_path):
    options = {
        zstd.CompressionParameter.compression_level: level,
        zstd.CompressionParameter.checksum_flag: checksum,
    }
    path = tmp_path / "file.zst"
    path.write_bytes(zstd.compress(content, options=options))
    oracle.check(idxfast.load(path), content)
    assert idxfast.read_header(path).shape == (300, 200)
    with idxfast.open(path) as file:
        assert file.container == "Zstandard"
        oracle.check(file[...], content)
    assert idxfast.load(path, mmap_mode="r").tobytes() == content[12:]


@pytest.mark.parametrize("cut", [1, 12, 13, 50_000])
def test_several_frames(cut, content, oracle):
    oracle.check(
        idxfast.loads(zstd.compress(content[:cut]) + zstd.compress(content[cut:])), content
    )


@pytest.mark.parametrize("part", [0.01, 0.5, 0.99])
def test_cut_short(part, content):
    packed = zstd.compress(content)
    with pytest.raises(TruncatedError):
        idxfast.loads(packed[: max(int(len(packed) * part), 4)])


def test_a_wrong_checksum(content):
    options = {zstd.CompressionParameter.checksum_flag: 1}
    packed = zstd.compress(content, options=options)
    with pytest.raises(IdxError, match="Zstandard stream 1 cannot be unpacked"):
        idxfast.loads(packed[:-1] + bytes([packed[-1] ^ 1]))


def test_something_after_the_last_frame(content):
    with pytest.raises(TrailingDataError):
        idxfast.loads(zstd.compress(content) + b"abc")


def test_max_bytes(content):
    packed = zstd.compress(content)
    assert idxfast.loads(packed, max_bytes=120_000).nbytes == 120_000
    with pytest.raises(SizeError, match="max_bytes"):
        idxfast.loads(packed, max_bytes=119_999)


def test_a_header_that_lies():
    with pytest.raises(TruncatedError):
        idxfast.loads(zstd.compress(bytes.fromhex("00000801 7fffffff") + bytes(100)))


def test_not_idx():
    with pytest.raises(FormatError):
        idxfast.loads(zstd.compress(b"hello"))


def test_a_python_without_the_module(content, monkeypatch):
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(IdxError, match=r"read with the module compression\.zstd"):
        idxfast.loads(zstd.compress(content))


def test_before_python_3_14_the_file_is_named(content, monkeypatch):
    monkeypatch.setattr(simple, "HAS_ZSTANDARD", False)
    with pytest.raises(FormatError, match="looks like a Zstandard file"):
        idxfast.loads(zstd.compress(content))
