"""What a file that does not start as IDX does seems to be.

The messages that users see are in reading/test_malformed.py.
"""

import pytest

from idxfast import FormatError, TruncatedError
from idxfast.diagnosis.start import describe, explain
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


@pytest.mark.parametrize(
    ("start", "is_said"),
    [
        (b"\x08\x03\xea\x60\x1c\x1c\x01\x02", True),
        (b"\x0e\x04\x01\x02\x03\x04\x05\x06", True),
        (b"\x08\x01\xea\x60\x01\x02\x03\x04", True),
        (b"\x08\x03\xea\x60\x1c\x1c\x01", False),  # too few bytes to tell
        (b"\x07\x03\xea\x60\x1c\x1c\x01\x02", False),
        (b"\x08\x05\x01\x02\x03\x04\x05\x06", False),
        (b"\x08\x03\xea\x60\x1c\x1c\x01\x00", False),
        (b"\x08\x00\xea\x60\x1c\x1c\x01\x02", False),
    ],
)
def test_zeros_that_a_text_tool_has_removed(start, is_said):
    reason = explain(refusal(start), start).reason
    assert ("its zero bytes seem to have been removed" in reason) == is_said


def test_a_byte_order_mark_before_an_idx_file():
    said = "an IDX file after a byte order mark"
    assert (describe(b"\xef\xbb\xbf\0\0\x08\1") or "").startswith(said)
    assert describe(b"\xef\xbb\xbf\0\1\x08\1") is None
    assert describe(b"\xef\xbb\xbe\0\0\x08\1") is None
