"""Binary files that were transferred or rewritten as text."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from .evidence import SAMPLE, Evidence, header_at

_LONE_LINE_FEED = re.compile(rb"(?<!\r)\n")
# A byte of at least 0x80 that became two: U+0080 to U+00FF in UTF-8.
_PAIR = re.compile(rb"[\xc2\xc3][\x80-\xbf]")
_REPLACED = b"\xef\xbf\xbd"
# Fewer pairs may look converted by chance.
_LEAST_PAIRS = 4


class Conversion(NamedTuple):
    """What has been done to a file.

    Attributes
    ----------
    what : str
        For messages.
    undo : str or None
        The expression, in Python, for the original file, in which ``{}`` is the content. None if
        the original is lost.
    """

    what: str
    undo: str | None


def find_conversion(evidence: Evidence) -> Conversion | None:
    """The conversion that would explain the size of a file, or None."""
    start = evidence.start
    is_utf_8 = _is_utf_8(start)
    if is_utf_8 and _REPLACED in start:
        return Conversion(
            "bytes were replaced by ef bf bd: a text tool has read the file as UTF-8, and what it "
            "replaced cannot be restored; get the file again",
            None,
        )
    returns = start.count(b"\r\n")
    if returns and not _LONE_LINE_FEED.search(start):
        original = start.replace(b"\r\n", b"\n")
        if _explains(evidence, original, returns):
            return Conversion(
                "each line feed (0a) follows a carriage return (0d): a transfer in text mode has "
                "added bytes",
                "{}.replace(b'\\r\\n', b'\\n')",
            )
    pairs = len(_PAIR.findall(start))
    if pairs >= _LEAST_PAIRS and is_utf_8:
        original = _PAIR.sub(lambda pair: pair[0].decode().encode("latin-1"), start)
        if _explains(evidence, original, pairs):
            return Conversion(
                "each byte from 80 to ff is written as two: a text tool has converted the file "
                "from Latin-1 to UTF-8",
                "{}.decode().encode('latin-1')",
            )
    return None


def _is_utf_8(start: bytes) -> bool:
    """Whether these are the first bytes of UTF-8; the last character may be cut in two."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _explains(evidence: Evidence, original: bytes, added: int) -> bool:
    """Whether a file that starts like `original` could have become this one."""
    header = header_at(original)
    if header is None or evidence.size is None:
        return False
    surplus = evidence.size - header.offset - header.nbytes
    return surplus == added if evidence.size <= SAMPLE else surplus >= added
