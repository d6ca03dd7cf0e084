"""A raw file is extended only if it is whole, or if its mark says what may be cut off."""

import numpy as np
import pytest

import idxfast

OLD, NEW = np.arange(24, dtype=np.int16).reshape(4, 3, 2), np.ones((2, 3, 2), np.int16)
FILE = idxfast.dumps(OLD)
JOINED = idxfast.dumps(np.concatenate([OLD, NEW]))
MARKED = b"a+" + FILE[2:]


@pytest.mark.parametrize("surplus", [b"", b"\1", bytes(12), bytes(1000), FILE, JOINED[len(FILE) :]])
def test_what_follows_the_payload_of_a_marked_file_is_cut_off(surplus, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(MARKED + surplus)
    for read in (idxfast.load, idxfast.read_header, idxfast.open):
        with pytest.raises(
            idxfast.FormatError, match=r"interrupted.*next idxfast\.append"
        ) as error:
            read(path)
        assert (error.value.part, error.value.offset) == ("start", 0)
    with idxfast.open(path, mode="a") as file:
        assert path.read_bytes() == FILE
        path.write_bytes(MARKED + surplus)
        file.append(NEW)
    assert path.read_bytes() == JOINED
    path.write_bytes(MARKED + surplus)
    idxfast.append(path, OLD[:0])
    assert path.read_bytes() == FILE


# A file, the class of the error, its part, and what its text has.
MALFORMED = [
    (b"", idxfast.TruncatedError, "start", "empty"),
    (b"a+", idxfast.TruncatedError, "start", "cut short"),
    (b"a+\x08", idxfast.TruncatedError, "start", "cut short"),
    (b"\0\0\x08", idxfast.TruncatedError, "start", "cut short"),
    (b"a+\x0f\x01\0\0\0\0", idxfast.FormatError, "type", "no type 0x0f"),
    (FILE[:10], idxfast.TruncatedError, "dimensions", "cut short"),
    (MARKED[:10], idxfast.TruncatedError, "dimensions", "cut short"),
    (FILE[:-1], idxfast.TruncatedError, "payload", "ends at byte 47 of 48"),
    (MARKED[:-1], idxfast.TruncatedError, "payload", "ends at byte 47 of 48"),
    (FILE + b"\0", idxfast.TrailingDataError, "end", r"os\.truncate\(path, 64\)"),
    (FILE + FILE, idxfast.TrailingDataError, "end", "perhaps data"),
    (JOINED[:4] + FILE[4:8] + JOINED[8:], idxfast.TrailingDataError, "end", "perhaps data"),
    (b"\0\0\x08\0" + b"1", idxfast.IdxError, "dimensions", "a single number"),
    (b"\0\0\x08\x02" + b"\xff" * 8, idxfast.SizeError, "dimensions", "no uint8 array"),
    (b"\0\0\x08\x01" + b"\xff" * 4, idxfast.TruncatedError, "payload", "ends at byte 0"),
    (b"\xfd7zXZ\0" + bytes(30), idxfast.FormatError, "start", "xz"),
    (b"<html>", idxfast.FormatError, "start", "HTML"),
]


@pytest.mark.parametrize(("data", "error", "part", "text"), MALFORMED)
def test_a_file_that_is_refused_is_not_changed(data, error, part, text, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(error, match=text) as refused:
        idxfast.append(path, NEW)
    assert (refused.value.part, refused.value.filename) == (part, str(path))
    assert None not in (refused.value.offset, refused.value.expected, refused.value.found)
    assert path.read_bytes() == data


@pytest.mark.parametrize("data", [FILE[:-1], FILE + b"\0", FILE[:3] + b"\2" + FILE[4:], b"", b"a+"])
def test_a_file_that_is_damaged_while_it_is_open(data, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(FILE)
    with idxfast.open(path, mode="a") as file:
        path.write_bytes(data)
        with pytest.raises(idxfast.IdxError):
            file.append(NEW)
        assert path.read_bytes() == data
        path.write_bytes(FILE)
        file.append(NEW)
    assert path.read_bytes() == JOINED


def test_a_file_that_is_another_one_while_it_is_open(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(FILE)
    with idxfast.open(path, mode="a") as file:
        path.write_bytes(idxfast.dumps(OLD.astype(np.int32)))
        with pytest.raises(TypeError, match="holds int32, not int16"):
            file.append(NEW)
        path.write_bytes(idxfast.dumps(OLD.reshape(4, 2, 3)))
        with pytest.raises(ValueError, match=r"\(n, 2, 3\)"):
            file.append(NEW)


def test_every_byte_of_a_header(tmp_path):
    """Whatever is wrong with a header: the file is refused, or stays as long as its header says."""
    path = tmp_path / "file"
    for at in range(16):
        for value in (0, 1, 255, *(FILE[at] ^ 1 << bit for bit in range(8))):
            data = FILE[:at] + bytes([value]) + FILE[at + 1 :]
            path.write_bytes(data)
            try:
                idxfast.append(path, NEW)
            except (ValueError, TypeError):
                assert path.read_bytes() == data
            else:
                assert data == FILE
                assert path.read_bytes() == JOINED
