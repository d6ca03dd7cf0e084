"""Classes: the label that belongs to each name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import IdxError

# Labels are bytes.
MAX_CLASSES = 256


def number_classes(names: Iterable[str], filename: str) -> dict[str, int]:
    """Give each class a label.

    If all names are different whole numbers from 0 to 255, they are the labels. Otherwise the
    classes are numbered from 0 on, in the order of their names.

    Parameters
    ----------
    names : iterable of str
        Without repetitions.
    filename : str
        Where the names come from, for errors.

    Raises
    ------
    IdxError
        If there are no classes, too many, or a name that does not fit on one line.
    """
    names = list(names)
    check_number(len(names), filename)
    for name in names:
        if not name or name.splitlines() != [name]:
            raise IdxError(f"the name of a class is not one line: {name!r}", filename=filename)
    if all(name.isascii() and name.isdecimal() for name in names):
        # The names come from files: one may have more digits than int takes.
        numbers = {name: int(name[-3:]) for name in names if not name[:-3].strip("0")}
        if len(set(numbers.values())) == len(names) and max(numbers.values()) < MAX_CLASSES:
            return numbers
    return {name: number for number, name in enumerate(sorted(names))}


def check_number(count: int, filename: str) -> None:
    """Refuse a number of classes that is 0, or for which there are not enough labels."""
    if not 1 <= count <= MAX_CLASSES:
        raise IdxError(
            "the number of classes does not suit labels of one byte",
            filename=filename,
            expected=f"1 to {MAX_CLASSES} classes",
            found=f"{count:,}" if count <= MAX_CLASSES else f"more than {MAX_CLASSES}",
        )


def lines_of(numbers: dict[str, int]) -> Sequence[str]:
    """The name of each label from 0 on. A label without a class has its number."""
    names = {number: name for name, number in numbers.items()}
    return [names.get(label, str(label)) for label in range(max(names) + 1)]
