"""What is known of a file that has been refused."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import IdxError
from ..format import Header, parse

# How many bytes of the unpacked stream are looked at: some rows of most images, at little cost.
SAMPLE = 16 << 10
# How many bytes after the announced payload are looked at: enough for the header of another file.
AFTER = 64


class Evidence(NamedTuple):
    """What is known of a file that has been refused.

    Attributes
    ----------
    name : str
        The file's name, or another name for messages.
    argument : str
        What the caller passed, as it is written in a call: a path or URL as a literal, ``data`` or
        ``file``.
    container : str
        "raw", "gzip", "xz", "bzip2" or "Zstandard"; of a raw member of an archive, "zip" or "tar".
    start : bytes
        The first `SAMPLE` bytes of the unpacked stream, or all of it.
    size : int or None
        The size of the unpacked stream; None if that is unknown, or the container is damaged.
    after : bytes
        The first bytes after the payload that the header announces.
    members : int
        How many members or streams the container has, each whole; 0 in a raw file.
    is_inside : bool
        Whether the file is the member of an archive, or behind a URL.
    """

    name: str
    argument: str
    container: str
    start: bytes
    size: int | None
    after: bytes = b""
    members: int = 0
    is_inside: bool = False

    @property
    def header(self) -> Header | None:
        """What the file itself announces; None if it does not start like an IDX file."""
        return header_at(self.start)


def header_at(start: bytes) -> Header | None:
    """The header at the start of some bytes, if there is one."""
    try:
        return parse(start, "")
    except IdxError:
        return None
