"""The header as a value: sizes, positions, bytes."""

import importlib.util
import struct

import numpy as np
import pytest

import idxfast
from idxfast import format as idx_format

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def test_sizes_are_exact():
    largest = 2**32 - 1
    header = idxfast.Header(np.dtype(">f8"), (largest,) * 4)
    assert header.nbytes == 8 * largest**4
    assert header.offset == 20
    assert idxfast.Header(np.dtype("u1"), ()).nbytes == 1
    assert idxfast.Header(np.dtype(">i4"), (largest, 0, largest)).nbytes == 0


@pytest.mark.parametrize(("code", "dtype"), DTYPES.items())
@pytest.mark.parametrize("shape", [(), (0,), (2**32 - 1,), (1, 2, 3)], ids=str)
def test_pack_and_parse(code, dtype, shape):
    header = idxfast.Header(np.dtype(dtype), shape)
    data = bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    assert idx_format.pack(header) == data
    assert idx_format.parse(data + b"payload", "name") == header


def test_a_dimension_has_32_bits():
    with pytest.raises(idxfast.SizeError, match="32 bits") as caught:
        idx_format.pack(idxfast.Header(np.dtype("u1"), (3, 2**32, 0)))
    assert caught.value.found == 2**32


@pytest.mark.parametrize(
    ("start", "reason", "part", "offset"),
    [
        (b"<htm", "it does not start with two zero bytes", "start", 0),
        (b"\0\1\x08\1", "it does not start with two zero bytes", "start", 0),
        (b"PK\3\4", "it does not start with two zero bytes", "start", 0),
        (b"a+", "it does not start with two zero bytes", "start", 0),
        (b"a+\x07\1", "it does not start with two zero bytes", "start", 0),
        (b"\0\0\x0a\1", "there is no type 0x0a", "type", 2),
    ],
)
def test_what_is_not_idx_breaks_a_rule(start, reason, part, offset):
    """`diagnosis` says what the file is instead."""
    with pytest.raises(idxfast.FormatError) as caught:
        idx_format.parse(start, "name")
    assert caught.value.reason == f"not an IDX file: {reason}"
    assert (caught.value.part, caught.value.offset) == (part, offset)
    assert caught.value.found == start.hex(" ")


@pytest.mark.parametrize(("version", "expected"), [("1.26.4", 32), ("2.0.0", 64), ("2.4.0", 64)])
def test_how_many_dimensions_numpy_allows(version, expected, monkeypatch):
    monkeypatch.setattr(np, "__version__", version)
    spec = importlib.util.spec_from_file_location("idxfast.of_another_numpy", idx_format.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    most = module.MAX_NDIM
    assert most == expected
