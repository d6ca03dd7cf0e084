"""The drop-in module for mnist (datapythonista's), against mnist itself."""

import gzip
import io
import os
import tempfile
import threading

import numpy as np
import pytest

from idxfast import ChecksumError, HashMismatchError
from idxfast.compat import mnist as ours
from idxfast.datasets import fetching

LABELS = "train-labels-idx1-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"
TYPES = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]


@pytest.fixture(scope="module")
def theirs():
    module = pytest.importorskip("mnist")
    if not hasattr(module, "parse_idx"):
        pytest.skip("the package mnist is another one")
    return module


class Response:
    """An answer of a server, in pieces that a generator gives."""

    def __init__(self, pieces):
        self.pieces = iter(pieces)

    def info(self):
        return {}

    def read(self, size):
        return next(self.pieces, b"")

    def close(self):
        pass


@pytest.fixture
def remote(family, publish):
    """The small set as MNIST, on the mirror."""
    packed = {path.name: path.read_bytes() for path in family.packed.iterdir()}
    publish("mnist", packed)
    return packed


def test_names(theirs):
    assert ours.datasets_url == theirs.datasets_url
    assert ours.temporary_dir is theirs.temporary_dir is tempfile.gettempdir
    assert issubclass(ours.IdxDecodeError, ValueError)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (0, 4, 5), (2, 3, 4, 5)], ids=str)
@pytest.mark.parametrize("code", TYPES, ids=hex)
def test_parse_idx(theirs, same, oracle, code, shape):
    data = oracle.pack(code, shape)
    array = ours.parse_idx(io.BytesIO(data))
    same(array, theirs.parse_idx(io.BytesIO(data)))
    assert array.dtype.isnative
    assert array.flags.writeable


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_published_files(theirs, same, published, name):
    same(
        ours.download_and_parse_mnist_file(name, target_dir=str(published)),
        theirs.download_and_parse_mnist_file(name, target_dir=str(published)),
    )


@pytest.mark.parametrize("number", range(4))
def test_the_four_functions(theirs, same, family, monkeypatch, number):
    name = ("train_images", "train_labels", "test_images", "test_labels")[number]
    for module in (theirs, ours):
        monkeypatch.setattr(module, "temporary_dir", lambda: str(family.packed))
    array = getattr(ours, name)()
    same(array, getattr(theirs, name)())
    same(array, (family.train + family.t10k)[number])


MESSAGES = {
    b"": "Invalid IDX file, file empty or does not contain a full header.",
    b"\0\0\x08": "Invalid IDX file, file empty or does not contain a full header.",
    b"\0\1\x08\1": "Invalid IDX file, file must start with two zero bytes. Found 0x01",
    b"\1\2\x08\1": "Invalid IDX file, file must start with two zero bytes. Found 0x102",
    b"\0\0\x0a\1\0\0\0\1": "Unknown data type 0x0a in IDX file",
    b"\0\0\x08\4" + b"\xff" * 16: "IDX file has wrong number of items. ",
    b"\0\0\x08\xff" + b"\0\0\0\1" * 255: "IDX file has wrong number of items. ",
    b"\0\0\x08\1\0\0\0\2\1": "IDX file has wrong number of items. ",
    b"\0\0\x08\1\0\0\0\2\1\2\3": "IDX file has wrong number of items. ",
}


@pytest.mark.parametrize("data", MESSAGES, ids=lambda data: repr(data[:12]))
def test_messages(theirs, data):
    for module in (theirs, ours):
        with pytest.raises(module.IdxDecodeError) as caught:
            module.parse_idx(io.BytesIO(data))
        assert str(caught.value).startswith(MESSAGES[data])
    if not MESSAGES[data].endswith(" "):
        assert str(caught.value) == MESSAGES[data]


def test_damaged_gzip_is_told_as_such(oracle):
    data = bytearray(gzip.compress(oracle.pack(0x08, (3,))))
    data[-8] ^= 1
    with pytest.raises(ChecksumError):
        ours.parse_idx(io.BytesIO(data))


def test_gzip_that_ends_early_is_an_eof_error(theirs, oracle):
    data = gzip.compress(oracle.pack(0x08, (300,)))
    for size in (4, 12, 100, len(data) - 1):
        for module in (theirs, ours):
            with pytest.raises(EOFError), gzip.open(io.BytesIO(data[:size])) as file:
                module.parse_idx(file)


def test_whole_gzip_of_a_file_that_was_cut_short(theirs, oracle):
    data = gzip.compress(oracle.pack(0x08, (300,))[:-1])
    for module in (theirs, ours):
        with (
            pytest.raises(module.IdxDecodeError, match="wrong number of items"),
            gzip.open(io.BytesIO(data)) as file,
        ):
            module.parse_idx(file)


def test_a_file_that_is_there_is_not_downloaded(family, remote, mirror):
    path = ours.download_file(LABELS, target_dir=str(family.packed))
    assert path == os.path.join(family.packed, LABELS)
    assert mirror.requests == []


def _files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".gz"}


def test_the_first_url_means_a_checked_download(tmp_path, family, remote, mirror, same):
    """Only the file that was asked for is downloaded, whatever is beside it."""
    (tmp_path / TEST_LABELS).write_bytes(b"damaged")
    path = ours.download_file(LABELS, target_dir=str(tmp_path))
    assert path == os.path.join(tmp_path, LABELS)
    same(ours.download_and_parse_mnist_file(LABELS, str(tmp_path)), family.train[1])
    assert mirror.requests == [(f"mnist/{LABELS}", None)]
    assert _files(tmp_path) == {LABELS: remote[LABELS], TEST_LABELS: b"damaged"}


@pytest.mark.parametrize("damaged", [b"", b"other", gzip.compress(b"\0\0\x08\1\0\0\0\1\7")])
def test_force_replaces_what_is_not_the_published_file(damaged, tmp_path, family, remote, same):
    (tmp_path / LABELS).write_bytes(damaged)
    same(ours.download_and_parse_mnist_file(LABELS, str(tmp_path), force=True), family.train[1])
    assert _files(tmp_path) == {LABELS: remote[LABELS]}


def test_force_leaves_the_published_file(tmp_path, remote, mirror):
    (tmp_path / LABELS).write_bytes(remote[LABELS])
    ours.download_file(LABELS, str(tmp_path), force=True)
    assert mirror.requests == []


def test_a_file_that_mnist_has_not(tmp_path, remote, mirror):
    with pytest.raises(OSError, match=rf"mnist has no file 'no\.gz'; there are: .*{LABELS}"):
        ours.download_file("no.gz", str(tmp_path))
    assert mirror.requests == []
    assert os.listdir(tmp_path) == []


def test_a_url_that_was_set_is_asked(tmp_path, monkeypatch):
    asked = []

    def retrieve(url, path):
        asked.append(url)
        with open(path, "wb") as file:
            file.write(gzip.compress(b"\0\0\x08\1\0\0\0\2\1\2"))

    monkeypatch.setattr(ours, "datasets_url", "http://localhost/sets/")
    monkeypatch.setattr(ours, "urlretrieve", retrieve)
    for force in (False, False, True):
        array = ours.download_and_parse_mnist_file("a.gz", str(tmp_path), force)
        assert array.tolist() == [1, 2]
    assert asked == ["http://localhost/sets/a.gz"] * 2
    assert os.listdir(tmp_path) == ["a.gz"]


@pytest.mark.parametrize("url", [ours.datasets_url, "http://example.org/other/"])
@pytest.mark.parametrize("given", [True, False])
def test_an_urlretrieve_that_was_replaced_is_called(
    tmp_path, family, same, mirror, monkeypatch, url, given
):
    """Also with the first URL, and for a file that MNIST does not have."""
    calls = []

    def urlretrieve(*arguments):
        calls.append(arguments)
        with open(arguments[1], "wb") as file:
            file.write((family.packed / LABELS).read_bytes())

    monkeypatch.setattr(ours, "urlretrieve", urlretrieve)
    monkeypatch.setattr(ours, "datasets_url", url)
    monkeypatch.setattr(ours, "temporary_dir", lambda: str(tmp_path))
    folder = str(tmp_path) if given else None
    path = str(tmp_path / "a")
    assert ours.download_file("a", folder) == ours.download_file("a", folder) == path
    assert calls == [(f"{url}a", path)]
    ours.download_file("a", folder, force=True)
    assert calls == [(f"{url}a", path)] * 2
    same(ours.download_and_parse_mnist_file(LABELS, folder), family.train[1])
    assert len(calls) == 3 and mirror.requests == []


def test_two_downloads_at_once_do_not_meet(tmp_path, monkeypatch):
    """The second download begins when the first is half done, and goes on when the first has ended."""
    content = gzip.compress(b"\0\0\x08\1\0\0\0\2\1\2")
    began, halfway, ended = threading.Event(), threading.Event(), threading.Event()
    arrays = []

    def pieces():
        first = not began.is_set()
        yield content[:20]
        if first:
            began.set()
            assert halfway.wait(60)
        else:
            halfway.set()
            assert ended.wait(60)
        yield content[20:]

    def work():
        arrays.append(ours.download_and_parse_mnist_file("a.gz", str(tmp_path), force=True))

    monkeypatch.setattr(ours, "datasets_url", "http://localhost/")
    monkeypatch.setattr("urllib.request.urlopen", lambda url, data: Response(pieces()))
    threads = [threading.Thread(target=work) for _ in range(2)]
    threads[0].start()
    assert began.wait(60)
    threads[1].start()
    threads[0].join()
    assert (tmp_path / "a.gz").read_bytes() == content
    ended.set()
    threads[1].join()
    assert [array.tolist() for array in arrays] == [[1, 2]] * 2
    assert os.listdir(tmp_path) == ["a.gz"]


def test_a_download_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def pieces():
        yield b"half of"
        raise OSError("connection lost")

    monkeypatch.setattr(ours, "datasets_url", "http://localhost/")
    monkeypatch.setattr("urllib.request.urlopen", lambda url, data: Response(pieces()))
    with pytest.raises(OSError, match="connection lost"):
        ours.download_file("a.gz", str(tmp_path))
    assert os.listdir(tmp_path) == []


def test_any_name_is_recognised_by_content(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(b"\0\0\x09\1\0\0\0\1\xff"))
    array = ours.download_and_parse_mnist_file("a", str(tmp_path))
    assert array.dtype == np.int8
    assert array.tolist() == [-1]


NOBODY = 65534


@pytest.fixture
def shared(tmp_path, monkeypatch, family):
    """A folder for temporary files, as on most systems, with labels in it."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(ours, "temporary_dir", lambda: str(folder))
    (folder / LABELS).write_bytes((family.packed / LABELS).read_bytes())
    (folder / LABELS).chmod(0o644)
    return folder


def _foreign(path):
    if os.geteuid():
        pytest.skip("needs root")
    os.chown(path, NOBODY, NOBODY)


def _open_to_others(path):
    path.chmod(0o666)


def _link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


REFUSED = {
    _foreign: "it belongs to another user: name another folder",
    _open_to_others: "others may write to it",
    _link: "it is a symbolic link",
}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_what_others_have_put_into_the_shared_folder_is_refused(
    change, shared, same, family, remote, mirror
):
    same(ours.train_labels(), family.train[1])
    change(shared / LABELS)
    for read in (ours.train_labels, lambda: ours.download_file(LABELS)):
        with pytest.raises(PermissionError, match=REFUSED[change]) as caught:
            read()
        assert caught.value.filename == str(shared / LABELS)
    assert mirror.requests == []
    # A folder that is named, or that is one's own, is taken as it is.
    same(ours.download_and_parse_mnist_file(LABELS, str(shared)), family.train[1])
    shared.chmod(0o755)
    same(ours.train_labels(), family.train[1])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_the_folder_of_another_user_is_as_one_that_all_share(shared):
    shared.chmod(0o755)
    os.chown(shared, NOBODY, NOBODY)
    os.chown(shared / LABELS, NOBODY, NOBODY)
    with pytest.raises(PermissionError, match="another user"):
        ours.train_labels()


@pytest.mark.parametrize("force", [False, True])
def test_what_is_loaded_is_what_was_verified(force, tmp_path, family, remote, same, monkeypatch):
    """Even if another file takes its path right after the download."""
    fetch_file = fetching.fetch_file

    def fetch_and_swap(name, filename, path):
        fetch_file(name, filename, path)
        with open(path, "wb") as file:
            file.write(remote[TEST_LABELS])

    if force:
        (tmp_path / LABELS).write_bytes(remote[LABELS])
    monkeypatch.setattr(fetching, "fetch_file", fetch_and_swap)
    with pytest.raises(HashMismatchError):
        ours.download_and_parse_mnist_file(LABELS, str(tmp_path), force)
    monkeypatch.setattr(fetching, "fetch_file", fetch_file)
    same(ours.download_and_parse_mnist_file(LABELS, str(tmp_path), True), family.train[1])
