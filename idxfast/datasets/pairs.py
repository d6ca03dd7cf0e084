"""Which files belong together, from their names.

A name says what a file holds (``images``, ``labels``), its number of dimensions and its type. The
other words say which set: ``train``, ``emnist letters test``. Publishers write names in many ways,
and some unpackers replace dashes by dots::

    train-images-idx3-ubyte.gz                 t10k-labels.idx1-ubyte
    emnist-letters-test-images-idx3-ubyte.gz   qmnist-train-labels-idx2-int.gz
    X_kannada_MNIST_test-idx3-ubyte.gz         mnist8m-patterns-idx3-ubyte
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from ..errors import printable

_NAME = re.compile(
    r"(?P<words>.+)[-.]idx(?P<ndim>\d+)-(?:ubyte|byte|short|int|float|double)(?P<suffix>\.gz|\.xz|\.bz2|)"
)
# The fastest to read first.
_SUFFIXES = ["", ".gz", ".xz", ".bz2"]
_IMAGES = {"images", "patterns"}
_LABELS = {"labels"}
# Other sets are named after this one: Fashion-MNIST, Kannada-MNIST, EMNIST's split "mnist".
_MNIST = "mnist"


_Form: TypeAlias = tuple[int, str, int, str]


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
        Consecutive words of the names, like ``"train"`` or ``"letters-test"``. ``"t10k"``
        means ``"test"``, and case does not matter. Names without other words are preferred, and
        of those the ones that are written as given. ``"mnist"`` does not mean Fashion-MNIST.
    where : str
        For messages: where the files are.

    Returns
    -------
    Pair
        Of a file in several forms, the one with the most dimensions (QMNIST's whole table of
        labels, not the classes alone), then one with a dash rather than a dot, then the one that
        is read fastest: raw, gzip, xz, bzip2.

    Raises
    ------
    FileNotFoundError
        If there are none.
    ValueError
        If there are several.
    """
    wanted = words_of(kind)
    pairs = all_pairs(filenames)
    fitting = [
        words
        for words in pairs
        if _contains(_merged(words), wanted) and not is_of_other_set(_merged(words), wanted)
    ]
    fitting = [words for words in fitting if _merged(words) == wanted] or fitting
    fitting = [words for words in fitting if _contains(words, _split(kind))] or fitting
    if not fitting:
        known = ", ".join("-".join(words) for words in sorted(pairs)) or "none at all"
        raise FileNotFoundError(
            printable(f"{where}: no images with labels of kind {kind!r}; there are: {known}")
        )
    if len(fitting) > 1:
        known = ", ".join("-".join(words) for words in sorted(fitting))
        raise ValueError(
            printable(f"{where}: several sets are of kind {kind!r}: {known}; say which")
        )
    return pairs[fitting[0]]


def is_of_other_set(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the wanted set is MNIST, but the name is that of a set like Fashion-MNIST."""
    return wanted[:1] == (_MNIST,) and _MNIST in words[1:]


def is_published(filename: str) -> bool:
    """Whether a name has the form of those that publishers give."""
    return _NAME.fullmatch(filename) is not None


def all_pairs(filenames: Iterable[str]) -> dict[tuple[str, ...], Pair]:
    """For each set of words that has images and labels, the preferred file of each."""
    images: dict[tuple[str, ...], list[_Form]] = defaultdict(list)
    labels: dict[tuple[str, ...], list[_Form]] = defaultdict(list)
    for filename in filenames:
        match = _NAME.fullmatch(filename)
        if match is None:
            continue
        words = _split(match["words"])
        for group, names, letter in ((images, _IMAGES, "x"), (labels, _LABELS, "y")):
            rest = tuple(word for word in words if word.lower() not in names)
            if words and words[0].lower() == letter:
                rest = words[1:]
            if rest != words:
                group[rest].append(_form(match))
    both = {words: words for words in images.keys() & labels.keys()}
    # Names that are written differently, like train and TRAIN, if the match is unambiguous.
    for written in images.keys() - both.keys():
        others = [words for words in labels if _merged(words) == _merged(written)]
        rivals = [words for words in images if _merged(words) == _merged(written)]
        if len(others) == len(rivals) == 1:
            both[written] = others[0]
    return {
        words: Pair(min(images[words])[-1], min(labels[other])[-1]) for words, other in both.items()
    }


def _form(match: re.Match[str]) -> _Form:
    """What sorts the forms of a file, the preferred one first; at the end, the file's name."""
    name = match[0]
    suffix = match["suffix"]
    return -int(match["ndim"]), name.removesuffix(suffix), _SUFFIXES.index(suffix), name


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name, whatever separates them, in lower case; t10k becomes test."""
    return _merged(_split(text))


def _split(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[-_.]", text) if word)


def _merged(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words in lower case, with one spelling for those that mean the same."""
    return tuple("test" if word.lower() == "t10k" else word.lower() for word in words)


def _contains(words: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the wanted words are consecutive among the words."""
    count = len(wanted)
    return any(words[i : i + count] == wanted for i in range(len(words) - count + 1))
