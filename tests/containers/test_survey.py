"""What is found out about a file that has been refused, and what that may cost."""

import bz2
import gzip
import lzma
import struct
import sys
from functools import partial

import numpy as np
import pytest

import idxfast
from files.objects import Reads
from idxfast import ChecksumError, FormatError, SizeError, TrailingDataError, TruncatedError
from idxfast.containers import survey
from idxfast.gzip import pieces
from idxfast.gzip.scanner import Scanner
from idxfast.storage.memory import MemorySource
from idxfast.storage.streams import StreamSource

LABELS = struct.pack(">HBBI", 0, 8, 1, 1_000) + np.arange(1_000, dtype="<i4").tobytes()
PACKERS = [gzip.compress, partial(lzma.compress, preset=0), bz2.compress]


def hint(data):
    with pytest.raises(idxfast.IdxError) as caught:
        idxfast.loads(data)
    return caught.value.hint


def test_good_files_import_no_diagnosis(run_child, tmp_path):
    files = []
    for number, pack in enumerate([bytes, *PACKERS]):
        files.append(tmp_path / str(number))
        files[-1].write_bytes(pack(idxfast.dumps(np.arange(9, dtype=np.uint8))))
    code = (
        "import sys, idxfast\n"
        "for name in sys.argv[1:]:\n"
        "    idxfast.load(name), idxfast.read_header(name), idxfast.open(name)[:]\n"
        "print(*(n for n in sys.modules if n.startswith('idxfast.diagnosis.') or 'survey' in n))\n"
    )
    assert run_child(code, *files) == ["idxfast.diagnosis.size"]


@pytest.mark.parametrize("pack", PACKERS)
def test_the_budget(pack, monkeypatch):
    data = pack(LABELS)
    monkeypatch.setattr(survey, "BUDGET", len(LABELS))
    assert "little-endian int32" in hint(data)
    monkeypatch.setattr(survey, "BUDGET", 1)
    monkeypatch.setattr(survey, "RATIO", 1)
    monkeypatch.setattr(survey, "FACTOR", 1)
    assert len(data) < len(LABELS)
    assert hint(data) is None


def test_a_file_that_is_damaged_later_is_not_explained(monkeypatch):
    data = bytearray(gzip.compress(LABELS))
    data[-6] ^= 1  # in the CRC-32
    assert hint(data) is None
    assert hint(gzip.compress(LABELS) + b"x") is None
    # What is damaged or cut short itself is not read a second time.
    monkeypatch.setattr(pieces, "Scanner", None)
    noise = np.random.default_rng(1).integers(0, 256, 9_000, np.uint8)
    good = gzip.compress(idxfast.dumps(noise))
    for bad in (good[:-20], good[:-1], good + b"x"):
        assert hint(bad) is None


@pytest.mark.parametrize("pack", PACKERS)
def test_what_follows_the_payload_is_found_wherever_it_is(pack):
    for count in (1, 16_000, 700_000):
        first = np.random.default_rng(1).integers(0, 9, count, np.uint8)
        content = idxfast.dumps(first)
        found = hint(pack(content + idxfast.dumps(np.arange(7, dtype=np.uint8))))
        assert "a second IDX file follows" in found
        assert f"[:{len(content)}])" in found


@pytest.mark.parametrize("failure", [OSError, MemoryError])
def test_a_failure_meanwhile_does_not_hide_the_error(failure, monkeypatch):
    def failing(self, *arguments, **options):
        raise failure

    monkeypatch.setattr(Scanner, "advance", failing)
    assert hint(gzip.compress(LABELS)) is None


def test_ctrl_c_ends_it(monkeypatch):
    def interrupted(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Scanner, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        idxfast.loads(gzip.compress(LABELS))


@pytest.mark.parametrize(
    ("error", "is_explained"),
    [
        (FormatError("not IDX", part="start"), True),
        (TruncatedError("short", part="payload", expected=58), True),
        (TrailingDataError("long", part="end", expected=58, position=58), True),
        (TrailingDataError("long", part="end", expected="the end of the file"), True),
        (TrailingDataError("long", part="end", expected="another member"), False),
        (TruncatedError("short", part="container", expected=58), True),
        (TruncatedError("short", part="container", expected=58, position=9), False),
        (ChecksumError("wrong", part="container", expected=58), False),
        (SizeError("large", found=sys.maxsize + 1), True),
        (SizeError("large", found=sys.maxsize), False),
        (SizeError("large", found="more"), False),
    ],
)
def test_which_errors_are_explained(error, is_explained):
    survey.explain(error, MemorySource(LABELS, "name"), "raw", None)
    assert (error.hint is not None) == is_explained


def test_what_is_not_looked_at():
    begun = StreamSource(Reads(LABELS, lambda: 9), "name", owned=False)
    begun.read(1)
    for kind, source in (("zip", MemorySource(LABELS, "name")), ("raw", begun)):
        error = FormatError("not IDX", part="start")
        survey.explain(error, source, kind, None)
        assert error.hint is None
    error = FormatError("not IDX", part="start", hint="known")
    survey.explain(error, MemorySource(LABELS, "name"), "raw", None)
    assert error.hint == "known"


@pytest.mark.parametrize(
    ("kind", "pack"), [*zip(("raw", "gzip", "xz", "bzip2"), (bytes, *PACKERS), strict=True)]
)
def test_a_stream_that_has_not_been_read_is(kind, pack):
    """As a member of an archive is."""
    error = FormatError("not IDX", part="start")
    member = Reads(pack(LABELS), lambda: 99)
    member.may_wait = False
    survey.explain(error, StreamSource(member, "name", owned=False), kind, "zip")
    assert "little-endian int32" in error.hint
