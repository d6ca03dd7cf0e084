"""What would explain that a file was refused, and the call that reads the file."""

from __future__ import annotations

import re

import numpy as np

from ..format import Header
from .calls import changed, stated
from .conversions import find_conversion
from .evidence import Evidence, header_at
from .fits import find_fits
from .kinds import describe_binary
from .text import recognise_text


def find_hint(evidence: Evidence) -> str | None:
    """Say what would explain that a file was refused; None if nothing would.

    The text says what the file would have to be for its size and its first bytes to make sense. If
    the file can be read all the same, the text ends with the call that reads it.
    """
    header, size = evidence.header, evidence.size
    if header is not None and size == header.offset + header.nbytes:
        return None
    said = _converted(evidence) or _text(evidence)
    if said is not None or size is None:
        return said
    if header is None:
        return _fitting(evidence)
    explained = (
        _second_file(evidence, header, size)
        or _fitting(evidence, _factor(header, size))
        or _items(evidence, header, size)
    )
    return "; ".join(filter(None, (_whole_container(evidence, header, size), explained))) or None


def _converted(evidence: Evidence) -> str | None:
    conversion = find_conversion(evidence)
    if conversion is None:
        return None
    return _with_call(conversion.what, conversion.undo and changed(evidence, conversion.undo))


def _text(evidence: Evidence) -> str | None:
    text = None if describe_binary(evidence.start) else recognise_text(evidence.start)
    if text is None or text.undo is None:
        return None
    call = changed(evidence, text.undo)
    return None if call is None else _with_call("it can be turned back", call)


def _whole_container(evidence: Evidence, header: Header, size: int) -> str | None:
    """For a compressed file that holds too little."""
    if not evidence.members or size > header.offset + header.nbytes:
        return None
    what = evidence.container
    if evidence.members == 1:
        return (
            f"the {what} container is whole: the header announces more than was written, and "
            "downloading the file again will not help"
        )
    return (
        f"all {evidence.members:,} {what} members are whole: the header announces more than was "
        "written, or whole members are missing at the end"
    )


def _second_file(evidence: Evidence, header: Header, size: int) -> str | None:
    """For a file in which something else follows the payload."""
    total = header.offset + header.nbytes
    after = header_at(evidence.after)
    if after is not None and total + after.offset + after.nbytes == size:
        call = changed(evidence, "{}", str(total))
        return _with_call(
            "a second IDX file follows" + ("" if call is None else "; this call reads the first"),
            call,
        )
    what = describe_binary(evidence.after) if size > total + 4 else None
    return what and f"what follows looks like {what}"


def _fitting(evidence: Evidence, factor: str | None = None) -> str | None:
    fits = find_fits(evidence)
    if not fits:
        return None
    sentences = [f"{fit.why}: {stated(evidence, fit.dtype, fit.shape, fit.offset)}" for fit in fits]
    facts = [factor, _named(evidence, len(fits[0].shape))]
    return "; ".join([*filter(None, facts), "; or ".join(sentences)])


def _factor(header: Header, size: int) -> str | None:
    if not header.nbytes:
        return None
    factor, rest = divmod(size - header.offset, header.nbytes)
    if rest or factor < 2:
        return None
    return f"the payload has exactly {factor:,} times the bytes that the header announces"


def _named(evidence: Evidence, ndim: int) -> str | None:
    """The number of dimensions that the name states, if the file's header states another."""
    found = re.search(r"idx(\d)", re.split(r"[/\\]", evidence.name)[-1], re.IGNORECASE)
    header = evidence.header
    if found and header is not None and int(found[1]) == ndim != len(header.shape):
        return f"the name says {found[0]}"
    return None


def _items(evidence: Evidence, header: Header, size: int) -> str | None:
    """How to read the whole items of a payload that is too short."""
    if not header.shape or not header.nbytes:
        return None
    nbytes = size - header.offset
    itemsize = header.nbytes // header.shape[0]
    count = nbytes // itemsize
    if not 0 < count < header.shape[0]:
        return None
    shape = (count, *header.shape[1:])
    if count * itemsize == nbytes:
        call = stated(evidence, header.dtype, shape, header.offset)
    else:
        # `load` checks the size, so the call has to read the rest of the last item, too.
        dtype = header.dtype if nbytes % header.dtype.itemsize == 0 else np.dtype("u1")
        flat = stated(evidence, dtype, (nbytes // dtype.itemsize,), header.offset)
        view = "" if dtype == header.dtype else f".view({header.dtype.str!r})"
        call = f"{flat}[:{count * itemsize // dtype.itemsize}]{view}.reshape({shape})"
    first = "only the first" if count == 1 else f"the first {count:,}"
    are = "is" if count == 1 else "are"
    return f"{first} of {header.shape[0]:,} items {are} whole: {call}"


def _with_call(text: str, call: str | None) -> str:
    return text if call is None else f"{text}: {call}"
