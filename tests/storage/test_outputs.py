"""Writing to a path or an object: permissions, links, the order of calls, failing calls."""

import errno
import io
import os
import stat
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast
from files.traced import check_calls
from idxfast.storage import outputs


def test_modes_and_links(tmp_path):
    array = np.zeros(3, np.uint8)
    path, link = tmp_path / "file", tmp_path / "link"
    idxfast.save(path, array)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    link.symlink_to(path)
    os.link(path, tmp_path / "old")
    idxfast.save(link, array + 1)
    assert link.is_symlink()
    assert idxfast.load(tmp_path / "old").tolist() == [0, 0, 0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert idxfast.load(path).tolist() == [1, 1, 1]
    with pytest.raises(IsADirectoryError):
        idxfast.save(tmp_path, array)


@pytest.mark.parametrize("letter", ["x", "ü", "\U0001f600"])
def test_long_names(letter, tmp_path):
    longest = 255 // len(letter.encode())
    for count in (1, 79, 80, 81, longest - 1, longest):
        if count > longest:
            continue
        path = tmp_path / (letter * count)
        idxfast.save(path, np.arange(3, dtype=np.uint8))
        assert idxfast.load(path).tolist() == [0, 1, 2]
        path.unlink()
    assert os.listdir(tmp_path) == []


class Failing(io.RawIOBase):
    def __init__(self, after):
        self.after = after
        self.calls = 0

    def writable(self):
        return True

    def write(self, data):
        self.calls += 1
        if self.calls == self.after:
            raise OSError(errno.EIO, "gone")
        return min(5, len(data))


def test_file_objects(tmp_path):
    for after in range(1, 20):
        failing = Failing(after)
        with pytest.raises(OSError, match="gone"):
            idxfast.save(failing, np.zeros(100, np.uint8))
        assert failing.calls == after
    with pytest.raises(TypeError, match="binary"):
        idxfast.save(io.StringIO(), np.zeros(3, np.uint8))
    with (tmp_path / "file").open("wb", buffering=0) as file:
        idxfast.save(file, np.arange(3, dtype=np.uint8), compresslevel=1)
    assert idxfast.load(tmp_path / "file").tolist() == [0, 1, 2]


@pytest.mark.parametrize("wrong", [None, 1.5, ["file"], object()])
def test_what_is_no_file_is_refused(wrong):
    with pytest.raises(TypeError, match=r"^<\w+> is neither a path nor a binary file$"):
        idxfast.save(wrong, np.zeros(3, np.uint8))


def test_an_object_whose_write_returns_nothing(oracle):
    class Collector:
        def __init__(self):
            self.content = b""

        def write(self, data):
            self.content += data

    collector = Collector()
    idxfast.save(collector, np.arange(200, dtype=np.uint8))
    assert collector.content == oracle.pack(0x08, (200,), bytes(range(200)))


@pytest.mark.parametrize("options", [{}, {"compresslevel": 1}, {"seekable": True}], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_an_object_may_keep_what_it_is_given(dtype, options):
    parts = []
    array = np.arange(200_000).astype(dtype)
    expected = io.BytesIO()
    idxfast.save(expected, array, **options)
    idxfast.save(SimpleNamespace(write=parts.append), array, **options)
    array[:] = 0
    assert b"".join(parts) == expected.getvalue()


def test_an_object_may_take_a_part_at_a_time():
    parts = []

    def write(data):
        parts.append(data[:30])
        return len(parts[-1])

    idxfast.save(SimpleNamespace(write=write), np.arange(100, dtype=np.uint8))
    assert b"".join(parts) == idxfast.dumps(np.arange(100, dtype=np.uint8))


def test_paths_of_bytes_and_descriptors(tmp_path):
    path, array = tmp_path / "file", np.arange(3, dtype=np.uint8)
    packed = tmp_path / "file.gz"
    idxfast.save(os.fsencode(path), array)
    idxfast.save(os.fsencode(packed), array)
    assert path.read_bytes() == idxfast.dumps(array)
    assert packed.read_bytes() == idxfast.dumps(array, compresslevel=6)
    with open(path, "w+b", buffering=0) as file:
        for options in ({}, {"compresslevel": 6}):
            file.seek(0)
            file.write(b"other bytes")
            idxfast.save(file.fileno(), array, **options)
            file.seek(11)
            assert idxfast.load(file.fileno()).tolist() == [0, 1, 2]
    with pytest.raises(OSError) as error:
        idxfast.save(10**6, array)
    assert error.value.errno == errno.EBADF


@pytest.mark.parametrize("count", [0, -1, 12])
def test_an_object_that_takes_no_such_count(count):
    file = Failing(0)
    file.write = lambda view: count
    with pytest.raises(OSError, match=f"took {count} bytes where 11"):
        outputs.write(file, [bytes(11)])


def test_a_pipe_that_takes_no_more():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with (
        open(reading, "rb"),
        open(writing, "wb", buffering=0) as file,
        pytest.raises(BlockingIOError),
    ):
        idxfast.save(file, np.zeros(1_000_000, np.uint8))


@pytest.mark.parametrize("call", ["write", "mkdir", "open", "fsync", "replace"])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.EDQUOT, "no!"), OSError(errno.EACCES, "no!"), KeyboardInterrupt("no!")],
    ids=["OSError", "PermissionError", "KeyboardInterrupt"],
)
def test_a_failing_call_leaves_the_old_file(call, error, tmp_path, monkeypatch):
    path = tmp_path / "file"
    idxfast.save(path, np.zeros(3, np.uint8))

    def fail(*arguments, **options):
        raise error

    def pieces():
        yield b"\0\0\x08"
        raise error

    with monkeypatch.context() as patch, pytest.raises(type(error), match="no!"):
        if call == "write":
            outputs.write(path, pieces())
        else:
            patch.setattr(os, call, fail)
            idxfast.save(path, np.ones(3, np.uint8))
    assert idxfast.load(path).tolist() == [0, 0, 0]
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_written_to(oracle, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    # Open for both, so that neither side waits for the other.
    with open(os.open(path, os.O_RDWR), "r+b", buffering=0) as pipe:
        idxfast.save(path, np.arange(3, dtype=np.uint8))
        os.set_blocking(pipe.fileno(), False)
        assert pipe.read(100) == oracle.pack(0x08, (3,), b"\0\1\2")
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.skipif(
    not (hasattr(os, "memfd_create") and os.path.exists("/proc/self/fd")),
    reason="needs files without a name",
)
def test_a_file_without_a_name_is_written_to(oracle, tmp_path):
    """By the names that the system has for what is open, like /dev/stdout."""
    content = oracle.pack(0x08, (3,), b"\0\1\2")
    receiver, sender = os.pipe()
    unlinked = os.open(tmp_path / "unlinked", os.O_RDWR | os.O_CREAT)
    os.unlink(tmp_path / "unlinked")
    # The system adds "(deleted)" to the name of the file above, even if another file has that name.
    (tmp_path / "unlinked (deleted)").touch()
    # Another file has got the name of one that is still open.
    moved = os.open(tmp_path / "moved", os.O_RDWR | os.O_CREAT)
    os.replace(tmp_path / "moved", tmp_path / "elsewhere")
    opened = [os.memfd_create("file"), unlinked, sender, moved]
    try:
        for descriptor in opened:
            idxfast.save(f"/proc/self/fd/{descriptor}", np.arange(3, dtype=np.uint8))
        assert os.read(receiver, 100) == content
        assert [os.pread(descriptor, 100, 0) for descriptor in opened[:2]] == [content] * 2
    finally:
        for descriptor in (receiver, *opened):
            os.close(descriptor)
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "unlinked (deleted)"]
    assert (tmp_path / "unlinked (deleted)").read_bytes() == b""
    assert (tmp_path / "elsewhere").read_bytes() == content


@pytest.mark.parametrize("through_link", [False, True])
def test_a_file_that_others_replace_meanwhile_is_replaced(through_link, tmp_path, monkeypatch):
    """What others have written is never opened for writing."""
    path, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(path)
    target = link if through_link else path
    write = outputs.write_atomically

    def replace_and_write(*arguments):
        other = tmp_path / "other"
        other.write_bytes(b"of another process")
        other.replace(path)
        return write(*arguments)

    path.write_bytes(b"old")
    opened, real_open = [], os.open

    def open_and_note(name, flags, *arguments, **options):
        opened.append(flags & (os.O_EXCL | os.O_TRUNC))
        return real_open(name, flags, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(outputs, "write_atomically", replace_and_write)
        patch.setattr(os, "open", open_and_note)
        idxfast.save(target, np.arange(3, dtype=np.uint8))
    assert opened == [os.O_EXCL]
    assert idxfast.load(path).tolist() == [0, 1, 2]


def test_parents_are_those_of_the_system(tmp_path):
    """After a link, ".." is the parent of the folder that the link leads to."""
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "inner")
    for value in (1, 2):
        idxfast.save(tmp_path / "link" / ".." / "file", np.full(3, value, np.uint8))
        assert idxfast.load(tmp_path / "real" / "file").tolist() == [value] * 3
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


def test_the_folder_may_not_be_written_to(tmp_path):
    code = (
        "import os, sys, idxfast, numpy.ma; idxfast.save\n"
        "os.chdir(sys.argv[1])\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: idxfast.save('file', numpy.ones(3, numpy.uint8))\n"
        "except PermissionError: print('refused', *os.listdir())\n"
    )
    idxfast.save(tmp_path / "file", np.zeros(3, np.uint8))
    tmp_path.chmod(0o555)
    command = [sys.executable, "-P", "-c", code, str(tmp_path)]
    child = subprocess.run(command, capture_output=True, text=True, timeout=60)
    tmp_path.chmod(0o755)
    assert child.stdout.split() == ["refused", "file"], child.stderr
    assert idxfast.load(tmp_path / "file").tolist() == [0, 0, 0]


def test_the_folder_may_not_be_listed():
    code = (
        "import os, sys, idxfast, numpy.ma; idxfast.save\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "idxfast.save(sys.argv[1], numpy.ones(3, numpy.uint8))\n"
    )
    # Not in tmp_path, whose parents are closed to others.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        os.chmod(folder, 0o333)
        command = [sys.executable, "-P", "-c", code, path]
        child = subprocess.run(command, capture_output=True, text=True, timeout=60)
        os.chmod(folder, 0o755)
        assert child.returncode == 0, child.stderr
        assert idxfast.load(path).tolist() == [1, 1, 1]


@pytest.mark.parametrize("call", ["mkdir", "open", "replace"])
def test_an_error_of_the_temporary_names_the_path(call, tmp_path, monkeypatch):
    path = tmp_path / "file"
    idxfast.save(path, np.zeros(3, np.uint8))

    def fail(temporary, *arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied", temporary)

    with monkeypatch.context() as patch, pytest.raises(PermissionError) as caught:
        patch.setattr(os, call, fail)
        idxfast.save(path, np.zeros(3, np.uint8))
    assert str(caught.value) == f"[Errno {errno.EACCES}] Permission denied: {str(path)!r}"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "missing/",
        "file/",
        "folder/",
        "folder/file/",
        "missing/file",
        "file/in",
        "file/.",
        "file/../new",
        "missing/../new",
        "loop",
        "x" * 300,
    ],
)
def test_where_no_file_can_be_made_the_error_is_that_of_open(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    errors = []
    for write in (lambda: io.FileIO(name, "w"), lambda: idxfast.save(name, np.zeros(3, np.uint8))):
        with pytest.raises(OSError) as caught:
            write()
        errors.append((type(caught.value), str(caught.value)))
    assert errors[0] == errors[1]
    assert sorted(os.listdir()) == ["file", "folder", "loop"]
    assert os.listdir("folder") == []


def test_order_of_system_calls(tmp_path):
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    folder, private = r"\d+<[^>]*folder>", r"\d+<[^>]*/\.file\.\d+\.tmp>"
    steps = [
        r'openat\(.*"[^"]*folder", .*O_DIRECTORY',
        rf'openat\({folder}, "file", O_RDONLY\|O_NOFOLLOW\|O_CLOEXEC\|O_PATH',
        rf'mkdirat\({folder}, "\.file\.\d+\.tmp", 0700\)',
        rf'openat\({folder}, "\.file\.\d+\.tmp", (?=.*O_DIRECTORY).*O_NOFOLLOW',
        rf'openat\({private}, "idxfast-\d+-\w+", O_WRONLY\|O_CREAT\|O_EXCL\|O_CLOEXEC, 0666',
        r"write\(\d+<.*\.tmp/idxfast-\d+-\w+>, .*, 8\)",
        r"write\(\d+<.*\.tmp/idxfast-\d+-\w+>, .*, 3\)",
        rf'openat\({folder}, "file", O_RDONLY\|O_NOFOLLOW\|O_CLOEXEC\|O_PATH',
        r"fsync\(\d+<.*\.tmp/idxfast-\d+-\w+>\)",
        rf'renameat\w*\({private}, "idxfast-\d+-\w+", {folder}, "file"',
        rf'unlinkat\({folder}, "\.file\.\d+\.tmp", AT_REMOVEDIR\)',
        rf"fsync\({folder}\)",
    ]
    check_calls(
        "import idxfast, numpy, sys; idxfast.save(sys.argv[1], numpy.ones(3, numpy.uint8))",
        path,
        calls="openat,mkdirat,write,fsync,rename,renameat,renameat2,unlink,unlinkat,ftruncate",
        place=path.parent,
        steps=steps,
        trace=tmp_path / "trace",
    )
