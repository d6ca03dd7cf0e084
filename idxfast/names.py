"""Which files belong together, from their names.

A name says what a file holds (``images``, ``labels``), how many dimensions and which type, and the
words that are left say what of: ``train``, ``emnist letters test``. Publishers write it in many
ways, and unpackers put dots where there were dashes::

    train-images-idx3-ubyte.gz                 t10k-labels.idx1-ubyte
    emnist-letters-test-images-idx3-ubyte.gz   qmnist-train-labels-idx2-int.gz
    X_kannada_MNIST_test-idx3-ubyte.gz         mnist8m-patterns-idx3-ubyte
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

_NAME = re.compile(
    r"(?P<words>.+)[-.]idx(?P<ndim>\d+)-(?:ubyte|byte|short|int|float|double)(?:\.gz|\.xz)?"
)
_IMAGES = {"images", "patterns"}
_LABELS = {"labels"}


class Pair(NamedTuple):
    """The names of a file of images and of the file of their labels."""

    images: str
    labels: str


def find_pair(filenames: Iterable[str], kind: str, where: str) -> Pair:
    """Choose the images and labels of a kind.

    Parameters
    ----------
    filenames : iterable of str
    kind : str
        Words that the names have in a row, like ``"train"`` or ``"letters-test"``; ``"t10k"`` is
        ``"test"``. Names with no other words are preferred.
    where : str
        For messages: where the files are.

    Returns
    -------
    Pair
        Of a file in several forms, that with the most dimensions (QMNIST's whole table of labels,
        not the classes alone), then with a dash rather than a dot, then unpacked.

    Raises
    ------
    FileNotFoundError
        If there are none.
    ValueError
        If there are several.
    """
    wanted = words_of(kind)
    pairs = _pairs(filenames)
    fitting = [words for words in pairs if _contains(words, wanted)]
    if wanted in fitting:
        fitting = [wanted]
    if not fitting:
        known = ", ".join("-".join(words) for words in sorted(pairs)) or "none at all"
        raise FileNotFoundError(
            f"{where}: no images with labels of kind {kind!r}; there are: {known}"
        )
    if len(fitting) > 1:
        known = ", ".join("-".join(words) for words in sorted(fitting))
        raise ValueError(f"{where}: several sets are of kind {kind!r}: {known}; say which")
    return pairs[fitting[0]]


def _pairs(filenames: Iterable[str]) -> dict[tuple[str, ...], Pair]:
    """The best file of images and of labels for each set of words that has both."""
    images: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    labels: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    for filename in filenames:
        match = _NAME.fullmatch(filename)
        if match is None:
            continue
        words = words_of(match["words"])
        for group, names, letter in ((images, _IMAGES, "x"), (labels, _LABELS, "y")):
            rest = tuple(word for word in words if word not in names)
            if words[:1] == (letter,):
                rest = words[1:]
            if rest != words:
                group[rest].append((-int(match["ndim"]), filename))
    return {
        words: Pair(min(images[words])[1], min(labels[words])[1])
        for words in images.keys() & labels.keys()
    }


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name, in lower case, however it separates them."""
    words = (word.lower() for word in re.split(r"[-_.]", text) if word)
    return tuple("test" if word == "t10k" else word for word in words)


def _contains(words: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the wanted words stand in a row among the words."""
    count = len(wanted)
    return any(words[i : i + count] == wanted for i in range(len(words) - count + 1))
