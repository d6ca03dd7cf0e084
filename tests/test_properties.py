"""Any array survives a round trip, and any file is read as the oracle reads it."""

import gzip
import io
import random
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import idxfast
from corpus.cases import good
from corpus.packers import PACKERS
from files import strict

TYPES = ["u1", "i1", "i2", "i4", "f4", "f8"]
CODES = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]
SHAPES = arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=7)


@st.composite
def any_arrays(draw):
    """Any of the six types, in either byte order and any memory layout."""
    dtype = np.dtype(draw(st.sampled_from(TYPES))).newbyteorder(draw(st.sampled_from("<>")))
    shape = draw(SHAPES)
    # From raw bytes, so that every NaN and subnormal comes up.
    count = int(np.prod(shape)) * dtype.itemsize
    seed = draw(st.integers(0, 2**32 - 1))
    values = np.frombuffer(np.random.default_rng(seed).bytes(count), dtype).reshape(shape)
    axes = draw(st.permutations(range(values.ndim)))
    steps = draw(st.tuples(*[st.sampled_from([1, -1, 2, -3])] * values.ndim))
    layout = draw(st.sampled_from(["C", "F", "broadcast"]))
    if layout == "broadcast":
        return np.broadcast_to(values, (draw(st.integers(0, 3)), *shape))
    slices = [slice(None, None, step) for step in steps]
    view = np.array(values.transpose(axes), order=layout)[..., *slices]
    view.flags.writeable = draw(st.booleans())
    return view


def payload(array):
    """The bytes that IDX stores, element by element."""
    step = -1 if sys.byteorder == "little" else 1  # numpy's scalars are in native order
    return b"".join(element.tobytes()[::step] for element in array.flat)


def file_of(oracle, array):
    code = CODES[TYPES.index(f"{array.dtype.kind}{array.dtype.itemsize}")]
    return oracle.pack(code, array.shape, payload(array))


@given(array=any_arrays(), level=st.sampled_from([None, 0, 1, 6, 9, 12]))
def test_dumps_and_loads(array, level, oracle):
    expected = file_of(oracle, array)
    data = idxfast.dumps(array, compresslevel=level)
    assert (data if level is None else gzip.decompress(data)) == expected
    again = idxfast.loads(data)
    oracle.check(again, expected)
    assert again.dtype == array.dtype.newbyteorder("=")


@given(array=any_arrays(), kind=st.sampled_from(["raw", "gz", "seekable"]), out=st.booleans())
def test_save_and_load(array, kind, out, oracle, tmp_path_factory):
    expected = file_of(oracle, array)
    path = tmp_path_factory.getbasetemp() / ("file" if kind == "raw" else "file.gz")
    idxfast.save(path, array, seekable=kind == "seekable")
    data = path.read_bytes()
    assert (data if kind == "raw" else gzip.decompress(data)) == expected
    target = np.empty(array.shape, array.dtype.newbyteorder("=")) if out else None
    oracle.check(idxfast.load(path, out=target), expected)
    assert idxfast.read_header(path) == (array.dtype.newbyteorder(">"), array.shape)
    if kind == "raw":
        mapped = idxfast.load(path, mmap_mode="r")
        assert mapped.dtype == array.dtype.newbyteorder(">")
        assert mapped.tobytes() == payload(array)


@st.composite
def any_packing(draw, data):
    """Gzip members around any pieces of the data, however zlib can pack them."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    packed = b""
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        packer = zlib.compressobj(
            level=draw(st.integers(0, 9)),
            wbits=16 + draw(st.integers(9, 15)),
            memLevel=draw(st.integers(1, 9)),
            strategy=draw(st.integers(zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED)),
        )
        middle = draw(st.integers(start, stop))
        flush = draw(st.sampled_from([zlib.Z_NO_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH]))
        packed += packer.compress(data[start:middle]) + packer.flush(flush)
        packed += packer.compress(data[middle:stop]) + packer.flush()
        packed += bytes(draw(st.sampled_from([0, 0, 1, 600])))
    return packed


@given(code=st.sampled_from(CODES), shape=SHAPES, seed=st.integers(0, 2**32 - 1), choice=st.data())
def test_any_file(code, shape, seed, choice, oracle):
    size = int(np.prod(shape)) * oracle.types[code][1]
    # Eight values, so that there is something to compress.
    values = np.random.default_rng(seed).integers(0, 8, size, np.uint8).tobytes()
    content = oracle.pack(code, shape, values)
    packed = choice.draw(any_packing(content))
    assert gzip.decompress(packed) == content
    for data in (content, packed):
        oracle.check(idxfast.loads(data), data)
        oracle.check(idxfast.load(io.BytesIO(data)), data)
        assert idxfast.read_header(data).shape == shape
        assert idxfast.read_header(data).dtype.itemsize == oracle.types[code][1]


@given(seed=st.integers(0, 2**32 - 1), edits=st.integers(0, 3))
def test_any_damage(seed, edits, oracle):
    """Bytes changed, left out, doubled: read if, and only if, the strict reader does."""
    dice = random.Random(seed)
    data = bytearray(dice.choice(PACKERS)(dice, good(dice)))
    for _ in range(edits):
        at = dice.randrange(len(data))
        data[at : at + dice.randrange(3)] = dice.choice([b"", dice.randbytes(1), data[at : at + 9]])
    try:
        content = strict.read(bytes(data))
    except strict.Refused:
        with pytest.raises(idxfast.IdxError):
            idxfast.loads(data)
    else:
        oracle.check(idxfast.loads(data), content)
