"""What a file that does not start as IDX does seems to be.

The messages that users see are in reading/test_malformed.py.
"""

import pytest

from idxfast import FormatError, TruncatedError
from idxfast.diagnosis.start import MAX_PATH, describe, explain, looks_like_path
from idxfast.format import parse


def refusal(start):
    with pytest.raises(FormatError) as caught:
        parse(start, "name")
    return caught.value


def test_what_is_known_is_said_and_the_rest_is_kept():
    error = refusal(b"PK\3\4")
    explained = explain(error, b"PK\3\4")
    assert type(explained) is FormatError
    assert explained.reason == "not an IDX file; it looks like a zip archive"
    before, after = vars(error), vars(explained)
    assert before.pop("reason") != after.pop("reason")
    assert before == after


@pytest.mark.parametrize(
    "start", [b"abcd", b"\0\0\x0a\1", b"\0\0\x08\xff"], ids=["start", "type", "dimensions"]
)
def test_what_is_unknown_stays_as_it_is(start):
    error = refusal(start)
    assert explain(error, start) is error


def test_a_file_with_too_many_dimensions_is_idx_whatever_its_dimensions_look_like():
    start = b"\0\0\x08\xff".ljust(257, b"\0") + b"ustar"
    assert describe(start) == "a tar archive"
    error = refusal(start)
    assert error.reason == "255 dimensions, more than numpy can hold"
    assert explain(error, start) is error


@pytest.mark.parametrize(
    ("start", "kind", "size"),
    [
        (b"\x1f", "gzip", 10),
        (b"\xfd", "xz", 12),
        (b"\xfd7z", "xz", 12),
        (b"B", "bzip2", 4),
        (b"BZ", "bzip2", 4),
    ],
)
def test_the_start_of_a_compressed_file_is_cut_short(start, kind, size):
    error = explain(refusal(start), start)
    assert type(error) is TruncatedError
    assert error.reason == f"the {kind} header is cut short: {len(start)} of {size} bytes"
    assert (error.part, error.filename, error.offset) == ("container", "name", len(start))
    assert (error.expected, error.found) == (size, len(start))


def test_a_tar_archive_shows_at_byte_257():
    start = b"name".ljust(257, b"\0") + b"ustar"
    assert describe(start) == "a tar archive"
    assert describe(start[:-1]) is None


@pytest.mark.parametrize("ending", ["-ubyte", ".idx", ".gz", ".xz", ".bz2", ".BZ2"])
def test_endings_of_paths(ending):
    assert looks_like_path(f"images{ending}".encode())
    assert not looks_like_path(f"images{ending} ".encode())


def test_the_longest_path():
    assert looks_like_path(b"/" * MAX_PATH)
    assert not looks_like_path(b"/" * (MAX_PATH + 1))
