"""`loads` against the tests' slow reader: the same array, or both refuse.

They differ only where idxfast is stricter: header checksums and reserved flags of gzip, which the
standard library ignores, and arrays that numpy cannot hold.
"""

import contextlib
import importlib.util
import math
import struct
import sys
import zlib
from pathlib import Path

import atheris
import structured

with atheris.instrument_imports(include=["idxfast"]):
    import idxfast

specification = importlib.util.spec_from_file_location(
    "conftest", Path(__file__).parents[1] / "conftest.py"
)
oracle = importlib.util.module_from_spec(specification)
specification.loader.exec_module(oracle)

# What the oracle raises for a file that it cannot read.
REFUSALS = (OSError, EOFError, zlib.error, AssertionError, IndexError, KeyError, struct.error)


def is_stricter(error, shape):
    """Whether idxfast has a reason to refuse what the oracle reads."""
    if isinstance(error, idxfast.GzipError):
        return "reserved flags" in error.reason or "header of gzip member" in error.reason
    if isinstance(error, idxfast.SizeError):
        return 8 * math.prod(filter(None, shape)) > sys.maxsize
    return isinstance(error, idxfast.FormatError) and len(shape) > 64


def test_one_input(data):
    if data[:2] in (b"\xfd7", b"BZ"):
        # xz or bzip2, which the oracle does not read.
        with contextlib.suppress(idxfast.IdxError):
            idxfast.loads(data)
        return
    try:
        name, shape, payload = oracle._read(data)
        refusal = None
    except REFUSALS as error:
        refusal = error
    try:
        array = idxfast.loads(data)
    except idxfast.IdxError as error:
        assert refusal is not None or is_stricter(error, shape), error
        return
    assert refusal is None, refusal
    assert (array.dtype.name, array.shape, array.tobytes()) == (name, shape, payload)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=structured.mutate)
    atheris.Fuzz()
