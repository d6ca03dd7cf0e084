"""Python code that reads a file that `load` refuses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .evidence import Evidence

_MODULES = {"gzip": "gzip", "xz": "lzma", "bzip2": "bz2", "Zstandard": "compression.zstd"}


def stated(evidence: Evidence, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> str:
    """The call that reads a payload of this dtype and shape from an offset."""
    header = f"idxfast.Header({dtype.str.lstrip('|')!r}, {shape!r})"
    verb = "loads" if evidence.argument == "data" else "load"
    return f"idxfast.{verb}({evidence.argument}, header={header}, offset={offset})"


def content(evidence: Evidence, count: str = "") -> str | None:
    """The expression for the unpacked content; None if there is no simple one.

    There is none if the caller's file cannot be read twice, or is in an archive or behind a URL.

    Parameters
    ----------
    evidence : Evidence
    count : str
        How many bytes to read, if not all.
    """
    argument, container = evidence.argument, evidence.container
    if argument == "file" or evidence.is_inside:
        return None
    if argument != "data" and container != "raw":
        return f"{_MODULES[container]}.open({argument}).read({count})"
    if argument != "data":
        argument = f"pathlib.Path({argument}).read_bytes()"
    if container != "raw":
        argument = f"{_MODULES[container]}.decompress(data)"
    return f"{argument}[:{count}]" if count else argument


def changed(evidence: Evidence, change: str, count: str = "") -> str | None:
    """The call that reads the content after a change, in which ``{}`` is the content."""
    expression = content(evidence, count)
    return None if expression is None else f"idxfast.loads({change.replace('{}', expression)})"
