"""Read files every way, each in an address space as small as its own evidence allows.

Run as a script with a folder of files and a number of threads. Standard input has a JSON list of
names and of the bytes of memory that each may take; a line of JSON answers for each file and way.
A crash ends the script, and so does a call that takes 20 seconds.
"""

import faulthandler
import hashlib
import io
import itertools
import json
import os
import random
import sys

import numpy as np

import idxfast

# What reading needs beside the data: the interpreter's own, and buffers of a few MB a thread.
SLACK = 16 << 20
SLACK_PER_THREAD = 8 << 20
GUARD = 64


class Stream:
    """Cannot seek, does not know its size, and reads as few bytes as it likes."""

    def __init__(self, data):
        self._file = io.BytesIO(data)
        dice = random.Random(len(data))
        self._sizes = itertools.cycle([1, dice.randint(1, 9), dice.randint(1, 99), 1 << 20])

    def read(self, size):
        return self._file.read(min(size, next(self._sizes)))


def load_file(path, threads):
    with open(path, "rb") as file:
        array = idxfast.load(file, threads=threads)
        assert file.read() == b"", "the file was not read to its end"
        return array


def load_into(path, threads):
    """Into memory between guards, which nothing may touch."""
    try:
        header = idxfast.read_header(path)
    except idxfast.IdxError:
        header = idxfast.Header(np.dtype("u1"), (3,))
    if header.nbytes > 8 << 20:
        header = idxfast.Header(np.dtype("u1"), (3,))
    memory = np.full(GUARD + header.nbytes + GUARD, 0xA5, np.uint8)
    out = memory[GUARD : GUARD + header.nbytes].view(header.dtype.newbyteorder("="))
    out = out.reshape(header.shape)
    try:
        assert idxfast.load(path, out=out, threads=threads) is out
        return out
    finally:
        guards = np.concatenate([memory[:GUARD], memory[-GUARD:]])
        assert (guards == 0xA5).all(), "bytes beside out= were written to"


def contents(path):
    with open(path, "rb") as file:
        return file.read()


WAYS = {
    "load": lambda path, threads: idxfast.load(path, threads=threads),
    "out": load_into,
    "loads": lambda path, threads: idxfast.loads(contents(path), threads=threads),
    "file": load_file,
    "stream": lambda path, threads: idxfast.load(Stream(contents(path)), threads=threads),
    "read_header": lambda path, threads: idxfast.read_header(path),
    "read_header-stream": lambda path, threads: idxfast.read_header(Stream(contents(path))),
}


def limit_memory(more):
    """Let the address space grow by `more` bytes, where the system says how large it is."""
    if os.path.exists("/proc/self/statm"):
        import resource  # which Windows does not have

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (now + more, hard))


def attempt(way, path, threads):
    """What came of it: dtype, shape and hash of the bytes, or class and faults of the error."""
    try:
        result = WAYS[way](path, threads)
    except idxfast.IdxError as error:
        text = str(error)
        whole = (
            isinstance(error.offset, int)
            and error.offset >= 0
            and error.expected is not None
            and error.found is not None
            and error.filename in text
            and error.reason in text
        )
        return {"error": type(error).__name__ if whole else f"incomplete: {text}"}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}
    if isinstance(result, idxfast.Header):
        return {"header": [result.dtype.name, list(result.shape)]}
    data = hashlib.sha256(result.tobytes()).hexdigest()
    native = result.dtype.isnative and result.flags.c_contiguous and result.flags.writeable
    return {"array": [result.dtype.name if native else "?", list(result.shape), data]}


def main():
    folder, threads = sys.argv[1], int(sys.argv[2])
    for name, memory in json.load(sys.stdin):
        for way in WAYS:
            print(json.dumps([name, way]), end="\t", flush=True)
            limit_memory(memory + SLACK + threads * SLACK_PER_THREAD)
            faulthandler.dump_traceback_later(20, exit=True)
            answer = attempt(way, os.path.join(folder, name), threads)
            faulthandler.cancel_dump_traceback_later()
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
