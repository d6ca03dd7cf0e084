"""The sections of a page about one data set."""

from __future__ import annotations

from ..html import Markup, element, join, picture
from .content import Class, Duplicates, Part, Pixels, Repeated, Set
from .histogram import histogram
from .tables import Cell, cell, number, table

# Height or width of pictures on the page, whichever is larger.
_SIDE = 56
_MEASURE = (
    "The distance of two classes is measured between the mean images of their {}: it is the square "
    "root of the mean, over all pixels, of the squared difference of the values."
)


def section_of(of: Set) -> Markup:
    """All about one data set."""
    return element(
        "section",
        element("h2", of.title),
        *(element("p", line, class_="quiet") for line in of.about),
        *(element("p", f"{part.title}: {note}") for part in of.parts for note in part.notes),
        _classes(of),
        _pixels(of),
        _duplicates(of),
        _near(of),
    )


def _classes(of: Set) -> Markup:
    if not of.classes:
        return Markup()
    has_labels = of.classes[0].label is not None
    has_names = any(found.name for found in of.classes)
    has_pictures = any(found.examples for found in of.classes)
    titles = ["Label", "Name"][: 1 + has_names] if has_labels else []
    titles += [part.title for part in of.parts]
    titles += ["Mean", "First images"] if has_pictures else []
    rows = []
    for found in of.classes:
        row = []
        if has_labels:
            row.append(cell("none" if found.label is None else str(found.label), class_="number"))
        if has_labels and has_names:
            row.append(cell(found.name))
        row += [number(count) for count in found.counts]
        row += [_mean(found), _examples(found)] if has_pictures else []
        rows.append(row)
    more = ""
    if of.more_classes:
        more = element("p", f"and {of.more_classes:,} more labels")
    return join(element("h3", "Classes" if has_labels else "Images"), table(titles, rows), more)


def _mean(found: Class) -> Cell:
    if found.mean is None:
        return cell()
    return cell(picture(found.mean, f"mean of {_name(found)}", _SIDE), class_="picture")


def _examples(found: Class) -> Cell:
    images = [
        picture(example.pixels, f"{_name(found)}, image {example.number:,}", _SIDE)
        for example in found.examples
    ]
    return cell(element("div", *images, class_="row"), class_="wide")


def _name(found: Class) -> str:
    """A class, for the text that replaces a picture."""
    if found.label is None:
        return "images without labels"
    return f"class {found.label}" + (f", {found.name}" if found.name else "")


def _pixels(of: Set) -> Markup:
    parts = [part for part in of.parts if part.levels is not None]
    if not parts:
        return Markup()
    return join(
        element("h3", "Pixels"),
        element(
            "p",
            "How often each value occurs in all pixels of all images. The scale of the counts is "
            "logarithmic.",
            class_="quiet",
        ),
        element("div", *map(_chart, parts), class_="figures"),
    )


def _chart(part: Part) -> Markup:
    levels = part.levels
    assert levels is not None
    share = ""
    if levels.is_level:
        share = f" ({levels.mean / 255:.4f} and {levels.deviation / 255:.4f} of 255)"
    text = (
        f"mean {levels.mean:.6g}, standard deviation {levels.deviation:.6g}{share}, "
        f"minimum {levels.minimum:.6g}, maximum {levels.maximum:.6g}"
    )
    if levels.not_finite:
        text += f"; {levels.not_finite:,} values are infinite or NaN"
    return element(
        "div",
        element("div", part.title),
        histogram(levels, f"histogram of the pixels: {part.title}"),
        element("div", text, class_="quiet"),
        class_="chart",
    )


def _duplicates(of: Set) -> Markup:
    if not of.duplicates:
        return Markup()
    with_labels = any(found.relabelled is not None for found in of.duplicates)
    rows = []
    for found in of.duplicates:
        count = cell("too many images to compare") if found.equal is None else number(found.equal)
        row = [cell(_compared(found)), count]
        if with_labels:
            row.append(cell() if found.relabelled is None else number(found.relabelled))
        rows.append(row)
    titles = ["Compared", "Equal images", "With another label"][: 2 + with_labels]
    return join(
        element("h3", "Duplicates"),
        element(
            "p",
            "Images that are equal, pixel for pixel, to an earlier one. Between two parts: images "
            "of the second that are in the first.",
            class_="quiet",
        ),
        table(titles, rows),
        *(
            join(
                element("p", f"{_compared(found)}, the first:"),
                element("div", *(_repeated(r, found) for r in found.examples), class_="figures"),
            )
            for found in of.duplicates
            if found.examples
        ),
    )


def _compared(found: Duplicates) -> str:
    first, second = found.parts
    if first == second:
        return f"Within the {first.lower()}"
    return f"Between {first.lower()} and {second.lower()}"


def _repeated(repeated: Repeated, found: Duplicates) -> Markup:
    is_within = found.parts[0] == found.parts[1]
    text = " = ".join(
        f"{'image' if is_within else part.lower()} {number:,}"
        for part, number in zip(found.parts, repeated.numbers, strict=True)
    )
    labels = ""
    if any(repeated.labels):
        same = repeated.labels[0] == repeated.labels[1]
        labels = repeated.labels[0] if same else " / ".join(repeated.labels)
    return _figure(repeated.pixels, text, text, labels)


def _figure(pixels: Pixels, alt: str, *lines: str) -> Markup:
    texts = [element("div", line) for line in lines if line]
    return element("figure", picture(pixels, alt, _SIDE), element("figcaption", *texts))


def _near(of: Set) -> Markup:
    if not of.near:
        return Markup()
    rows = [
        [
            _mean(near.first),
            cell(_caption(near.first)),
            _mean(near.second),
            cell(_caption(near.second)),
            cell(f"{near.distance:.4g}", class_="number"),
        ]
        for near in of.near
    ]
    return join(
        element("h3", "Nearest classes"),
        element("p", _MEASURE.format(of.near[0].part.lower()), class_="quiet"),
        table(["", "Class", "", "Class", "Distance"], rows),
    )


def _caption(found: Class) -> str:
    return f"{found.label} {found.name}".rstrip()
