"""append, and open with mode="a": the items are added, or the file is as before."""

import contextlib
import errno
import gzip
import multiprocessing
import os
import pickle
import stat
import struct
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import idxfast
from idxfast.writing import raw_items, seekable_items

KINDS = ["file", "file.gz"]
TYPES = ["u1", "i1", ">i2", ">i4", ">f4", ">f8"]


def save(path, array):
    idxfast.save(path, array, **({"seekable": True} if path.suffix == ".gz" else {}))


def read(path, dtype, ndim=3):
    """The array of a file, by the standard library alone."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    shape = struct.unpack(f">{ndim}I", data[4 : 4 + 4 * ndim])
    return np.frombuffer(data, dtype, offset=4 + 4 * ndim).reshape(shape)


@pytest.fixture(params=KINDS)
def path(request, tmp_path):
    return tmp_path / request.param


def draw(count, dtype="u1", seed=1):
    random = np.random.default_rng(seed)
    return random.integers(0, 100, (count, 5, 4)).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_in_any_order_and_layout(dtype, path):
    old, new = draw(7, dtype), draw(9, dtype, 2)
    save(path, old)
    native = new.astype(new.dtype.newbyteorder("="))
    strange = np.asfortranarray(native)[::-1].repeat(2, axis=0)[::2]
    idxfast.append(path, new)
    idxfast.append(os.fsencode(path), native)
    with idxfast.open(path, mode="a") as file:
        file.append(strange)
        file.append(native[3])
        file.append(new[:0])
        assert file.shape == (7 + 3 * 9 + 1, 5, 4)
        assert file.dtype == native.dtype
        assert file.dtype.isnative
    expected = np.concatenate([old, new, new, new[::-1], new[3:4]])
    assert read(path, dtype).tobytes() == expected.astype(dtype).tobytes()
    assert np.array_equal(idxfast.load(path), expected)
    with idxfast.open(path) as file:
        file.verify()
        assert np.array_equal(file[-10:], expected[-10:])


@pytest.mark.parametrize("name", KINDS)
def test_any_sequence_of_appends(name, tmp_path_factory):
    path = tmp_path_factory.mktemp("appends") / name

    @given(
        st.integers(0, 200),
        st.sampled_from(TYPES),
        st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 300), max_size=4)), max_size=3),
        st.sampled_from([(), (1,), (28, 28), (3, 0), (70_001,)]),
    )
    def check(count, dtype, sessions, item):
        parts = [np.full((count, *item), 7, dtype)]
        save(path, parts[0])
        for is_one_session, counts in sessions:
            new = [np.full((n, *item), n % 99, dtype) for n in counts if n < 20 or len(item) < 1]
            parts += new
            if is_one_session:
                with idxfast.open(path, "a") as file:
                    for array in new:
                        file.append(array)
            else:
                for array in new:
                    idxfast.append(path, array)
        assert np.array_equal(read(path, dtype, 1 + len(item)), np.concatenate(parts))
        assert np.array_equal(idxfast.load(path), np.concatenate(parts))

    check()


def test_a_large_append_has_blocks_like_those_of_save(tmp_path):
    images = np.random.default_rng(1).integers(0, 4, (5000, 28, 28), np.uint8)
    save(tmp_path / "whole.gz", images)
    save(tmp_path / "grown.gz", images[:83])
    idxfast.append(tmp_path / "grown.gz", images[83:])
    assert np.array_equal(read(tmp_path / "grown.gz", "u1"), images)
    sizes = [(tmp_path / name).stat().st_size for name in ("whole.gz", "grown.gz")]
    assert sizes[1] <= 1.01 * sizes[0]


@pytest.mark.parametrize(
    ("array", "error", "text"),
    [
        (np.zeros((2, 5, 4), np.int16), TypeError, r"holds uint8, not int16: array\.astype"),
        (np.zeros((2, 5, 4)), TypeError, "holds uint8, not float64"),
        ([[[1] * 4] * 5], TypeError, r"holds uint8, not int64: array\.astype"),
        (np.ma.zeros((2, 5, 4), np.uint8), TypeError, "mask"),
        (
            np.zeros((2, 4, 5), np.uint8),
            ValueError,
            r"shape \(5, 4\), and n items have \(n, 5, 4\)",
        ),
        (np.zeros(4, np.uint8), ValueError, r"but the array has \(4,\)"),
        (np.zeros((1, 1, 5, 4), np.uint8), ValueError, r"has \(1, 1, 5, 4\)"),
    ],
)
def test_items_that_do_not_fit(array, error, text, path):
    save(path, draw(3))
    before = path.read_bytes()
    with pytest.raises(error, match=text):
        idxfast.append(path, array)
    with idxfast.open(path, mode="a") as file:
        with pytest.raises(error, match=text):
            file.append(array)
        file.append(draw(0))
    assert path.read_bytes() == before


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="numpy 2 has it")
def test_strings_of_any_length_do_not_fit(path):
    save(path, draw(3))
    before = path.read_bytes()
    with pytest.raises(TypeError, match="holds uint8, not StringDType"):
        idxfast.append(path, np.array(["a"], np.dtypes.StringDType()))
    assert path.read_bytes() == before


def test_labels_one_by_one(path):
    save(path, np.zeros(0, np.uint8))
    for label in range(5):
        idxfast.append(path, np.uint8(label))
    assert read(path, "u1", 1).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["raw", "seekable"])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_full_disk_s_error_names_the_file(kind, is_listed, tmp_path, run_child):
    """Whether the append is one call of compiled code (arrays) or not (lists)."""
    pytest.importorskip("resource")
    path = tmp_path / ("a.gz" if kind == "seekable" else "a")
    idxfast.save(path, draw(100), seekable=kind == "seekable")
    before = path.read_bytes()
    code = """
import resource, signal, sys
import numpy as np, idxfast
path, is_listed, limit = sys.argv[1], *map(int, sys.argv[2:])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
items = np.random.default_rng(1).integers(0, 256, (99, *idxfast.read_header(path).shape[1:]), "u1")
try:
    idxfast.append(path, list(items) if is_listed else items)
except OSError as error:
    print(error.errno, error.filename)
"""
    words = run_child(code, path, int(is_listed), len(before) + 10)
    assert words == [str(errno.EFBIG), str(path)]
    assert path.read_bytes() == before


def test_a_file_that_is_no_place_for_items(path):
    with pytest.raises(FileNotFoundError) as missing:
        idxfast.append(path, draw(1))
    assert missing.value.filename == str(path)
    with pytest.raises(IsADirectoryError):
        idxfast.append(path.parent, draw(1))
    save(path, np.array(1, np.uint8))
    with pytest.raises(idxfast.IdxError, match="a single number") as scalar:
        idxfast.append(path, draw(1))
    assert (scalar.value.part, scalar.value.filename) == ("dimensions", str(path))
    with pytest.raises(ValueError, match="is a URL"):
        idxfast.append("memory://file", draw(1))
    with pytest.raises(TypeError):
        idxfast.append(5, draw(1))
    with pytest.raises(ValueError, match="mode is 'w', neither 'r' nor 'a'"):
        idxfast.open(path, mode="w")
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_file_that_may_not_be_written_to(path):
    save(path, draw(1))
    path.chmod(0o400)
    with pytest.raises(PermissionError):
        idxfast.append(path, draw(1))


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_a_link_stays(path):
    save(path, draw(3))
    link = path.with_name("link")
    link.symlink_to(path.name)
    path.chmod(0o640)
    before = path.stat()
    idxfast.append(link, draw(2))
    after = path.stat()
    assert link.is_symlink()
    assert (before.st_ino, stat.S_IMODE(after.st_mode)) == (after.st_ino, 0o640)
    assert len(idxfast.load(path)) == 5


def test_more_items_than_a_header_can_state(tmp_path):
    path = tmp_path / "file"
    header = bytes.fromhex("00000802ffffffff00000000")
    path.write_bytes(header)
    with pytest.raises(idxfast.SizeError, match="more items than an IDX header can state") as error:
        idxfast.append(path, np.zeros((1, 0), np.uint8))
    assert (error.value.expected, error.value.found) == ("at most 4,294,967,295", 1 << 32)
    assert path.read_bytes() == header


def test_a_closed_file(path):
    save(path, draw(1))
    file = idxfast.open(path, mode="a")
    assert repr(file) == f"<IdxAppender {str(path)!r}: uint8 (1, 5, 4)>"
    file.close()
    file.close()
    assert repr(file).endswith("(1, 5, 4), closed>")
    with pytest.raises(ValueError, match="closed"):
        file.append(draw(1))
    assert len(idxfast.load(path)) == 1
    with pytest.raises(TypeError):
        pickle.dumps(file)


def is_open(path):
    """Whether this process has a descriptor of the file, among the first 1,000."""
    for descriptor in range(1000):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return True
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="has other descriptors")
def test_closing_while_another_thread_appends(path, monkeypatch):
    """The descriptor stays open: if it were closed, the writes could go to another file.

    The items are too many for one call.
    """
    reached, go_on = threading.Event(), threading.Event()

    def waiting(write_at):
        def wait(*arguments, **options):
            reached.set()
            assert go_on.wait(60)
            write_at(*arguments, **options)

        return wait

    for room in (raw_items, seekable_items):
        monkeypatch.setattr(room, "write_at", waiting(room.write_at))
    save(path, draw(3))
    file = idxfast.open(path, mode="a")
    thread = threading.Thread(target=file.append, args=(draw(60_000),))
    thread.start()
    assert reached.wait(60)
    file.close()
    assert is_open(path)
    go_on.set()
    thread.join()
    assert not is_open(path)
    assert np.array_equal(read(path, "u1"), np.concatenate([draw(3), draw(60_000)]))
    with pytest.raises(ValueError, match="closed"):
        file.append(draw(1))


def test_a_file_that_was_replaced_meanwhile(path):
    save(path, draw(1))
    with idxfast.open(path, mode="a") as file:
        save(path, draw(2))
        with pytest.raises(idxfast.IdxError, match="replaced or removed"):
            file.append(draw(1))
    assert len(idxfast.load(path)) == 2


def test_two_that_append_in_turn(path):
    save(path, draw(1))
    with idxfast.open(path, mode="a") as one, idxfast.open(path, mode="a") as other:
        for _ in range(3):
            one.append(draw(2, seed=2))
            other.append(draw(3, seed=3))
        assert other.shape == (16, 5, 4)
    expected = [draw(1), *[draw(2, seed=2), draw(3, seed=3)] * 3]
    assert np.array_equal(read(path, "u1"), np.concatenate(expected))


def test_threads(path):
    save(path, draw(0))
    with idxfast.open(path, mode="a") as file:

        def run(number):
            for _ in range(10):
                file.append(np.full((number, 5, 4), number, np.uint8))
                idxfast.append(path, np.full((number, 5, 4), number, np.uint8))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    check_runs(path, 20)


def check_runs(path, times):
    """Each number from 1 to 4 was appended `times` times, each time as that number of items."""
    numbers = read(path, "u1")[:, 0, 0].tolist()
    found = []
    while numbers:
        number = numbers[0]
        assert numbers[:number] == [number] * number
        found.append(number)
        del numbers[:number]
    assert sorted(found) == sorted([1, 2, 3, 4] * times)


APPENDING = """
import sys, numpy, idxfast
number = int(sys.argv[2])
for _ in range(10):
    idxfast.append(sys.argv[1], numpy.full((number, 5, 4), number, numpy.uint8))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks")
def test_processes(path):
    save(path, draw(0))
    command = [sys.executable, "-P", "-c", APPENDING, str(path)]
    children = [subprocess.Popen([*command, str(number)]) for number in range(1, 5)]
    assert [child.wait(timeout=300) for child in children] == [0] * 4
    check_runs(path, 10)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_has_to_open_the_file_again(path):
    save(path, draw(1))
    with idxfast.open(path, mode="a") as file:
        child = os.fork()
        if not child:
            try:
                file.append(draw(1))
            except ValueError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert len(idxfast.load(path)) == 1
