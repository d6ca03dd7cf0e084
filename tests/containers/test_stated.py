"""header= and offset=: the caller states what a file holds."""

import bz2
import gzip
import io
import lzma
import pickle
import sys
from functools import partial

import numpy as np
import pytest

import idxfast
from idxfast import Header, SizeError, TrailingDataError, TruncatedError

PACKERS = {
    "raw": bytes,
    "gzip": partial(gzip.compress, compresslevel=1, mtime=0),
    "xz": partial(lzma.compress, preset=0),
    "bz2": partial(bz2.compress, compresslevel=1),
}
DTYPES = [
    "?",
    "u1",
    "i1",
    *(order + kind + size for order in "<>" for kind in "uif" for size in "248"),
]
# At once, after the longest header, and after more than one piece of the decoder.
OFFSETS = [0, 1, 1024, 1025, 700_000]


def values(dtype, shape=(7, 3, 5)):
    count = np.arange(np.prod(shape)).reshape(shape)
    return (count % 2 if dtype == "?" else count).astype(dtype)


def same(array, expected):
    assert array.dtype == expected.dtype.newbyteorder("=")
    assert array.dtype.isnative
    assert array.shape == expected.shape
    assert array.tolist() == expected.tolist()


class Stream:
    name = "stream"

    def __init__(self, data):
        self.read = io.BytesIO(data).read


@pytest.fixture(params=PACKERS)
def pack(request):
    return PACKERS[request.param]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type(dtype, pack, tmp_path):
    expected = values(dtype)
    packed = pack(b"any bytes" + expected.tobytes())
    options = {"header": Header(dtype, expected.shape), "offset": 9}
    path = tmp_path / "file"
    path.write_bytes(packed)
    for array in (
        idxfast.load(path, **options),
        idxfast.load(Stream(packed), **options),
        idxfast.loads(packed, **options),
        idxfast.open(path, **options)[:],
        idxfast.open(Stream(packed), **options).read(0, 7),
        idxfast.load(
            path, out=np.empty(expected.shape, expected.dtype.newbyteorder("=")), **options
        ),
    ):
        same(array, expected)
        assert array.flags.writeable


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("count", [0, 1, 70_000])
def test_every_offset(offset, count, pack):
    before = np.random.default_rng(offset).bytes(offset)
    expected = np.arange(count, dtype="<i4")
    content = before + expected.tobytes()
    read = partial(idxfast.loads, header=Header("<i4", (count,)), offset=offset)
    same(read(pack(content)), expected)
    refused = [(content + b"x", TrailingDataError)]
    refused += [
        (piece, TruncatedError) for piece in (content[:-1], before[:-1]) if piece != content
    ]
    for piece, kind in refused:
        for file in (pack(piece), Stream(pack(piece))):
            with pytest.raises(kind) as caught:
                idxfast.load(file, **read.keywords)
            assert caught.value.hint is None
            assert caught.value.part in ("end", "payload", "container")


@pytest.mark.parametrize("offset", OFFSETS)
def test_threads_make_no_difference(offset):
    expected = np.random.default_rng(1).integers(0, 200, 5_000_000, np.uint8)
    data = gzip.compress(bytes(offset) + expected.tobytes(), 1)
    for threads in (1, 3):
        array = idxfast.loads(
            data, threads=threads, header=Header("u1", expected.shape), offset=offset
        )
        assert np.array_equal(array, expected)


def test_the_header_of_the_file_is_not_looked_at(pack):
    content = b"\0\0\x0e\2" + b"\xff" * 4 + bytes(range(8))
    for data in (pack(content), Stream(pack(content))):
        assert idxfast.load(data, header=Header("u1", (8,)), offset=8).tolist() == list(range(8))


def test_without_an_offset_the_payload_starts_after_a_header_of_this_shape(pack):
    content = b"?" * 12 + bytes(range(6))
    assert idxfast.loads(pack(content), header=Header("u1", (2, 3))).tolist() == [
        [0, 1, 2],
        [3, 4, 5],
    ]


def test_what_read_header_gives_can_be_stated(pack):
    array = values(">i2")
    data = pack(idxfast.dumps(array))
    same(idxfast.loads(data, header=idxfast.read_header(data)), array)


def test_mapped(tmp_path):
    path = tmp_path / "file"
    expected = values("<i8")
    path.write_bytes(b"abc" + expected.tobytes())
    options = {"header": Header("<i8", expected.shape), "offset": 3}
    mapped = idxfast.load(path, mmap_mode="r+", **options)
    assert mapped.dtype == np.dtype("<i8")
    assert mapped.tolist() == expected.tolist()
    mapped[0, 0, 0] = 77
    assert idxfast.load(path, **options)[0, 0, 0] == 77
    path.write_bytes(b"abc" + expected.tobytes()[:-1])
    with pytest.raises(TruncatedError) as caught:
        idxfast.load(path, mmap_mode="r", **options)
    assert caught.value.hint is None


def test_opened_in_parts(pack, tmp_path):
    path = tmp_path / "file"
    expected = values("<i8", (500, 4))
    path.write_bytes(pack(b"abc" + expected.tobytes()))
    options = {"header": Header("<i8", (500, 4)), "offset": 3}
    with idxfast.open(path, **options) as file:
        for opened in (file, pickle.loads(pickle.dumps(file))):
            assert opened.dtype == np.dtype("i8")
            assert opened[[7, 3]].tolist() == expected[[7, 3]].tolist()
            assert np.asarray(opened).tolist() == expected.tolist()
    path.write_bytes(pack(b"abcd" + expected.tobytes()))
    with pytest.raises(TrailingDataError), idxfast.open(path, **options) as file:
        file.read(0, 1)


@pytest.mark.parametrize("seekable", [False, True])
def test_large_gzip_files_are_read_in_parts(seekable, tmp_path):
    expected = np.arange(100_000, dtype=">i4").reshape(-1, 10)
    path = tmp_path / "file.gz"
    idxfast.save(path, expected, seekable=seekable)
    options = {"header": Header(">i2", (10_000, 20)), "offset": 12}
    with idxfast.open(path, cache_bytes=1_000, **options) as file:
        assert file.container == ("seekable gzip" if seekable else "gzip")
        assert file[9_999].tolist() == expected[9_999].view(">i2").tolist()
        copy = pickle.loads(pickle.dumps(file))
        assert copy[5_000].tolist() == expected[5_000].view(">i2").tolist()


def test_limits(pack):
    data = pack(bytes(100))
    options = {"header": Header("<i4", (20,)), "offset": 20}
    assert idxfast.loads(data, max_bytes=80, **options).shape == (20,)
    for file in (data, Stream(data)):
        with pytest.raises(SizeError, match="max_bytes"):
            idxfast.load(file, max_bytes=79, **options)
    with pytest.raises(SizeError, match="out="):
        idxfast.loads(data, out=np.empty(20, "u4"), **options)


def test_more_than_the_file_can_hold(pack):
    """Nothing is allocated for it."""
    data = pack(bytes(100))
    for file in (data, Stream(data)):
        with pytest.raises(TruncatedError):
            idxfast.load(file, header=Header("u1", (1 << 40,)), offset=0)


def test_progress(pack, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pack(bytes(5_100)))
    seen = []
    idxfast.load(
        path, header=Header("u1", (100,)), offset=5_000, progress=lambda *n: seen.append(n)
    )
    assert seen[-1] == (5_100, 5_100)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"offset": 8}, ValueError, "offset= needs header="),
        ({"header": Header("u1", (3,)), "offset": -1}, ValueError, "offset is -1"),
        ({"header": Header("u1", (3,)), "offset": 1.0}, TypeError, "integer"),
        ({"header": Header("u1", (-3,))}, ValueError, "not all 0 or more"),
        ({"header": Header("u1", (3.0,))}, TypeError, "integer"),
        ({"header": Header("u1", (1 << 62, 4))}, ValueError, "no uint8 array can have the shape"),
        ({"header": Header("f8", (0, 1 << 62))}, ValueError, "no float64 array can have"),
        ({"header": Header("u1", (1,) * 65)}, ValueError, "can have the shape"),
        ({"header": Header("c8", (3,))}, TypeError, "complex64"),
        ({"header": Header("O", (3,))}, TypeError, "object"),
        ({"header": Header("S1", (3,))}, TypeError, "neither boolean"),
        ({"header": Header("u1,u1", (3,))}, TypeError, "neither boolean"),
        ({"header": Header("M8[s]", (3,))}, TypeError, "neither boolean"),
        ({"header": Header("nothing", (3,))}, TypeError, "nothing"),
        ({"header": ("u1", (3,))}, TypeError, "takes an idxfast.Header, not tuple"),
    ],
)
def test_wrong_options(options, kind, words, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(11))
    for call in (
        lambda: idxfast.load(path, **options),
        lambda: idxfast.load(path, mmap_mode="r", **options),
        lambda: idxfast.loads(bytes(11), **options),
        lambda: idxfast.open(path, **options),
    ):
        with pytest.raises(kind, match=words) as caught:
            call()
        assert not isinstance(caught.value, idxfast.IdxError)


def test_whole_numbers_of_numpy():
    assert idxfast.loads(
        b"ab", header=Header(np.uint8, (np.int64(1),)), offset=np.int32(1)
    ).tolist() == [98]


@pytest.mark.parametrize(
    ("shape", "options"),
    [((1,), {"offset": sys.maxsize}), ((sys.maxsize,), {}), ((sys.maxsize, 0), {})],
)
def test_the_largest_numbers(shape, options):
    with pytest.raises(idxfast.TruncatedError):
        idxfast.loads(b"abc", header=Header("u1", shape), **options)
    more = {"offset": sys.maxsize + 1} if options else {}
    shape = shape if options else (shape[0] + 1, *shape[1:])
    with pytest.raises(ValueError, match=r"larger than any file|can have the shape"):
        idxfast.loads(b"abc", header=Header("u1", shape), **more)
