"""Binary files that were rewritten as text."""

import struct

import numpy as np
import pytest

from idxfast.diagnosis.conversions import find_conversion
from idxfast.diagnosis.evidence import SAMPLE, Evidence

DICE = np.random.default_rng(4)


def idx(payload):
    return struct.pack(">HBBI", 0, 8, 1, len(payload)) + payload


def found(content):
    return find_conversion(Evidence("name", "data", "raw", content[:SAMPLE], len(content)))


@pytest.mark.parametrize("count", [10, 1_000, 100_000])
@pytest.mark.parametrize("values", [[10, 200], [10, 13], [10, 13, 0, 255]])
def test_line_ends(values, count):
    original = idx(DICE.choice(values, count).astype(np.uint8).tobytes())
    content = original.replace(b"\n", b"\r\n")
    conversion = found(content)
    assert "text mode" in conversion.what
    assert eval(conversion.undo.replace("{}", "content")) == original
    assert found(original) is None
    if count <= 1_000:
        assert found(content + b"x") is None


@pytest.mark.parametrize("count", [60, 100_000])
def test_latin_1(count):
    original = idx(DICE.integers(0, 256, count, np.uint8).tobytes())
    content = original.decode("latin-1").encode()
    conversion = found(content)
    assert "UTF-8" in conversion.what
    assert eval(conversion.undo.replace("{}", "content")) == original
    assert found(original) is None


@pytest.mark.parametrize(("count", "is_found"), [(3, False), (4, True)])
def test_a_few_pairs_are_chance(count, is_found):
    content = idx(b"\xe9" * count).decode("latin-1").encode()
    assert (found(content) is not None) == is_found


@pytest.mark.parametrize("change", [bytes, lambda payload: payload + b"\0"])
def test_latin_1_has_to_explain_the_size(change):
    original = idx(b"\xe9" * 50)
    content = change(original).decode("latin-1").encode()
    assert (found(content) is not None) == (change is bytes)


@pytest.mark.parametrize("more", [b"", b"x"])
@pytest.mark.parametrize("size", [SAMPLE - 1, SAMPLE, SAMPLE + 1])
def test_of_a_larger_file_only_the_start_is_known(size, more):
    """More bytes may have been added after what is looked at."""
    original = idx(b"\n" * 9 + bytes(size - len(more) - 8 - 9 - 9))
    content = original.replace(b"\n", b"\r\n") + more
    assert len(content) == size
    assert (found(content) is not None) == (size > SAMPLE or not more)


def test_other_files_are_not_explained():
    assert found(b"text\r\n" * 9) is None


def test_replaced_bytes():
    conversion = found(idx(DICE.bytes(500)).decode("utf-8", "replace").encode())
    assert "ef bf bd" in conversion.what
    assert conversion.undo is None
    # The same three bytes by chance.
    assert found(idx(b"\xef\xbf\xbd" + DICE.bytes(500))) is None


def test_nothing_is_found_without_a_size():
    content = idx(b"\n" * 9).replace(b"\n", b"\r\n")
    assert find_conversion(Evidence("name", "data", "raw", content, None)) is None
