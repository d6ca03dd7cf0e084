"""The page of a report: one HTML file that needs nothing else, neither a network nor scripts."""

from __future__ import annotations

from ..html import Markup, element
from .content import File, Report
from .sections import section_of
from .style import STYLE
from .tables import Cell, cell, number, table

# A browser loads nothing but what is in the page, whatever a file name or a label may contain.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(report: Report) -> str:
    """A report as an HTML file.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{report.folder}: IDX files"),
        element("style", Markup(STYLE)),
    )
    body = element(
        "body",
        element("h1", report.folder),
        element("p", _summary(report), class_="quiet"),
        element("main", _files(report), *map(section_of, report.sets)),
        element("footer", f"Made by idxfast {report.version}."),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _summary(report: Report) -> str:
    images = sum(p.total for of in report.sets for p in of.parts if p.header is not None)
    words = [_counted(len(report.files), "file"), _counted(images, "image")]
    if len(report.sets) > 1:
        words.append(_counted(len(report.sets), "data set"))
    return ", ".join(words)


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _files(report: Report) -> Markup:
    rows = [_file(file) for file in report.files]
    return element(
        "section",
        element("h2", "Files"),
        table(["Name", "Holds", "Examples", "Shape and type", "Size", "Unpacked"], rows),
        element("h3", "Hashes"),
        element(
            "p",
            "SHA-256 of each file and, if it is compressed, of its unpacked content. The files of "
            "published data sets are recognised by their hashes.",
            class_="quiet",
        ),
        table(
            ["Name", "Recognised as", "SHA-256"], [_hashes(f) for f in report.files if f.content]
        ),
    )


def _file(file: File) -> list[Cell]:
    error = element("div", file.error, class_="bad") if file.error else ""
    name = cell(file.name, error, class_="title")
    header = file.header
    if header is None:
        return [name, cell(file.holds), cell(), cell(), _size(file.size), cell()]
    shape = " x ".join(f"{n:,}" for n in header.shape[1:])
    return [
        name,
        cell(file.holds),
        number(header.shape[0] if header.shape else 1),
        cell(f"{shape} {header.dtype.name}".lstrip()),
        _size(file.size),
        _size(header.offset + header.nbytes),
    ]


def _size(size: int | None) -> Cell:
    """Bytes, exactly: the sizes of damaged downloads differ by little."""
    return cell() if size is None else cell(f"{size:,} bytes", class_="number")


def _hashes(file: File) -> list[Cell]:
    hashes = [text for text in (file.packed, file.content) if text]
    if len(set(hashes)) == 2:
        notes = ["file ", "unpacked "]
    else:
        hashes, notes = hashes[:1], ["" if file.packed else "unpacked "]
    lines = [
        element("div", element("span", note, class_="quiet"), text.partition(":")[2])
        for text, note in zip(hashes, notes, strict=True)
    ]
    return [
        cell(file.name, class_="title"),
        cell(file.published or "no published file that idxfast knows"),
        cell(*lines, class_="hash"),
    ]
