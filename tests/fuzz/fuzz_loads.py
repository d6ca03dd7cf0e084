"""`loads` and similar functions on any bytes: an array or an `IdxError`, the same by every way in.

The sizes from which on the reader cuts streams and uses threads are set so low that files of a
fuzzer's size get there.
"""

import io
import sys
import tempfile
import zlib
from gzip import decompress as unpack
from pathlib import Path

import atheris
import numpy as np
import structured

with atheris.instrument_imports(include=["idxfast"]):
    import idxfast
    from idxfast.containers import gzip
    from idxfast.gzip import blocks, input_buffer, pool, segments, small_members, stream
    from idxfast.storage.kept import Kept
    from idxfast.storage.memory import MemorySource

SMALL = gzip.SMALL
stream.MIN_SIZE = 1
pool.MIN_STEP = pool.MAX_STEP = 64
segments.LITERALS, segments.MATCHES = 2_000, 200
segments.CHUNK = input_buffer.CHUNK = 1_000
input_buffer.RESERVE = 64
small_members.GROUP = 64


FILE = Path(tempfile.mkdtemp()) / "file"


class Stream:
    """What can only be read in order, a few bytes at a time."""

    name = "<bytes>"

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def read(self, count):
        return self._file.read(min(count, 100))


def outcome(function, *args, **kwargs):
    """The array, or the error, as something that can be compared."""
    try:
        array = function(*args, **kwargs)
    except idxfast.IdxError as error:
        assert error.filename == "<bytes>", error
        assert error.offset is None or error.offset >= 0, error
        return type(error), str(error)
    assert array.flags.c_contiguous and array.flags.writeable and array.dtype.isnative
    return array.dtype, array.shape, array.tobytes()


def read_blocks(data, is_error):
    """The parts of a BGZF file hold what the standard library unpacks from all of it."""
    found = blocks.find_blocks(MemorySource(data, "<bytes>"), Kept(1 << 20))
    if found is None or found.size > 1 << 24:
        return
    memory = np.full(found.size + 16, 0xA5, np.uint8)
    stream = memory[8:-8]
    try:
        for start in range(0, found.size, 1_000):
            found.read_into(stream[start : start + 1_000], start)
    except idxfast.IdxError as error:
        # Other readers do not look at the sizes that blocks state.
        assert is_error or found.size != len(unpack(data)), error
        return
    assert (memory[:8] == 0xA5).all() and (memory[-8:] == 0xA5).all()
    assert stream.tobytes() == unpack(data)


def read_parts(data, expected, is_error):
    """Parts of a file give what the whole does, or an error where a table misleads to it."""
    FILE.write_bytes(data)
    try:
        file = idxfast.open(FILE, threads=1)
    except idxfast.IdxError as error:
        # Where blocks state wrong sizes, the first may seem damaged, and is verified at once.
        assert is_error or "BGZF block 0 is damaged" in str(error), error
        return
    with file:
        array = np.empty(file.shape, file.dtype)
        try:
            if array.ndim:
                for row in range(len(array)):
                    array[row] = file[row]
            else:
                array[...] = file[()]
        except idxfast.IdxError as error:
            if is_error:
                return
            try:
                file.verify()
            except idxfast.IdxError:
                return
            raise AssertionError("parts cannot be read of a file that is right") from error
    # Of an empty array, nothing has been read.
    assert not (is_error and array.size), expected
    assert is_error or (array.dtype, array.shape, array.tobytes()) == expected


def test_one_input(data):
    way = zlib.crc32(data) & 15
    gzip.SMALL = 0
    expected = outcome(idxfast.loads, data, threads=1)
    gzip.SMALL = SMALL
    # In one call where that is possible, the reasons of errors come from elsewhere.
    assert outcome(idxfast.loads, data, threads=1) == expected
    is_error = isinstance(expected[0], type)
    if way == 0:
        gzip.SMALL = 0
        assert outcome(idxfast.loads, data, threads=2) == expected
    elif way == 1 and not is_error:
        # Bytes around the destination stay as they are.
        array = idxfast.loads(data)
        memory = np.full(array.nbytes + 16, 0xA5, np.uint8)
        out = memory[8 : 8 + array.nbytes].view(array.dtype).reshape(array.shape)
        assert outcome(idxfast.loads, data, out=out) == expected
        assert (memory[:8] == 0xA5).all() and (memory[8 + array.nbytes :] == 0xA5).all()
    elif way == 2:
        found = outcome(idxfast.load, Stream(data))
        assert found[0] == expected[0] and (is_error or found == expected), (found, expected)
    elif way == 3 and not is_error:
        header = idxfast.read_header(data)
        assert (header.dtype.newbyteorder("="), header.shape) == expected[:2]
    elif way == 4:
        found = outcome(idxfast.loads, data, max_bytes=64)
        assert found == expected or found[0] is idxfast.SizeError
    elif way == 5:
        read_blocks(data, is_error)
    elif way in (6, 7) and (is_error or expected[1][:1] < (1 << 16,)):
        read_parts(data, expected, is_error)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=structured.mutate)
    atheris.Fuzz()
