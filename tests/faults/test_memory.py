"""No memory, or none for the k-th allocation: MemoryError or the right array, and nothing leaks."""

import ctypes
import gzip
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import idxfast

CHILD = """
import gc, os, resource, sys
import numpy, idxfast
from idxfast.containers import raw
from idxfast.gzip import pool, small_members, stream

# A thread that has no memory to begin is reported there; this needs no memory to say nothing.
sys.unraisablehook = bool
os.chdir(sys.argv[1])
raw.CHUNK, raw.MIN_SIZE = 1 << 18, 1
stream.MIN_SIZE, pool.MIN_STEP, pool.MAX_STEP, small_members.GROUP = 1, 65536, 65536, 65536
NAMES = ["file", "file.gz", "seekable.gz", "small.gz", "damaged.gz"]
expected = {name: idxfast.load(name, threads=1) for name in NAMES[:-1]}


def attempt(name, threads):
    try:
        return idxfast.load(name, threads=threads)
    except MemoryError:
        return "MemoryError"
    except idxfast.IdxError:
        return "damaged"


def check(answer, name):
    # An array is the right one, only the damaged file is damaged; return a word for the answer.
    if isinstance(answer, str):
        assert answer != "damaged" or name == "damaged.gz", name
        return answer
    assert numpy.array_equal(answer, expected[name]), name
    return "loaded"


def open_files():
    return len(os.listdir("/proc/self/fd"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    array = np.zeros((5_000, 28, 28), ">i2")
    array[:, 8:18, 9:16] = np.random.default_rng(1).integers(0, 256, (5_000, 10, 7))
    idxfast.save(folder / "file", array)
    idxfast.save(folder / "seekable.gz", array, seekable=True)
    idxfast.save(folder / "small.gz", array[:10])
    packed = gzip.compress(idxfast.dumps(array), 6)
    (folder / "file.gz").write_bytes(packed)
    (folder / "damaged.gz").write_bytes(packed[:-4] + bytes(4))
    return folder


# What malloc keeps for later use counts against no limit, and is no leak. So malloc is told to keep
# little: the heaps of its threads, and the large blocks that it learns to keep, would grow to over
# 100 MB. And malloc itself, not the system, is asked how much memory is in use.
KEEPING_LITTLE = ["env", "MALLOC_ARENA_MAX=1", "MALLOC_MMAP_THRESHOLD_=65536"]

LIMITED = """
import ctypes


class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]


mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Mallinfo2


def in_use():
    gc.collect()
    info = mallinfo2()
    return info.uordblks + info.hblkhd  # in heaps, and mapped each by itself


def address_space():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def round(more):
    answers = set()
    for name in NAMES:
        for threads in (1, 2):
            resource.setrlimit(resource.RLIMIT_AS, (address_space() + more, hard))
            try:
                answer = attempt(name, threads)
            finally:
                resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
            answers.add(check(answer, name))
    return answers


hard = resource.getrlimit(resource.RLIMIT_AS)[1]
limits = range(0, 48 << 20, (48 << 20) // int(sys.argv[2]))
for more in limits: round(more)
before, files = in_use(), open_files()
answers = [round(more) for more in limits]
assert in_use() < before + (128 << 10), (before, in_use())
assert open_files() == files
for name in expected:
    assert check(attempt(name, 2), name) == "loaded"
print(*sorted(set().union(*answers)))
"""


def test_a_limit_of_the_address_space(folder, run_child, rounds):
    if sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"):
        pytest.skip("needs glibc 2.33")
    code, count = CHILD + LIMITED, max(rounds, 16)
    answers = run_child(code, folder, count, before=KEEPING_LITTLE, timeout=600)
    assert answers == ["MemoryError", "damaged", "loaded"]


# Counts the allocations that idxfast's extensions ask for, lets the k-th fail, and knows how many
# of them are not freed yet. libdeflate, which asks for some, is a part of the extensions or the
# system's.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void __libc_free(void *);

static long countdown, seen, live;
static void *ours[4096];

void shim_fail_at(long k) { seen = 0; countdown = k; }
long shim_seen(void) { return seen; }
long shim_live(void) { return live; }

static int is_ours(void *caller) {
    Dl_info info;
    return countdown && dladdr(caller, &info) && info.dli_fname
        && (strstr(info.dli_fname, "idxfast/native/") || strstr(info.dli_fname, "/libdeflate.so"));
}

static int fails(void) {
    return __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST) == countdown;
}

static void *noted(void *memory) {
    for (int i = 0; memory && i < 4096; i++) {
        void *none = NULL;
        if (__atomic_compare_exchange_n(&ours[i], &none, memory, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            __atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST);
            break;
        }
    }
    return memory;
}

void *malloc(size_t size) {
    if (!is_ours(__builtin_return_address(0))) return __libc_malloc(size);
    return fails() ? NULL : noted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    if (!is_ours(__builtin_return_address(0))) return __libc_calloc(count, size);
    return fails() ? NULL : noted(__libc_calloc(count, size));
}

void free(void *memory) {
    for (int i = 0; live && memory && i < 4096; i++) {
        void *one = memory;
        if (__atomic_compare_exchange_n(&ours[i], &one, NULL, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            __atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST);
            break;
        }
    }
    __libc_free(memory);
}
"""

FAILING = """
import ctypes
from idxfast.native.inflate import Inflater

shim = ctypes.CDLL(None)
saved = expected["saved"] = expected["file"][:500]


def save(_, threads):
    try:
        idxfast.save("saved.gz", saved, seekable=threads > 1, threads=threads)
    except MemoryError:
        return "MemoryError"
    return saved


CASES = {f"{name} {threads}": (attempt, name, threads) for name in NAMES for threads in (1, 2)}
CASES |= {f"save {threads}": (save, "saved", threads) for threads in (1, 2)}
answers, failures = set(), 0
for case, (call, name, threads) in CASES.items():
    idxfast.save("saved.gz", saved[:1])
    before = open_files()
    for k in range(1, 1000):
        # These are more decoders than are kept for further streams, so the call has to make its own.
        # When these are given back, they are kept in place of the call's.
        held = [Inflater() for _ in range(9)]
        shim.shim_fail_at(k)
        answer = call(name, threads)
        seen = shim.shim_seen()
        shim.shim_fail_at(0)
        held.clear()
        answers.add(check(answer, name))
        assert shim.shim_live() == 0, (case, k, shim.shim_live())
        assert open_files() == before
        assert not [entry for entry in os.listdir() if entry.endswith(".tmp")]
        if seen < k:
            break
        failures += 1
    assert k > 1 or not case.startswith(("file.gz", "small.gz", "seekable.gz", "save")), case
print(failures, *sorted(answers))
"""


@pytest.fixture(scope="module")
def shimmed(tmp_path_factory):
    """The start of a command whose allocations the shim counts."""
    if sys.platform != "linux" or not shutil.which("cc"):
        pytest.skip("needs glibc, cc")
    source = tmp_path_factory.mktemp("shim") / "shim.c"
    source.write_text(SHIM)
    library = source.with_suffix(".so")
    command = ["cc", "-O1", "-fPIC", "-shared", "-o", library, source, "-ldl"]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("the shim over malloc does not compile here")
    return ["env", f"LD_PRELOAD={library}"]


def test_each_allocation_fails(folder, run_child, shimmed):
    """Those of decoders, their scratch memory, symbols and tables: all that compiled code asks for."""
    failures, *answers = run_child(CHILD + FAILING, folder, before=shimmed, timeout=120)
    assert int(failures) > 30
    assert answers == ["MemoryError", "damaged", "loaded"]


IMPORTING = """
import ctypes, sys
shim = ctypes.CDLL(None)
shim.shim_fail_at(1)
import idxfast
seen = shim.shim_seen()
shim.shim_fail_at(0)
print(seen, idxfast.load(sys.argv[1]).sum())
"""


def test_the_import_asks_for_no_memory(folder, run_child, shimmed):
    """The compiled modules ask for no memory when they are imported, so that cannot fail."""
    expected = idxfast.load(folder / "file.gz").sum()
    assert run_child(IMPORTING, folder / "file.gz", before=shimmed) == ["0", str(expected)]


MEMBERS = """
import ctypes, gzip
from idxfast.native import inflate
shim = ctypes.CDLL(None)
data = gzip.compress(b"data")
for k in (1, 0):
    shim.shim_fail_at(k)
    try:
        print(inflate.decode_members(data, 0, len(data), bytearray(9), 0)[0])
    except MemoryError:
        print("MemoryError")
"""


def test_without_memory_for_members(run_child, shimmed):
    assert run_child(MEMBERS, before=shimmed) == ["MemoryError", "1"]


RUNS = """
import ctypes, zlib
from idxfast.native.deflate import encode_runs
shim = ctypes.CDLL(None)
for k in (1, 0):
    shim.shim_fail_at(k)
    try:
        print(zlib.decompress(encode_runs(b"aaaaab", True), -15).decode())
    except MemoryError:
        print("MemoryError")
"""


def test_without_memory_for_runs(run_child, shimmed):
    assert run_child(RUNS, before=shimmed) == ["MemoryError", "aaaaab"]


def native_calls(folder):
    """Each compiled function, and the buffers that it is given."""
    from idxfast.gzip.writer import encode_blocks
    from idxfast.native import buffers, deflate, files, inflate
    from idxfast.native.deflate import encode_runs

    data = bytearray(np.random.default_rng(1).integers(0, 9, 3_000, np.uint8))
    member = bytearray(gzip.compress(data))
    bgzf = bytearray(b"".join(encode_blocks(np.frombuffer(data, np.uint8), 6, 1)))
    stream, out = member[10:-8], bytearray(4_000)
    path = str(folder / "small.gz")

    def decode_and_copy():
        symbols = inflate.Symbols(4_000, 4_000)
        inflate.Inflater().decode_symbols(stream, 0, symbols)
        assert symbols.copy(out, 0, history=data) == 3_000

    return [
        (lambda: inflate.find_block(data, 0, 9_000), data),
        (lambda: deflate.crc32(data, 7), data),
        (lambda: deflate.combine_crc32(1 << 31, 1 << 30, 5), data),
        (lambda: inflate.Inflater().decode(stream, 0, out, 0, history=data), stream, out, data),
        (decode_and_copy, stream, out, data),
        (lambda: deflate.encode(data, 6), data),
        (lambda: encode_runs(data, True), data),
        (lambda: inflate.decode_member(member, 1 << 20), member),
        (lambda: inflate.find_bgzf_blocks(bgzf, 0, len(bgzf), 1, 1), bgzf),
        (lambda: inflate.decode_members(bgzf, 0, len(bgzf), out, 0), bgzf, out),
        (lambda: buffers.swap(out, 4), out),
        (lambda: buffers.address(out), out),
        (lambda: files.open_file(path, 1 << 20), out),
    ]


def test_each_allocation_of_python_fails(folder):
    """In a call of each compiled function; then no buffer is held and no file is open."""
    testing = pytest.importorskip("_testcapi", reason="this Python has no set_nomemory")
    descriptors = "/proc/self/fd"
    failures = 0
    for call, *buffers in native_calls(folder):
        call()
        before = len(os.listdir(descriptors)) if os.path.exists(descriptors) else 0
        for k in range(1, 100):
            failed = False
            testing.set_nomemory(k, k + 1)
            try:
                call()
            except MemoryError:
                failed = True
            finally:
                testing.remove_mem_hooks()
            for buffer in buffers:
                buffer.append(0)  # no export is left
                buffer.pop()
            if os.path.exists(descriptors):
                assert len(os.listdir(descriptors)) == before
            failures += failed
            if not failed:
                break
        assert k < 99
    assert failures > 5
