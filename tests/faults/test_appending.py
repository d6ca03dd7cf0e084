"""A kill, a full disk, Ctrl-C at each change of a file: append and create lose nothing."""

import os
import subprocess

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or not hasattr(os, "fdatasync"), reason="needs fork and fdatasync"
)

# From 3.12 on, Python warns of a fork beside the threads that numpy's BLAS starts.
QUIET = ["env", "PYTHONWARNINGS=ignore::DeprecationWarning"]

# Counts the calls that change files, and acts in place of one of them.
HOOKED = """
import errno, gzip, os, signal, struct, sys
import numpy, idxfast

from idxfast.native import files

path, kind = sys.argv[1:3]
CALLS = "ftruncate", "fsync", "fdatasync", "replace", "mkdir"
originals = {name: getattr(os, name) for name in CALLS}
write_at, append_items = files.write_at, files.append_items
random = numpy.random.default_rng(1)
old, new, more = (random.integers(0, 256, (n, 40, 40), numpy.uint8) for n in (50, 130, 3))
if kind == "append":
    new = new[::-1]  # so that it is written in several pieces


def half(call, arguments):
    # A write of the few bytes of a header is whole, or is not made at all.
    if call is write_at and len(memoryview(arguments[1]).cast("B")) > 64:
        descriptor, data, position, _ = arguments
        call(descriptor, bytes(data)[: len(bytes(data)) // 2], position, False)


def hook(act):
    count = 0

    def hooked(call, arguments, options):
        nonlocal count
        count += 1
        act(count, call, arguments)
        result = call(*arguments, **options)
        act(-count, call, arguments)
        return result

    def write(descriptor, data, position, is_awaited):
        hooked(write_at, (descriptor, data, position, False), {})
        if is_awaited:
            os.fdatasync(descriptor)

    for name, call in originals.items():
        setattr(os, name, lambda *a, _call=call, **o: hooked(_call, a, o))
    # The system calls of `append_items` cannot be replaced; see test_append_in_one_call.py.
    files.write_at, files.append_items = write, lambda *_: None


def unhook():
    for name, call in originals.items():
        setattr(os, name, call)
    files.write_at, files.append_items = write_at, append_items


def read():
    "The array by the standard library alone, once idxfast does not refuse it."
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".gz"):
        data = gzip.decompress(data)
    shape = struct.unpack(">3I", data[4:16])
    assert data[:4] == bytes([0, 0, 8, 3])
    return numpy.frombuffer(data, numpy.uint8, offset=16).reshape(shape)


def found(*allowed):
    "Which of the arrays the file holds; None if it is refused."
    try:
        array = idxfast.load(path)
    except idxfast.IdxError:
        return None
    assert numpy.array_equal(array, read())
    for one in allowed:
        if numpy.array_equal(array, one):
            return one
    raise AssertionError(f"another array: {array.shape}")


def start():
    idxfast.save(path, old, **({"seekable": True} if path.endswith(".gz") else {}))


def change():
    if kind == "append":
        idxfast.append(path, new)
    else:
        with idxfast.create(path, shape=(None, 40, 40), dtype="u1") as file:
            file.append(new)


joined = numpy.concatenate([old, new]) if kind == "append" else new


def check_next_append():
    before = found(old, joined)
    idxfast.append(path, more)
    expected = numpy.concatenate([old if before is None else before, more])
    assert numpy.array_equal(read(), expected)
    assert numpy.array_equal(idxfast.load(path), expected)


start()
total = 0
def count(number, *_):
    global total
    total = max(total, number)
hook(count)
change()
unhook()
assert found(joined) is joined
"""

KILLED = (
    HOOKED
    + """
outcomes = set()
for number in range(1, total + 1):
    for when in ("before", "half", "after"):
        start()
        child = os.fork()
        if not child:
            def act(count, call, arguments):
                if count == (-number if when == "after" else number):
                    if when == "half":
                        half(call, arguments)
                    os.kill(os.getpid(), signal.SIGKILL)
            hook(act)
            change()
            os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        now = found(old, joined)
        outcomes.add("refused" if now is None else "old" if now is old else "new")
        if kind == "create":
            assert now is not None
        check_next_append()
print(*sorted(outcomes))
"""
)

# Undoing an append whose last step has failed, and a kill at each step of that.
UNDOING = (
    HOOKED
    + """
kills = 0
for number in range(total, total + 99):
    start()
    child = os.fork()
    if not child:
        def act(count, call, arguments):
            if count == -(total - 1):
                raise OSError(errno.EIO, "after the commit")
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
        hook(act)
        try:
            change()
        except OSError:
            os._exit(0)
    is_killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    check_next_append()
    if not is_killed:
        break
    kills += 1
print(kills)
"""
)


@pytest.mark.parametrize("name", ["file", "file.gz"])
def test_a_kill_while_an_append_is_undone(name, tmp_path, run_child):
    [kills] = run_child(UNDOING, tmp_path / name, "append", before=QUIET)
    assert int(kills) >= 5


KINDS = [(kind, name) for kind in ("append", "create") for name in ("file", "file.gz")]


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_kill_at_each_change(kind, name, tmp_path, run_child):
    outcomes = run_child(KILLED, tmp_path / name, kind, before=QUIET)
    assert outcomes == (["new", "old", "refused"] if kind == "append" else ["new", "old"])


FAILED = (
    HOOKED
    + """
error = KeyboardInterrupt if sys.argv[3] == "interrupt" else OSError(errno.ENOSPC, "no space")
for number in range(1, total + 1):
    for lasting in (False, True):
        start()

        def act(count, call, arguments):
            if count == number or lasting and count > number:
                half(call, arguments)
                raise error

        hook(act)
        try:
            change()
        except (KeyboardInterrupt, OSError):
            pass
        finally:
            unhook()
        now = found(old, joined)
        if not lasting or kind == "create":
            assert now is not None, number
        check_next_append()
        if not lasting:
            assert len(os.listdir(os.path.dirname(path))) == 1, os.listdir(os.path.dirname(path))
print(total)
"""
)


@pytest.mark.parametrize("failure", ["space", "interrupt"])
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_failure_of_each_change(kind, name, failure, tmp_path, run_child):
    (tmp_path / "folder").mkdir()
    [total] = run_child(FAILED, tmp_path / "folder" / name, kind, failure)
    assert int(total) >= 5


# In a file system of 2 MiB, where another file leaves only a given number of bytes.
FULL = (
    HOOKED
    + """
new = random.integers(0, 256, (500, 40, 40), numpy.uint8)
joined = numpy.concatenate([old, new]) if kind == "append" else new
folder = os.path.dirname(path)
failed = 0
for kept in range(4096, 1 << 20, 40 << 12):
    start()
    with open(os.path.join(folder, "ballast"), "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)): pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(file.tell() - kept)
    try:
        change()
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        failed += 1
        assert found(old) is old
    else:
        assert found(joined) is joined
    assert sorted(os.listdir(folder)) == ["ballast", os.path.basename(path)]
    os.unlink(os.path.join(folder, "ballast"))
    check_next_append()
print(failed)
"""
)


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_full_disk(kind, name, tmp_path, run_child):
    mount = f"mount -t tmpfs -o size=2m,mode=0777 none {tmp_path}"
    try:
        command = ["unshare", "-m", "sh", "-c", mount]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system of a given size can be mounted here (unshare -m, mount)")
    before = ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    [failed] = run_child(FULL, tmp_path / name, kind, before=before)
    assert int(failed) >= 3
