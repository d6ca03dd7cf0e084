"""What the path of a file says: whether it has images or labels, of which set and which kind.

Published names are only one possibility. All of these are names of MNIST's training images::

    train-images-idx3-ubyte.gz      train-images.idx3-ubyte     train_images.bin
    train-images-idx3-ubyte (1).gz  TrainImages.idx             train/images-idx3-ubyte
    MNIST/raw/train-images-idx3-ubyte
    train-images-idx3-ubyte/train-images-idx3-ubyte

An archive counts as a folder, and its members as the files in that folder.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from .pairs import is_published

Role: TypeAlias = Literal["images", "labels"]

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("images", "image", "imgs", "img", "patterns", "pixels", "vectors"), "images"),
    **dict.fromkeys(("labels", "label", "lbls", "lbl", "targets", "target"), "labels"),
}
# For names that begin or end with these and contain none of the words above: X_train, train_y.
_LETTERS: dict[str, Role] = {"x": "images", "y": "labels"}
_DIMENSIONS: dict[str, Role] = {"idx1": "labels", "idx3": "images"}
_KINDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing", "t10k"), "test"),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
}
_FORMATS = re.compile(
    r"idx\d*|(idx\d*)?(ubyte|byte|u?int(8|16|32)?|short|float(32|64)?|double)|bin|dat|data|raw"
)
# Names of folders that do not tell one set from another.
_PLAIN_FOLDERS = re.compile(
    r"raw|data|datasets?|gzip|idx|archives?|hub|snapshots?|[0-9a-f]{32,}|downloads?|extracted"
)
# The fastest to read first.
_ENDINGS = ("", ".gz", ".xz", ".bz2")
_ARCHIVES = (".zip", ".tar", ".tgz", ".txz", ".tbz2")
# What browsers, file managers and downloaders add to the name of a second copy.
_COPY = re.compile(r"(?i)^copy of |[\s_-]*\(\d+\)|[\s_-]+copy(?: \d+)?$|(?<=.)\.\d+$")
_GLUED = re.compile(
    r"(?i)(train(?:ing)?|test(?:ing)?|t10k|val(?:id|idation)?)(images?|imgs?|labels?)|"
    r"([xy])(train|test|val)"
)
_SEPARATORS = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Name(NamedTuple):
    """What a path says.

    Attributes
    ----------
    place : tuple of str
        The folders, without those that are named like the file itself; ``"*"`` for a folder that is
        called like a role. Images and labels that belong together have the same place.
    unpacked : tuple of str
        The place of the same file when its archives are unpacked.
    depth : int
        How many of these folders have a name that is more than a kind or a role.
    words : tuple of str
        What tells the set from others, in lower case, and last the kind: ``("emnist", "letters",
        "train")``.
    own_words : tuple of str
        The same from the file's name alone.
    role : {"images", "labels"} or None
    preference : tuple of int
        Sorts several files of the same words: first those that are not in a folder of their own
        name, then those that are not marked as copies, then those with published names.
    is_published : bool
        Whether the name has the form of those that publishers give.
    stem : str
        The file's name without the ending of its container and the mark of a copy, and with dashes
        for dots; and the names of folders that are called like a role, or do not count.
    mark : str
        What marks the file as a copy, like ``" (1)"``; "" if nothing does.
    ending : int
        Sorts the containers of one stem, the fastest to read first.
    is_dotted : bool
        Whether the stem has a dot where others have a dash.
    """

    place: tuple[str, ...]
    unpacked: tuple[str, ...]
    depth: int
    words: tuple[str, ...]
    own_words: tuple[str, ...]
    role: Role | None
    preference: tuple[int, ...]
    is_published: bool
    stem: str
    mark: str
    ending: int
    is_dotted: bool


class _Component(NamedTuple):
    """What one component of a path says."""

    words: tuple[str, ...]
    kind: str | None
    role: Role | None


def name_of(parts: Sequence[str], kind: str | None = None) -> Name:
    """What a path says.

    Parameters
    ----------
    parts : sequence of str
        The path below the folder that is searched: folders, and the file last.
    kind : str, optional
        What the searched folder itself says, for files that say nothing.
    """
    *folders, filename = parts
    base, ending, mark = _base_of(filename)
    own = _parse_component(base)
    place: list[str] = []
    words: list[str] = []
    stem = [base.replace(".", "-")]
    role, found_kind, depth = own.role, own.kind, 0
    alike = [_letters(_base_of(folder)[0]) == _letters(base) != "" for folder in folders]
    # If an archive is named like a file of images or of labels, whatever it holds is that file.
    for number, folder in enumerate(folders):
        if own.role and alike[number] and _unpacked(folder) != folder:
            stem[:0] = folders[number + 1 :]
            del folders[number + 1 :]
            break
    for folder, is_alike in zip(reversed(folders), reversed(alike[: len(folders)]), strict=True):
        folder_base, _, folder_mark = _base_of(folder)
        if is_alike:
            mark += folder_mark
            continue
        parsed = _parse_component(folder_base)
        role = role or parsed.role
        found_kind = found_kind or parsed.kind
        # The images of one set may be in a folder `images`, and its labels in a folder `labels`.
        if parsed.role is not None and not parsed.words and parsed.kind is None:
            place.insert(0, "*")
            stem.insert(0, folder)
        else:
            place.insert(0, folder)
        depth += bool(parsed.words) or not (parsed.role or parsed.kind)
        unit = "".join(parsed.words)
        if unit and not _PLAIN_FOLDERS.fullmatch(_letters(folder_base)):
            words.insert(0, unit)
    own_words = (*own.words, *((own.kind,) if own.kind else ()))
    joined = "".join(own.words)
    published = is_published(filename)
    last = found_kind or kind
    return Name(
        tuple(place),
        tuple(map(_unpacked, place)),
        depth,
        (*(w for w in words if w not in joined), *own.words, *((last,) if last else ())),
        own_words,
        role,
        (any(alike), bool(mark), not published),
        published,
        "/".join(stem),
        mark,
        ending,
        "." in base,
    )


def words_of_kind(kind: str) -> tuple[str, ...]:
    """The words of the kind that a caller asks for, as `Name.words` has them."""
    parsed = _parse_component(kind)
    return (*parsed.words, *((parsed.kind,) if parsed.kind else ()))


def contains(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether consecutive words read like those wanted, whatever separates either."""
    text, wanted_text = "".join(words), "".join(wanted)
    edges = {0, *itertools.accumulate(map(len, words))}
    return any(
        text.startswith(wanted_text, edge) and edge + len(wanted_text) in edges for edge in edges
    )


def kind_of_folder(name: str) -> str | None:
    """The kind that a folder is named after, if it is named after nothing else."""
    return _KINDS.get(name.lower())


def _base_of(filename: str) -> tuple[str, int, str]:
    """A name without the endings of containers and the marks of copies; and these marks."""
    base, ending, mark = filename, 0, ""
    while True:
        lower = base.lower()
        shorter = _COPY.sub("", base)
        if shorter and shorter != base:
            mark += "".join(match[0] for match in _COPY.finditer(base))
            base = shorter
            continue
        found = next((e for e in (*_ENDINGS[1:], *_ARCHIVES) if lower.endswith(e)), None)
        if found is None or len(found) == len(base):
            return base, ending, mark
        base = base[: -len(found)]
        ending = max(ending, _ENDINGS.index(found) if found in _ENDINGS else len(_ENDINGS))


def _unpacked(folder: str) -> str:
    """The name that an archive's folder has when it is unpacked."""
    base = folder
    while base.lower().endswith((*_ENDINGS[1:], *_ARCHIVES)) and not base.startswith("."):
        base = base.rpartition(".")[0]
    return base


def _parse_component(base: str) -> _Component:
    words: list[str] = []
    kind: str | None = None
    role: Role | None = None
    by_dimensions: Role | None = None
    # The last word of a kind or a role counts. One before it is a word of the set, as in
    # `train-val-images` and `image-labels`.
    for word in reversed(split(base)):
        if word in _ROLES and role is None:
            role = _ROLES[word]
        elif word in _KINDS and kind is None:
            kind = _KINDS[word]
        elif _FORMATS.fullmatch(word):
            by_dimensions = _DIMENSIONS.get(word[:4]) or by_dimensions
        else:
            words.insert(0, _KINDS.get(word, word))
    for place in (0, -1):
        if role is None and words and words[place] in _LETTERS:
            role = _LETTERS[words.pop(place)]
    return _Component(tuple(words), kind, role or by_dimensions)


def split(base: str) -> list[str]:
    """The words of a name in lower case, in their order."""
    text = re.sub("(?i)ubyte", "ubyte", base)
    words = _SEPARATORS.split(_CAMEL.sub(" ", text))
    return [part for word in words if word for part in _unglue(word.lower())]


def _unglue(word: str) -> list[str]:
    match = _GLUED.fullmatch(word)
    return [part for part in match.groups() if part] if match else [word]


def _letters(text: str) -> str:
    return _SEPARATORS.sub("", text).lower()
