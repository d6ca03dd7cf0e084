"""Which part of a file is wrong: every part, raw and gzip, from memory and from a file object.

Also the messages of the loaders that have one for each part.
"""

import gzip
import io

import pytest

from idxfast import IdxError, loads
from idxfast.compat import idx2numpy, mnist
from idxfast.compat._shared.files import load
from idxfast.compat._shared.magic import wrong_magic

IDX = b"\0\0\x0b\2\0\0\0\2\0\0\0\1\0\1\0\2"
PACKED = gzip.compress(IDX, mtime=0)
# The part, the magic number, and how the messages of idx2numpy and mnist begin.
SHORT = ("Incomplete magic number.", "Invalid IDX file, file empty")
CUT = ("Dims sizes: ", "Invalid IDX file, file empty")
IMPOSSIBLE = ("Dims sizes: ", "IDX file has wrong number of items. ")
MISSING = ("Error creating numpy array: ", "IDX file has wrong number of items. ")
MORE = ("Superfluous data detected.", "IDX file has wrong number of items. ")
TYPE = ("Incorrect data type code: 0x0A", "Unknown data type 0x0a in IDX file")
ZEROS = "Incorrect first two bytes of the magic number: "
TWO_ZEROS = "Invalid IDX file, file must start with two zero bytes. Found "
FAULTS = {
    b"": ("start", b"", SHORT),
    IDX[:3]: ("start", b"", SHORT),
    b"\1": ("start", b"", SHORT),
    b"\1\2\3\4": ("start", b"\1\2\3\4", (ZEROS + "0x01 0x02", TWO_ZEROS + "0x102")),
    b"\0\2\x0b\1": ("start", b"\0\2\x0b\1", (ZEROS + "0x00 0x02", TWO_ZEROS + "0x02")),
    b"\0\0\x0a\1": ("type", b"\0\0\x0a\1", TYPE),
    b"\0\0\x0a": ("type", b"", SHORT),
    IDX[:4]: ("dimensions", b"", CUT),
    IDX[:11]: ("dimensions", b"", CUT),
    b"\0\0\x08\xff" + bytes(4 * 255): ("dimensions", b"", IMPOSSIBLE),
    b"\0\0\x08\4" + b"\xff" * 16: ("dimensions", b"", IMPOSSIBLE),
    IDX[:12]: ("payload", b"", MISSING),
    IDX[:15]: ("payload", b"", MISSING),
    IDX + b"\0": ("end", b"", MORE),
    # The errors of the next two files have the same numbers.
    b"\0\0\x08\2\0\0\0\4": ("dimensions", b"", CUT),
    b"\0\0\x08\1\0\0\0\4": ("payload", b"", MISSING),
    gzip.compress(b"", mtime=0): ("start", b"", SHORT),
    gzip.compress(IDX[:3], mtime=0): ("start", b"", SHORT),
    gzip.compress(IDX[:11], mtime=0): ("dimensions", b"", CUT),
    gzip.compress(IDX[:15], mtime=0): ("payload", b"", MISSING),
    PACKED + b"\0\1": ("end", b"", MORE),
}
# Damaged or cut short, which is not the loaders' own error.
CONTAINERS = [PACKED[:size] for size in range(2, len(PACKED))] + [PACKED[:-1] + b"\1"]


def load_opened(data):
    return load(io.BufferedReader(io.BytesIO(data)))


@pytest.mark.parametrize("data", FAULTS)
@pytest.mark.parametrize("read", [loads, load_opened])
def test_part_and_magic_number(data, read):
    with pytest.raises(IdxError) as caught:
        read(data)
    part, magic, _ = FAULTS[data]
    assert (caught.value.part, wrong_magic(caught.value)) == (part, magic)


@pytest.mark.parametrize("data", FAULTS)
def test_messages(data):
    for call, kind, message in zip(
        (
            lambda: idx2numpy.convert_from_string(data),
            lambda: mnist.parse_idx(io.BytesIO(data)),
        ),
        (idx2numpy.FormatError, mnist.IdxDecodeError),
        FAULTS[data][2],
        strict=True,
    ):
        with pytest.raises(kind) as caught:
            call()
        assert str(caught.value).startswith(message)
        assert isinstance(caught.value.__cause__, IdxError)


@pytest.mark.parametrize("data", CONTAINERS)
@pytest.mark.parametrize(
    "read",
    [
        loads,
        load_opened,
        idx2numpy.convert_from_string,
        lambda data: mnist.parse_idx(io.BytesIO(data)),
    ],
)
def test_container(data, read):
    with pytest.raises(IdxError) as caught:
        read(data)
    assert (caught.value.part, wrong_magic(caught.value)) == ("container", b"")
