"""What a report says of each file: sizes, hashes, and which published file it is."""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple

from ...datasets import catalogue
from ...datasets.catalogue import Dataset
from ...datasets.folder import load_entry
from ...datasets.looking import Entry, explain
from ...datasets.verifying import hash_file
from ...errors import IdxError
from ...format import pack
from ...images.report.content import File
from ...storage.regular import open_regular
from ..progress import Progress
from ..rows import ArrayRows, Rows, blocks, open_rows
from .sets import holds, told

_SHOWN = "sha256"


class Looked(NamedTuple):
    """A file, and the published set that it belongs to."""

    file: File
    dataset: Dataset | None


def rows_of(entry: Entry) -> Rows:
    """The items of a file, or of a member of an archive.

    Raises
    ------
    IdxError, OSError
        If it cannot be read.
    """
    if entry.member:
        return ArrayRows(load_entry(entry))
    with Progress(entry.path) as progress:
        return open_rows(entry.path, progress=progress)


def look_at(entry: Entry) -> Looked:
    """Read a file whole, and see what it is. What is wrong with it becomes its `error`."""
    file = File("/".join(entry.parts), holds(entry), entry.header, entry.container)
    if not entry.member:
        with open_regular(entry.path) as opened:
            file = file._replace(size=os.fstat(opened.fileno()).st_size)
    if entry.error is not None:
        return Looked(file._replace(error=_text_of(entry.error)), None)
    if entry.header is None:
        return Looked(file, None)
    try:
        return _identified(entry, file)
    except IdxError as error:
        return Looked(file._replace(error=_text_of(error)), None)


def _identified(entry: Entry, file: File) -> Looked:
    """Hash a file and its content, and compare with the catalogue."""
    candidates = [
        (dataset, known)
        for dataset in catalogue.datasets().values()
        for known in dataset.files
        if known.header == entry.header
    ]
    stated = [text for _, known in candidates for text in (known.packed, known.raw) if text]
    algorithms = sorted({_SHOWN, *(text.partition(":")[0] for text in stated)})
    packed = _packed_hashes(entry, algorithms)
    content = _content_hashes(entry, algorithms)
    file = file._replace(packed=packed.get(_SHOWN, ""), content=content[_SHOWN])
    for dataset, known in candidates:
        if known.packed is not None and known.packed in packed.values():
            return Looked(file._replace(published=f"{dataset.title}, as published"), dataset)
    for dataset, known in candidates:
        if known.raw is not None and known.raw in content.values():
            of = f"{dataset.title}, the published content in another form"
            return Looked(file._replace(published=of), dataset)
    return Looked(file, None)


def _packed_hashes(entry: Entry, algorithms: list[str]) -> dict[str, str]:
    if entry.member:
        return {}
    with open_regular(entry.path) as file:
        return {algorithm: hash_file(file, algorithm) for algorithm in algorithms}


def _content_hashes(entry: Entry, algorithms: list[str]) -> dict[str, str]:
    """The hashes of the content as an IDX file has it, header and payload."""
    assert entry.header is not None
    found = [hashlib.new(algorithm, usedforsecurity=False) for algorithm in algorithms]
    for digest in found:
        digest.update(pack(entry.header))
    rows = rows_of(entry)
    with Progress(entry.path, "item") as progress:
        for block in blocks(rows, progress):
            stored = block.astype(entry.header.dtype, order="C", copy=False)
            for digest in found:
                digest.update(stored)
    return {
        algorithm: f"{algorithm}:{digest.hexdigest()}"
        for algorithm, digest in zip(algorithms, found, strict=True)
    }


def _text_of(error: IdxError) -> str:
    explain(error)
    return told(error)
