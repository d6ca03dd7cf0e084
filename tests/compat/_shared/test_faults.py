"""Which part of a file is wrong: every one, raw and gzip, from memory and from a file object."""

import gzip
import io

import pytest

from idxfast import IdxError, loads
from idxfast.compat._shared.faults import fault
from idxfast.compat._shared.files import load

IDX = b"\0\0\x0b\2\0\0\0\2\0\0\0\1\0\1\0\2"
FAULTS = {
    b"": ("start", b""),
    IDX[:3]: ("start", b""),
    b"\1": ("start", b""),
    b"\1\2\3\4": ("zeros", b"\1\2\3\4"),
    b"\0\2\x0b\1": ("zeros", b"\0\2\x0b\1"),
    b"\0\0\x0a\1": ("type", b"\0\0\x0a\1"),
    b"\0\0\x0a": ("start", b""),
    IDX[:4]: ("dimensions", b""),
    IDX[:11]: ("dimensions", b""),
    b"\0\0\x08\xff" + bytes(4 * 255): ("dimensions", b""),
    b"\0\0\x08\4" + b"\xff" * 16: ("dimensions", b""),
    IDX[:12]: ("payload", b""),
    IDX[:15]: ("payload", b""),
    IDX + b"\0": ("end", b""),
    # The same numbers in both errors.
    b"\0\0\x08\2\0\0\0\4": ("dimensions", b""),
    b"\0\0\x08\1\0\0\0\4": ("payload", b""),
}

PACKED = gzip.compress(IDX)
FAULTS |= {PACKED[:size]: ("gzip", b"") for size in range(2, len(PACKED))}
FAULTS |= {
    PACKED[:-1] + b"\1": ("gzip", b""),
    gzip.compress(b""): ("start", b""),
    gzip.compress(IDX[:3]): ("start", b""),
    gzip.compress(IDX[:11]): ("dimensions", b""),
}


@pytest.mark.parametrize("data", FAULTS, ids=repr)
@pytest.mark.parametrize("read", [loads, lambda data: load(io.BufferedReader(io.BytesIO(data)))])
def test_fault(data, read):
    with pytest.raises(IdxError) as caught:
        read(data)
    assert fault(caught.value) == FAULTS[data]
