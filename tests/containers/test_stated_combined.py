"""header= and offset= with parts, mappings, archives, URLs and limits, in each container."""

import bz2
import functools
import gzip
import io
import lzma
import pickle

import numpy as np
import pytest

import idxfast
from files.handmade import archive
from files.small_blocks import blocks
from files.tables import block
from idxfast import Header, SizeError, TrailingDataError, TruncatedError

SHAPE = (501, 7, 4)
# Where the payload starts: after the file's own header, after any header, and after more than one
# piece that a decoder or a reader holds.
OFFSETS = [8, 2_000, 700_001]
PARTS = [(None, None), (3, 9), (None, 5), (400, None), (17, 17), (0, 501)]


def seekable(content):
    """The form with tables, of a file that says that it holds bytes."""
    file = io.BytesIO()
    idxfast.save(file, np.frombuffer(content[8:], np.uint8), seekable=True, compresslevel=1)
    return file.getvalue()


PACKERS = {
    "raw": bytes,
    "gzip": lambda content: gzip.compress(content, 1),
    "blocks": blocks,
    "seekable": seekable,
    "xz": lambda content: lzma.compress(content, preset=0),
    "bzip2": lambda content: bz2.compress(content, 1),
    "zip": lambda content: archive("zip", images=content),
    "gzip in zip": lambda content: archive("zip", images=gzip.compress(content, 1)),
    "tar": lambda content: archive("tar", images=content),
    "xz in tar": lambda content: archive("tar", images=lzma.compress(content, preset=0)),
}
# Each content is packed once.
PACKERS = {name: functools.cache(pack) for name, pack in PACKERS.items()}


class Stream:
    name = "stream"

    def __init__(self, data):
        self.read = io.BytesIO(data).read


@pytest.fixture(scope="module")
def expected():
    return np.random.default_rng(5).integers(-(2**40), 2**40, SHAPE).astype("<i8")


@pytest.fixture(scope="module")
def contents(expected):
    """By offset: a header of bytes, which is the wrong one, anything, and the payload."""
    before = np.random.default_rng(6).bytes(max(OFFSETS))
    found = {}
    for offset in OFFSETS:
        payload = before[: offset - 8] + expected.tobytes()
        found[offset] = b"\0\0\x08\1" + len(payload).to_bytes(4, "big") + payload
    return found


@pytest.fixture(params=OFFSETS)
def offset(request):
    return request.param


@pytest.fixture(params=PACKERS)
def pack(request):
    return PACKERS[request.param]


@pytest.fixture
def options(offset):
    return {"header": Header("<i8", SHAPE), "offset": offset}


@pytest.fixture
def path(pack, offset, contents, tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "file"
    path.write_bytes(pack(contents[offset]))
    return path


def same(array, expected):
    assert array.dtype == np.dtype("i8")
    assert array.shape == expected.shape
    assert (array == expected).all()


def test_parts(path, options, expected):
    data = path.read_bytes()
    for start, stop in PARTS:
        some = expected[start:stop]
        seen = []
        for array in (
            idxfast.load(
                path,
                start=start,
                stop=stop,
                progress=lambda done, total: seen.append((done, total)),  # noqa: B023
                **options,
            ),
            idxfast.load(data, start=start, stop=stop, threads=2, **options),
            idxfast.load(path, start=start, stop=stop, out=np.empty(some.shape, "i8"), **options),
            idxfast.load(path, start=start, stop=stop, max_bytes=some.nbytes, **options),
        ):
            same(array, some)
        end = options["offset"] + (len(expected) if stop is None else stop) * 7 * 4 * 8
        assert seen[-1] == (end, end)
        if some.nbytes:
            with pytest.raises(SizeError, match="max_bytes"):
                idxfast.load(path, start=start, stop=stop, max_bytes=some.nbytes - 1, **options)
    with pytest.raises(IndexError):
        idxfast.load(path, stop=502, **options)


def test_streams(path, options, expected):
    data = path.read_bytes()
    if data[257:262] == b"ustar":
        pytest.skip("tar files are not read from streams")
    for start, stop in PARTS:
        some = expected[start:stop]
        read = {"start": start, "stop": stop, **options}
        same(idxfast.load(Stream(data), **read), some)
        same(idxfast.load(Stream(data), out=np.empty(some.shape, "i8"), **read), some)
    same(idxfast.load(Stream(data), max_bytes=expected.nbytes, **options), expected)


def test_mapped(path, options, expected):
    for mode in ("r", "c", "r"):
        for start, stop in PARTS:
            array = idxfast.load(path, mmap_mode=mode, start=start, stop=stop, **options)
            assert array.dtype == np.dtype("<i8")
            same(array, expected[start:stop])
            assert array.flags.writeable == (mode == "c")
            assert isinstance(array.base, np.ndarray)


def test_opened(path, options, expected):
    with idxfast.open(path, **options) as file:
        for one in (file, pickle.loads(pickle.dumps(file))):
            assert (one.shape, one.dtype, one.nbytes) == (SHAPE, np.dtype("i8"), expected.nbytes)
            same(one[500], expected[500])
            same(one[[7, 3, 7]], expected[[7, 3, 7]])
            same(one[3:90:4, 2], expected[3:90:4, 2])
            same(one.read(100, 200), expected[100:200])
            same(np.asarray(one), expected)
            one.verify()
            assert [len(batch) for batch in one.batches(200)] == [200, 200, 101]
    with idxfast.open(path.read_bytes(), **options) as file:
        same(file[-1], expected[-1])


@pytest.mark.parametrize("pack", [PACKERS["gzip"], PACKERS["blocks"], PACKERS["seekable"]])
def test_opened_in_parts(path, options, expected, monkeypatch):
    monkeypatch.setattr("idxfast.gzip.scanner.SPACING", 20_000)
    with idxfast.open(path, cache_bytes=50_000, **options) as file:
        for _ in range(2):
            for row in (3, 499, 0):
                same(file[row], expected[row])
            same(file[:, 3, 2], expected[:, 3, 2])
        same(pickle.loads(pickle.dumps(file))[200], expected[200])


def test_the_tables_are_used(options, offset, contents, expected, tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(seekable(contents[offset]))
    monkeypatch.setattr("idxfast.containers.bgzf.find_all_blocks", None)
    with idxfast.open(path, **options) as file:
        assert file.container == "seekable gzip"
        same(file[77], expected[77])
    same(idxfast.load(path, start=70, stop=80, **options), expected[70:80])


@pytest.mark.parametrize("scheme", ["memory", "http"])
def test_urls(scheme, path, options, expected, request):
    fsspec = pytest.importorskip("fsspec")
    url = "memory://stated/file"
    if scheme == "http":
        server = request.getfixturevalue("objects")
        server.files["file"] = path.read_bytes()
        url = f"{server.url}file"
    else:
        fsspec.filesystem("memory").pipe_file("stated/file", path.read_bytes())
    same(idxfast.load(url, **options), expected)
    same(idxfast.load(url, start=30, stop=60, **options), expected[30:60])
    with idxfast.open(url, **options) as file:
        same(file[[400, 9]], expected[[400, 9]])
        same(pickle.loads(pickle.dumps(file))[5], expected[5])


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_member_that_is_named(kind, path, options, expected, tmp_path):
    path.write_bytes(archive(kind, first=path.read_bytes(), **{"b/c": path.read_bytes()}))
    name = f"{kind}://b/c::{path}"
    same(idxfast.load(name, **options), expected)
    same(idxfast.load(name, start=1, stop=4, **options), expected[1:4])
    with idxfast.open(name, **options) as file:
        same(file[5], expected[5])
    with pytest.raises(idxfast.IdxError, match="several IDX files"):
        idxfast.load(path, **options)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_single_member_need_not_start_like_idx(kind):
    data = archive(kind, notes=bytes(range(65, 91)))
    array = idxfast.loads(data, header=Header(">u2", (12,)), offset=2)
    assert array.tobytes() == np.frombuffer(bytes(range(67, 91)), ">u2").astype("=u2").tobytes()


@pytest.mark.parametrize("change", [-1, 1, -3_000])
def test_another_size(change, pack, offset, contents, options, tmp_path, monkeypatch):
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "cache"))
    content = contents[offset]
    content = content[:change] if change < 0 else content + b"x" * change
    if pack is PACKERS["seekable"]:
        content = b"\0\0\x08\1" + (len(content) - 8).to_bytes(4, "big") + content[8:]
    path = tmp_path / "file"
    path.write_bytes(pack(content))
    kind = TruncatedError if change < 0 else TrailingDataError

    def opened():
        with idxfast.open(path, **options) as file:
            file.read(0, 1)

    for read in (
        lambda: idxfast.load(path, **options),
        lambda: idxfast.load(path, mmap_mode="r", **options),
        lambda: idxfast.load(path, start=499, **options),
        opened,
    ):
        with pytest.raises(kind) as caught:
            read()
        assert caught.value.hint is None
        assert caught.value.filename.startswith(str(path))


@pytest.mark.parametrize("pack", [PACKERS["gzip"]])
def test_damage_after_the_payload_is_noticed(path, options):
    data = bytearray(path.read_bytes())
    data[-6] ^= 1  # in the CRC-32
    path.write_bytes(data)
    for read in (
        lambda: idxfast.load(path, **options),
        lambda: idxfast.load(Stream(bytes(data)), **options),
        lambda: idxfast.load(path, start=500, **options),
        lambda: idxfast.load(path, mmap_mode="r", **options),
        lambda: idxfast.open(path, **options)[0],
    ):
        with pytest.raises(idxfast.ChecksumError):
            read()


def test_tables_are_not_looked_for_in_the_whole_file(tmp_path, monkeypatch):
    """However many blocks the file's own header would need."""
    own = b"\0\0\x08\1\xff\xff\xff\xff"
    path = tmp_path / "file"
    path.write_bytes(block(own, 0) + b"".join(block(bytes(60_000), 0) for _ in range(100)))
    counts = []

    def find_tables(source, count):
        counts.append(count)

    monkeypatch.setattr("idxfast.containers.bgzf.find_tables", find_tables)
    with idxfast.open(path, header=Header("u1", (100, 60_000)), offset=8) as file:
        assert not file[50].any()
    assert len(counts) == 1
    assert counts[0] < 200


def test_not_for_appending(tmp_path):
    path = tmp_path / "file"
    idxfast.save(path, np.arange(3, dtype=np.uint8))
    for options in ({"header": Header("u1", (3,))}, {"offset": 8}):
        with pytest.raises(ValueError, match="for reading"):
            idxfast.open(path, mode="a", **options)


def test_an_offset_that_no_file_has():
    with pytest.raises(ValueError, match="larger than any file"):
        idxfast.loads(b"", header=Header("u1", (0,)), offset=2**63)
