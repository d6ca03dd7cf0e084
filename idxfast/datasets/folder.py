"""Images and labels together, from the files of a folder."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import IdxError
from ..reading.loading import load
from .finding import search
from .fitting import check_fit, header_of
from .groups import Choice, check_choice
from .looking import Entry, explain, look
from .naming import name_of, split
from .pairs import Pair, find_pair, words_of

# How many images are transposed at once: few enough that their copy stays in cache.
_BATCH = 256


def load_dataset(
    directory: str | os.PathLike[str], kind: str = "train", *, upright: bool = True
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read the images and the labels of a data set from a folder.

    Parameters
    ----------
    directory : str or PathLike
        The folder of the files, or one above it: torchvision's root, the cache of Keras or that of
        the Hugging Face hub. The files may be raw, gzip, xz or bzip2, or in zip or tar archives.
    kind : str
        Which files: ``"train"`` or ``"test"`` (or ``"t10k"``). If the folder holds several sets,
        more words from the names of files and folders choose one: ``"letters-train"``,
        ``"FashionMNIST-train"``. ``"mnist-train"`` does not choose Fashion-MNIST. ``""`` is for
        files whose names say no kind.
    upright : bool
        EMNIST stores its images transposed. They are turned upright unless this is False. Files
        whose names do not begin with "emnist" are left as they are.

    Returns
    -------
    images, labels : ndarray
        As `load` returns them: images of shape (N, 28, 28), uint8; labels of shape (N,), uint8.
        QMNIST's labels have shape (N, 8), int32, with the class in column 0. Labels are as stored:
        EMNIST's letters are 1 to 26.

    Raises
    ------
    FileNotFoundError
        If there are no images with labels of that kind. The message lists what there is, and what
        is missing.
    ValueError
        If there are several pairs of that kind, which the message lists, or too many files.
    IdxError
        If a file is damaged, if a file named after images or labels holds something else, or if the
        numbers of images and labels differ.

    See Also
    --------
    datasets.find : The paths of the files that `load_dataset` takes.

    Notes
    -----
    The content of a file decides whether it can be images or labels. Its name only decides which of
    several such files is taken. Labels are arrays of one dimension, or tables of two. Images have
    two dimensions if the pixels of each are in one row, and otherwise more. Files are looked for in
    this order:

    1. Files in the folder itself under published names: ``train-images-idx3-ubyte.gz``,
       ``t10k-labels.idx1-ubyte``, ``emnist-letters-test-images-idx3-ubyte.gz`` and the like.
    2. Files under any names, at most eight folders below. Names are split into words at any
       separator, and upper or lower case does not matter: ``train_images.bin``,
       ``TrainImages.idx``, ``train-images-idx3-ubyte (1).gz``, ``train/images``. An archive counts
       as a folder.

    Images and labels are from the same folder, or from folders ``images`` and ``labels`` side by
    side. The pair that is the fewest folders below is taken. A folder that has the same name as the
    file in it does not count. Of several pairs at this depth, one is preferred whose names have no
    other words than `kind`. No pair is taken if images or labels without a partner are as near.

    The same file may be there in several forms. A file that is not in a folder of its own name is
    preferred, then one that is not marked as a copy, then one with a published name, then the one
    that is read fastest. A damaged file is replaced by another form or a copy of it, but never by a
    file under another name. If several files are still equally good, an error says so.
    """
    directory = os.fsdecode(directory)
    pair = _published_pair(directory, kind)
    if pair is not None:
        try:
            return load_pair(directory, pair, upright=upright)
        except IdxError:
            # Another form of a file may be undamaged.
            choice = _other_choice(directory, kind, pair)
            if choice is None:
                raise
    else:
        choice = search(directory, kind)
    images, labels = map(load_entry, choice)
    names = Pair(*("-".join(split(entry.name.stem.rpartition("/")[2])) for entry in choice))
    return join(images, labels, names, Pair(*(entry.path for entry in choice)), upright=upright)


def find(directory: str | os.PathLike[str], kind: str = "train") -> Pair:
    """The files that `load_dataset` takes from a folder.

    Parameters
    ----------
    directory, kind
        As for `load_dataset`.

    Returns
    -------
    Pair
        The paths of `images` and `labels`. A member of an archive is named like
        ``"zip://train-images-idx3-ubyte::mnist.zip"``, which `load` reads, too.

    Raises
    ------
    FileNotFoundError, ValueError, IdxError
        As `load_dataset` does. Only the header of a compressed file is read, so damage after it is
        not noticed.
    """
    directory = os.fsdecode(directory)
    pair = _published_pair(directory, kind)
    looked = [look(os.path.join(directory, name), (name,), None) for name in pair or ()]
    files = [entry for entry in looked if entry is not None and entry.role]
    if pair is None or len(files) < len(pair):
        choice = search(directory, kind)
    else:
        choice = Choice(*files)
        try:
            check_choice(choice)
        except IdxError as error:
            other = _other_choice(directory, kind, pair)
            if other is None:
                explain(error)
                raise
            choice = other
    return Pair(*(entry.path for entry in choice))


def load_pair(
    directory: str | os.PathLike[str], pair: Pair, *, upright: bool
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read two files of a folder, as `load_dataset` does."""
    paths = Pair(*(os.path.join(directory, name) for name in pair))
    images, labels = map(load, paths)
    return join(images, labels, pair, paths, upright=upright)


def join(
    images: np.ndarray[Any, Any],
    labels: np.ndarray[Any, Any],
    names: Pair,
    paths: Pair,
    *,
    upright: bool,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Images and labels as `load_dataset` returns them, from the arrays of their files."""
    check_fit(header_of(images), header_of(labels), *paths)
    square = images.ndim == 3 and images.shape[1] == images.shape[2]
    if upright and square and words_of(names.images)[0] == "emnist":
        _transpose(images)
    return images, labels


def _published_pair(directory: str, kind: str) -> Pair | None:
    """The files in the folder itself under published names; None if there are none or several."""
    names: list[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                if entry.is_file():
                    names.append(entry.name)
            except OSError:  # a link in a circle
                continue
    try:
        return find_pair(names, kind, directory)
    except (FileNotFoundError, ValueError):
        return None


def _other_choice(directory: str, kind: str, pair: Pair) -> Choice | None:
    """The pair that a search finds instead of a damaged one; None if it finds no other."""
    try:
        choice = search(directory, kind)
    except (FileNotFoundError, ValueError):
        return None
    if [entry.parts for entry in choice] == [(name,) for name in pair]:
        return None
    # A damaged file is replaced by another form of it, and not by another set.
    is_same = all(
        not entry.name.place and entry.name.own_words == name_of((name,)).own_words
        for entry, name in zip(choice, pair, strict=True)
    )
    return choice if is_same else None


def load_entry(entry: Entry) -> np.ndarray[Any, Any]:
    """Load a file that `finding` has found, in a folder or in an archive."""
    if not entry.member:
        return load(entry.path)
    from .archives import load_member  # few folders have archives

    return load_member(entry)


def _transpose(images: np.ndarray[Any, Any]) -> None:
    """Swap rows and columns of square images, in place."""
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        batch[:] = batch.swapaxes(1, 2).copy()
