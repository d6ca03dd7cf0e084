"""The calls that messages end with, as text; test_hint.py evaluates them."""

import numpy as np
import pytest

from idxfast.diagnosis.calls import changed, content, stated
from idxfast.diagnosis.evidence import Evidence


@pytest.mark.parametrize(
    ("argument", "verb"), [("'a b'", "load"), ("data", "loads"), ("file", "load")]
)
def test_stated(argument, verb):
    call = stated(Evidence("a b", argument, "raw", b"", 0), np.dtype("<i8"), (3, 4), 16)
    expected = f"idxfast.{verb}({argument}, header=idxfast.Header('<i8', (3, 4)), offset=16)"
    assert call == expected


@pytest.mark.parametrize(
    ("argument", "container", "expected"),
    [
        ("'x'", "raw", "pathlib.Path('x').read_bytes()"),
        ("'x'", "gzip", "gzip.open('x').read()"),
        ("'x'", "xz", "lzma.open('x').read()"),
        ("'x'", "bzip2", "bz2.open('x').read()"),
        ("'x'", "Zstandard", "compression.zstd.open('x').read()"),
        ("data", "raw", "data"),
        ("data", "gzip", "gzip.decompress(data)"),
        ("data", "xz", "lzma.decompress(data)"),
        ("data", "bzip2", "bz2.decompress(data)"),
    ],
)
def test_content(argument, container, expected):
    evidence = Evidence("x", argument, container, b"", 0)
    assert content(evidence) == expected
    assert changed(evidence, "bytes.fromhex({}.decode())") == (
        f"idxfast.loads(bytes.fromhex({expected}.decode()))"
    )


@pytest.mark.parametrize(
    ("argument", "container", "is_inside"),
    [("file", "gzip", False), ("'a.zip'", "zip", True), ("'http://a/b'", "raw", True)],
)
def test_what_cannot_be_read_simply_has_no_content(argument, container, is_inside):
    evidence = Evidence("name", argument, container, b"", 0, is_inside=is_inside)
    assert content(evidence) is None
    assert changed(evidence, "{}[:9]") is None


def test_a_member_of_an_archive_has_no_content_of_its_own():
    assert content(Evidence("x", "'x'", "zip", b"", 0, is_inside=True)) is None
