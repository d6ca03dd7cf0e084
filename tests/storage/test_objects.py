"""storage/objects and its requests: what servers answer, right and wrong; never wrong data."""

import gzip
import itertools
import pickle
import random
import socket
import threading

import numpy as np
import pytest

import idxfast
from files.handmade import archive
from idxfast.storage import objects as module
from idxfast.storage import range_requests
from idxfast.storage.inputs import open_source
from mirrors.objects import tag_of

SIZE = 300 << 10
ROWS = SIZE // 1024


@pytest.fixture
def content(oracle):
    return oracle.pack(0x08, (ROWS, 1024), random.Random(1).randbytes(SIZE))


@pytest.fixture
def rows(content):
    return np.frombuffer(content[12:], np.uint8).reshape(ROWS, 1024)


@pytest.fixture
def url(objects, content):
    objects.files["file"] = content
    return f"{objects.url}file"


def test_only_what_is_asked_for_is_requested(url, objects, rows):
    with idxfast.open(url) as file:
        assert (file.shape, file.name, file.container) == (rows.shape, url, "raw")
        assert objects.ranges == [f"bytes=0-{module.START - 1}"]
        assert (file[200] == rows[200]).all()
        assert objects.ranges[1:] == [f"bytes={12 + 200 * 1024}-{12 + 201 * 1024 - 1}"]
        assert (file[[250, 3, 200]] == rows[[250, 3, 200]]).all()
        assert len(objects.requests) == 3
        assert (file[:, 5] == rows[:, 5]).all()
        file.verify()


def test_the_whole(url, content, oracle):
    oracle.check(idxfast.load(url), content)
    assert idxfast.read_header(url).shape == (ROWS, 1024)


def test_a_header_is_one_request(url, objects):
    idxfast.read_header(url)
    assert len(objects.requests) == 1


@pytest.mark.parametrize("size", [0, 1, 5])
def test_small_files(size, objects, oracle):
    objects.files["file"] = oracle.pack(0x08, (size,))
    oracle.check(idxfast.load(f"{objects.url}file"), objects.files["file"])
    with idxfast.open(f"{objects.url}file") as file:
        assert file[:].tolist() == list(objects.files["file"][8:])


def test_an_empty_file(objects):
    objects.files["file"] = b""
    for read in (idxfast.load, idxfast.open, idxfast.read_header):
        with pytest.raises(idxfast.TruncatedError, match="empty"):
            read(f"{objects.url}file")


def test_a_server_without_ranges(url, objects, rows, content, oracle):
    objects.has_ranges = False
    oracle.check(idxfast.load(url), content)
    with idxfast.open(url) as file:
        assert file.container == "memory"
        count = len(objects.requests)
        assert (file[[250, 3, 200]] == rows[[250, 3, 200]]).all()
        assert len(objects.requests) == count


@pytest.mark.filterwarnings("ignore:Exception ignored in.*FileIO")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("has_ranges", [True, False])
@pytest.mark.parametrize("chain", ["simplecache::{}file", "filecache::{}file", "dir://file::{}"])
def test_other_file_systems_over_http(chain, has_ranges, url, objects, rows, content, oracle):
    objects.has_ranges = has_ranges
    url = chain.format(objects.url)
    oracle.check(idxfast.load(url), content)
    with idxfast.open(url) as file:
        assert (file[[250, 3, 200]] == rows[[250, 3, 200]]).all()


def test_a_large_file_on_a_server_without_ranges(url, objects):
    objects.has_ranges = False
    with pytest.raises(idxfast.SizeError, match="only be read as a whole") as caught:
        idxfast.open(url, cache_bytes=SIZE - 1)
    assert (caught.value.filename, caught.value.part) == (url, "dimensions")


def lie(**changes):
    """Answer a request for a range with something else in the head of the answer."""

    def give(handler, content):
        handler.give(content, **{name.replace("_", "-"): value for name, value in changes.items()})

    return give


def whole(handler, content):
    handler.answer(200, content)


def shifted(handler, content):
    """A byte too late, up to the right end."""
    first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
    place = f"bytes {first + 1}-{last}/{len(content)}"
    headers = {"ETag": tag_of(content), "Content-Range": place}
    handler.answer(206, content[first + 1 : last + 1], **headers)


def compressed_if_allowed(handler, content):
    """A range of the compressed file, as a server may give to who accepts gzip."""
    if "gzip" in handler.headers["Accept-Encoding"]:
        handler.give(gzip.compress(content), **{"Content-Encoding": "gzip"})
    else:
        handler.give(content)


def without_place(handler, content):
    handler.answer(206, content[:100])


FIRST_LIES = {
    "whole": whole,
    "shifted": shifted,
    "without a place": without_place,
    "of unknown size": lie(Content_Range=f"bytes 0-{module.START - 1}/*"),
    "compressed": lie(Content_Encoding="gzip"),
    "words": lie(Content_Range="bytes all"),
}


def without_version(handler, content):
    handler.give(content, ETag="")


def short(handler, content):
    """Right, but less than was asked for."""
    first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
    last = min(last, len(content) - 1) - 10
    place = f"bytes {first}-{last}/{len(content)}"
    headers = {"ETag": tag_of(content), "Content-Range": place}
    handler.answer(206, content[first : last + 1], **headers)


def whole_with_a_place(handler, content):
    """The whole file, although the head of the answer speaks of a range."""
    first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
    place = f"bytes {first}-{min(last, len(content) - 1)}/{len(content)}"
    handler.answer(200, content, **{"ETag": tag_of(content), "Content-Range": place})


FIRST_LIES |= {
    "short": short,
    "without a version": without_version,
    "of endless size": lie(Content_Range=f"bytes 0-{module.START - 1}/{'9' * 5000}"),
    "of a size no file has": lie(Content_Range=f"bytes 0-{module.START - 1}/{10**30}"),
}


@pytest.mark.parametrize("answer", FIRST_LIES)
def test_wrong_answers_to_the_first_request(answer, url, objects, content, oracle):
    """Then no ranges are trusted: the file is read as a whole."""
    objects.faults["file"] = [FIRST_LIES[answer]]
    oracle.check(idxfast.load(url), content)


@pytest.mark.parametrize("answer", FIRST_LIES)
def test_a_file_without_ranges_is_read_in_one_answer(answer, objects, oracle):
    """Ranges of two versions, which fsspec would request, could become one array."""
    versions = [oracle.pack(0x08, (6 << 20,), bytes([value]) * (6 << 20)) for value in (1, 2)]
    objects.files["file"] = versions[1]
    give = FIRST_LIES[answer]

    def old(handler, content):
        give(handler, versions[0])

    # The first answer; what fsspec asks for the size; and a range or the whole file.
    def older(handler, content):
        handler.give(versions[0])

    objects.faults["file"] = [old, older, older]
    oracle.check(idxfast.load(f"{objects.url}file"), versions[0])


def test_a_small_file_without_a_version(objects, oracle):
    """One answer has all of it."""
    content = oracle.pack(0x08, (100,))
    objects.files["file"] = content
    objects.faults["file"] = [without_version]
    oracle.check(idxfast.load(f"{objects.url}file"), content)
    assert len(objects.requests) == 1


def in_tar(content):
    return archive("tar", first=b"text", images=content)


def test_an_archive_that_changes_while_a_member_is_read(objects, oracle):
    versions = [oracle.pack(0x08, (12 << 20,), bytes([value]) * (12 << 20)) for value in (1, 2)]
    packed = [in_tar(version) for version in versions]
    assert len(packed[0]) == len(packed[1])
    url = f"tar://images::{objects.url}file.tar"
    objects.files["file.tar"] = packed[0]
    oracle.check(idxfast.load(url), versions[0])
    count = len(objects.requests)
    for kept in range(count):
        objects.faults["file.tar"] = [lambda handler, _: handler.give(packed[0])] * kept
        objects.files["file.tar"] = packed[1]
        try:
            array = idxfast.load(url)
        except idxfast.IdxError as error:
            assert "replaced or written to" in str(error)
        else:
            assert len(set(array[:: 1 << 10].tolist())) == 1


def test_no_server_is_allowed_to_compress(url, objects, rows):
    objects.faults["file"] = [compressed_if_allowed] * 2
    with idxfast.open(url) as file:
        assert (file[200] == rows[200]).all()
    assert len(objects.requests) == 2


def shortened(handler, content):
    handler.give(content[: SIZE // 2])


def grown(handler, content):
    handler.give(content + b"x")


def replaced(handler, content):
    handler.give(content[:-1] + b"x")


def touched(handler, content):
    handler.give(content, ETag="", **{"Last-Modified": "Tue, 01 Dec 2026 00:00:00 GMT"})


@pytest.mark.parametrize("change", [shortened, grown, replaced, touched])
def test_a_file_that_changes_while_it_is_open(change, url, objects, rows):
    with idxfast.open(url) as file:
        assert (file[100] == rows[100]).all()
        for key in (290, [290, 100], slice(100, 300), (slice(None), 0)):
            objects.faults["file"] = [change] * 3
            with pytest.raises(idxfast.IdxError, match="replaced or written to") as caught:
                file[key]
            assert caught.value.filename == url
            assert caught.value.part == "payload"
        objects.faults.clear()
        assert (file[290] == rows[290]).all()


def test_both_versions_of_a_changed_file_are_named(url, objects):
    with idxfast.open(url) as file:
        objects.faults["file"] = [replaced]
        with pytest.raises(idxfast.IdxError) as caught:
            file[290]
    assert caught.value.offset == 12 + 290 * 1024
    assert tag_of(objects.files["file"]) in caught.value.expected
    assert tag_of(objects.files["file"][:-1] + b"x") in caught.value.found


def test_a_file_that_changes_while_it_is_loaded(url, objects, monkeypatch):
    monkeypatch.setattr("idxfast.storage.read_ahead.IN_ORDER", (64 << 10, 1, 10))
    objects.faults["file"] = [lambda handler, content: handler.give(content)] * 2 + [replaced]
    with pytest.raises(idxfast.IdxError, match="replaced or written to"):
        idxfast.load(url)


def cut(handler, content):
    """Half of what was announced, and no more."""
    first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
    handler.send_header("Content-Length", str(last + 1 - first))
    handler.end_headers()
    handler.wfile.write(content[first : (first + last) // 2])
    handler.close_connection = True


def too_long(handler, content):
    first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
    place = f"bytes {first}-{last}/{len(content)}"
    headers = {"ETag": tag_of(content), "Content-Range": place}
    handler.answer(206, content[first : last + 9], **headers)


def error(status):
    return lambda handler, content: handler.answer(status, b"no")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (cut, OSError),
        (whole, OSError),
        (whole_with_a_place, OSError),
        (shifted, OSError),
        (short, OSError),
        (error(500), OSError),
        (error(403), PermissionError),
        (error(401), PermissionError),
        (error(404), FileNotFoundError),
        (error(410), FileNotFoundError),
    ],
)
def test_faults_of_later_answers(fault, kind, url, objects, rows):
    with idxfast.open(url) as file:
        for key in (200, [200, 100]):
            objects.faults["file"] = [fault] * 2
            with pytest.raises(kind) as caught:
                file[key]
            assert caught.value.filename == url
            assert not isinstance(caught.value, idxfast.IdxError)
        objects.faults.clear()
        assert (file[200] == rows[200]).all()


def test_an_answer_that_is_longer_than_it_says(url, objects, rows):
    with idxfast.open(url) as file:
        objects.faults["file"] = [too_long]
        assert (file[200] == rows[200]).all()
        assert (file[201] == rows[201]).all()


@pytest.mark.parametrize(
    ("status", "kind"), [(404, FileNotFoundError), (403, PermissionError), (500, OSError)]
)
def test_faults_of_the_first_answer(status, kind, url, objects):
    for read in (idxfast.load, idxfast.open, idxfast.read_header):
        objects.faults["file"] = [error(status)]
        with pytest.raises(kind) as caught:
            read(url)
        assert caught.value.filename == url


def test_nobody_listens(url, objects):
    objects.server_close()
    with pytest.raises(ConnectionRefusedError) as caught:
        idxfast.open(url)
    assert caught.value.filename == url


def test_redirects_are_followed(url, objects, rows):
    def redirect(handler, content):
        handler.head(302, 0, Location="/other")

    objects.files["other"] = objects.files["file"]
    objects.faults["file"] = [redirect] * 5
    with idxfast.open(url) as file:
        assert (file[200] == rows[200]).all()


def test_secrets_of_a_url_are_not_shown(objects, content):
    address = f"http://user:password@{objects.address}/file?signature=secret"
    shown = f"http://...@{objects.address}/file?..."
    objects.files["file?signature=secret"] = content
    with idxfast.open(address) as file:
        assert file.name == shown
        texts = [repr(file), str(file)]
        for fault in (cut, whole, replaced, error(500), error(403), error(404)):
            objects.faults["file?signature=secret"] = [fault]
            with pytest.raises((OSError, idxfast.IdxError)) as caught:
                file[200]
            texts += [str(caught.value), repr(caught.value)]
            assert caught.value.__suppress_context__ or not caught.value.__context__
    objects.files["file?signature=secret"] = b"no"
    with pytest.raises(idxfast.FormatError) as wrong:
        idxfast.load(address)
    texts.append(str(wrong.value))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        nobody = "{}:{}".format(*listening.getsockname())
    with pytest.raises(ConnectionRefusedError) as closed:
        idxfast.load(address.replace(objects.address, nobody))
    texts.append(str(closed.value))
    for text, secret in itertools.product(texts, ("user", "password", "signature", "secret")):
        assert secret not in text
    assert shown in texts[0]


def test_another_file_system_whose_file_changes(rows, content):
    """fsspec does not tell a file's version with each read: a file that is shorter is noticed."""
    memory = pytest.importorskip("fsspec").filesystem("memory")
    memory.pipe("/objects/file", content)
    with idxfast.open("memory://objects/file") as file:
        assert (file[200] == rows[200]).all()
        memory.pipe("/objects/file", content[: SIZE // 2])
        with pytest.raises(idxfast.IdxError, match="replaced or written to") as caught:
            file[149]
        assert caught.value.offset == SIZE // 2
        assert (caught.value.expected, caught.value.found) == (1024, SIZE // 2 - 12 - 149 * 1024)
        memory.rm("/objects/file")
        with pytest.raises(FileNotFoundError):
            file[200]


class Body:
    """What follows the head of an answer of S3."""

    def __init__(self, data):
        self.data = data

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def read(self):
        return self.data


class Bucket:
    """A file system like s3fs, with one object; each answer is changed."""

    protocol = ("s3", "s3a")

    def __init__(self, content, version=None, **changes):
        self.loop = pytest.importorskip("fsspec.asyn").get_loop()
        self.content, self.version, self.changes = content, version, changes
        self.options = []

    async def set_session(self):
        pass

    def split_path(self, path):
        bucket, _, key = path.partition("/")
        return bucket, key, self.version

    async def _call_s3(self, method, *, Bucket, Key, Range, **options):
        assert (method, Bucket, Key) == ("get_object", "bucket", "file")
        self.options.append(options)
        start, last = map(int, Range.removeprefix("bytes=").split("-"))
        piece = self.content[start : last + 1]
        return {
            "ContentRange": f"bytes {start}-{start + len(piece) - 1}/{len(self.content)}",
            "ContentLength": len(piece),
            "ETag": "tag",
            "Body": Body(piece),
        } | self.changes


@pytest.mark.parametrize("version", [None, "3"])
def test_a_version_in_a_url_of_s3_is_asked_for(version, content):
    bucket = Bucket(content, version)
    connection = module.Connection(bucket, "bucket/file", "name")
    start = module.read_start(connection)
    assert start.data == content[: module.START]
    assert start.version.size == len(content)
    assert module.read_ranges(connection, [(5, 9), (0, 2)], start.version) == [
        content[5:9],
        content[:2],
    ]
    assert bucket.options == [{"VersionId": version} if version else {}] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"ContentRange": ""},
        {"ContentRange": f"bytes 1-{module.START}/{SIZE}"},
        {"ContentLength": module.START + 1},
    ],
    ids=str,
)
def test_wrong_answers_of_s3(change, content):
    """As over HTTP, no ranges are trusted then."""
    bucket = module.Connection(Bucket(content, **change), "bucket/file", "name")
    assert module.read_start(bucket) is None


class Refusal(Exception):
    """What s3fs raises its errors from."""

    def __init__(self, status):
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


@pytest.mark.parametrize(("status", "kind"), [(416, idxfast.IdxError), (500, OSError)])
def test_errors_of_s3(status, kind, content, monkeypatch):
    """A range after the end means that the object is shorter now."""
    bucket = Bucket(content)
    connection = module.Connection(bucket, "bucket/file", "name")
    start = module.read_start(connection)

    async def refuse(*_, **options):
        raise OSError(5, "no") from Refusal(status)

    monkeypatch.setattr(bucket, "_call_s3", refuse)
    with pytest.raises(kind) as caught:
        module.read_ranges(connection, [(SIZE, SIZE + 9)], start.version)
    assert isinstance(caught.value, idxfast.IdxError) == (status == 416)


@pytest.mark.parametrize(
    ("protocol", "others"),
    [("http", ()), (("s3", "s3a"), ()), ("other", ("set_session", "_call_s3"))],
    ids=str,
)
def test_the_file_systems_of_other_libraries(protocol, others, content):
    """For http and s3 as well: only what fsspec and s3fs have is used in their way."""
    memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem
    system = type("System", (memory,), {"protocol": protocol} | dict.fromkeys(others))()
    system.pipe("/systems/file", content)
    connection = module.Connection(system, "/systems/file", "name")
    start = module.read_start(connection)
    assert start.data == content[: module.START]
    assert module.read_ranges(connection, [(5, 9)], start.version) == [content[5:9]]


def test_a_file_of_unknown_size_is_read_in_order(content):
    memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem

    class Sizeless(memory):
        def info(self, path, **options):
            return super().info(path, **options) | {"size": None}

    Sizeless().pipe("/sizeless/file", content)
    connection = module.Connection(Sizeless(), "/sizeless/file", "name")
    assert module.read_start(connection) is None
    assert module.version_of(connection) is None
    with module.open_in_order(connection) as file:
        assert file.read() == content


@pytest.mark.parametrize(
    ("protocol", "options"), [("https", {"block_size": 0}), ("other", {})], ids=str
)
def test_with_which_options_a_file_is_opened(protocol, options):
    """Without a size of blocks, fsspec would request ranges over http."""

    class System:
        set_session = None

        def open(self, *arguments, **options):
            return arguments, options

    System.protocol = protocol
    opened = module.open_in_order(module.Connection(System(), "path", "name"))
    assert opened == (("path", "rb"), options)


def test_a_folder():
    memory = pytest.importorskip("fsspec").filesystem("memory")
    memory.makedirs("/objects/folder", exist_ok=True)
    for read in (idxfast.load, idxfast.open):
        with pytest.raises(IsADirectoryError) as caught:
            read("memory://objects/folder")
        assert caught.value.filename == "memory://objects/folder"


def test_requests_of_one_call_are_under_way_at_once(objects, content, monkeypatch):
    """Each answer waits until as many have been requested."""
    objects.files["file"] = content
    monkeypatch.setattr("idxfast.storage.ranges.MAX_GAP", 0)
    barrier = threading.Barrier(range_requests.CONCURRENT)

    def wait(handler, content):
        barrier.wait(60)
        handler.give(content)

    with open_source(f"{objects.url}file") as source:
        objects.faults["file"] = [wait] * range_requests.CONCURRENT
        memory = np.zeros(10 * range_requests.CONCURRENT, np.uint8)
        rows = np.arange(range_requests.CONCURRENT) * 20 + module.START // 10 + 1
        source.read_rows(memory, 10, 0, rows)
    assert memory.tobytes() == b"".join(content[10 * row : 10 * row + 10] for row in rows.tolist())


@pytest.fixture
def far_apart(monkeypatch, url):
    """A function that reads rows of 10 bytes, with a request for each."""
    monkeypatch.setattr("idxfast.storage.ranges.MAX_GAP", 0)

    def read(count):
        memory = np.zeros(10 * count, np.uint8)
        with open_source(url) as source:
            source.read_rows(memory, 10, module.START, np.arange(count) * 20)

    return read


def test_no_more_requests_are_under_way_than_may_be(far_apart, objects, monkeypatch):
    monkeypatch.setattr(range_requests, "CONCURRENT", 2)
    lock, under_way, most = threading.Lock(), 0, 0

    def count(handler, content):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        handler.server.stopping.wait(0.05)
        with lock:
            under_way -= 1
        handler.give(content)

    objects.faults["file"] = [lambda handler, content: handler.give(content)] + [count] * 8
    far_apart(8)
    assert len(objects.requests) == 9
    assert 1 <= most <= 2


def test_after_an_error_no_more_is_requested(far_apart, objects, monkeypatch):
    monkeypatch.setattr(range_requests, "CONCURRENT", 1)
    objects.faults["file"] = [lambda handler, content: handler.give(content), error(500)]
    with pytest.raises(OSError):
        far_apart(5)
    assert len(objects.requests) <= 3


def test_a_file_system_without_async_is_used_by_one_thread_at_a_time(content, rows):
    """Such as fsspec's for FTP, whose threads would share a connection."""
    fsspec = pytest.importorskip("fsspec")
    from fsspec.implementations.memory import MemoryFileSystem

    busy, overlaps = threading.Lock(), []

    class Alone(MemoryFileSystem):
        protocol = "alone"

        @classmethod
        def _strip_protocol(cls, path):
            return "/" + path.removeprefix("alone://").lstrip("/")

        def cat_file(self, path, start=None, end=None, **kwargs):
            if not busy.acquire(blocking=False):
                overlaps.append(path)
                return b""
            try:
                threading.Event().wait(0.001)
                return super().cat_file(path, start, end)
            finally:
                busy.release()

    fsspec.register_implementation("alone", Alone, clobber=True)
    fsspec.filesystem("memory").pipe("/alone/file", content)
    barrier, wrong = threading.Barrier(4), []

    def work(number):
        barrier.wait()
        for row in range(number, ROWS, 10):
            if not (file[row] == rows[row]).all():
                wrong.append(row)

    with idxfast.open("alone://alone/file") as file:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong and not overlaps


def test_what_a_file_system_remembers_of_a_file_is_not_used(content):
    fsspec = pytest.importorskip("fsspec")
    from fsspec.implementations.memory import MemoryFileSystem

    remembered = {}

    class Remembering(MemoryFileSystem):
        protocol = "remembering"

        @classmethod
        def _strip_protocol(cls, path):
            return "/" + path.removeprefix("remembering://").lstrip("/")

        def info(self, path, **kwargs):
            return remembered.setdefault(path, super().info(path))

        def invalidate_cache(self, path=None):
            remembered.clear()

    fsspec.register_implementation("remembering", Remembering, clobber=True)
    memory = fsspec.filesystem("memory")
    memory.pipe("/remembering/file", content)
    with idxfast.open("remembering://remembering/file") as file:
        copy = pickle.loads(pickle.dumps(file))
        memory.pipe("/remembering/file", content[:-1] + b"x")
        with pytest.raises(idxfast.IdxError, match="replaced or written to"):
            copy[0]
