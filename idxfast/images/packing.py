"""Pack pictures into the four files of a data set."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from ..errors import IdxError
from ..storage.new_folder import new_folder
from ..storage.outputs import write
from ..writing.creating import create
from .classes import MAX_CLASSES, lines_of
from .conversion import Conversion
from .listing import Listing
from .workers import convert_all

# A batch of pictures takes some 10 ms, so that processes rarely wait for each other. Batches are
# smaller if records are large, or if the names of two batches would not fit into a pipe.
_MAX_PICTURES = 32
_MAX_RECORD_BYTES = 1 << 20
_MAX_NAME_BYTES = 4096

Labels: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
Indices: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


def pack(
    listing: Listing,
    out: str,
    conversion: Conversion,
    *,
    per_class: int | None = None,
    by_label: bool = False,
    seed: int = 0,
    skip_bad: bool = False,
    progress: Callable[[int, int], object] = lambda done, total: None,
    failed: Callable[[str], object] = lambda reason: None,
) -> dict[str, int]:
    """Convert pictures, and write images, labels and the names of the classes into a new folder.

    Parameters
    ----------
    listing : Listing
    out : str
        The folder, which has to be empty or missing. It appears when it is complete.
    conversion : Conversion
    per_class : int, optional
        Draw this number of training images from each class at random. The other pictures become
        test images. By default, all become training images, and there are no files for tests.
    by_label : bool
        Whether the records are sorted by label. Otherwise they have the order of the listing, or,
        if some are drawn, a random one.
    seed : int
        Decides what is drawn, and the random order.
    skip_bad : bool
        Whether pictures that cannot be read are left out. Otherwise nothing is written if there
        are any.
    progress : callable
        Called with the number of pictures that are done, and that of all.
    failed : callable
        Called for each picture that cannot be read, with its name and what is wrong with it.

    Returns
    -------
    dict of str to int
        The number of records by the kind of file, "train" and "t10k".

    Raises
    ------
    IdxError
        If pictures cannot be read, or a class has fewer readable ones than `per_class`.
    OSError
        If the folder is not empty, or the system refuses.
    """
    labels = listing.labels
    if per_class is not None:
        _check_counts(listing, np.bincount(labels, minlength=MAX_CLASSES), per_class)
    order = _order(labels, per_class is not None, by_label, seed)
    done = bad = 0
    with new_folder(out) as folder, contextlib.ExitStack() as stack:
        kinds = ("train",) if per_class is None else ("train", "t10k")
        pairs = {kind: _Pair(folder, kind, conversion, stack) for kind in kinds}
        # Twice the same batches, because names are taken some batches before their results arrive.
        batches, ahead = itertools.tee(_batches(listing, order, conversion))
        names = ([listing.name(index) for index in batch] for batch in ahead)
        results = stack.enter_context(
            contextlib.closing(convert_all(listing.root, names, conversion, len(listing)))
        )
        taken = np.zeros(MAX_CLASSES, np.int64)
        for batch, (records, failures) in zip(batches, results, strict=True):
            for reason in failures.values():
                failed(reason)
            bad += len(failures)
            if not bad or skip_bad:
                good = [place for place in range(len(batch)) if place not in failures]
                some = labels[batch[good]]
                is_train = _draw(some, taken, per_class)
                for kind, chosen in zip(kinds, (is_train, ~is_train), strict=False):
                    pairs[kind].append(records[good][chosen], some[chosen])
            done += len(batch)
            progress(done, len(listing))
        if bad and not skip_bad:
            raise IdxError("some pictures cannot be read", filename=listing.root, found=f"{bad:,}")
        if per_class is not None:
            _check_counts(listing, taken, per_class)
        if bad == len(listing):
            raise IdxError("none of the pictures can be read", filename=listing.root)
        for pair in pairs.values():
            pair.close()
        lines = [os.fsencode(f"{line}\n") for line in lines_of(listing.classes)]
        write(os.path.join(folder, "classes.txt"), lines)
    return {kind: pair.count for kind, pair in pairs.items()}


class _Pair:
    """The two files of training or test images, under their usual names."""

    def __init__(
        self, folder: str, kind: str, conversion: Conversion, stack: contextlib.ExitStack
    ) -> None:
        ndim = 1 + len(conversion.shape)
        self._images = stack.enter_context(
            create(
                os.path.join(folder, f"{kind}-images-idx{ndim}-ubyte.gz"),
                shape=(None, *conversion.shape),
                dtype=np.uint8,
            )
        )
        self._labels = stack.enter_context(
            create(
                os.path.join(folder, f"{kind}-labels-idx1-ubyte.gz"), shape=(None,), dtype=np.uint8
            )
        )

    @property
    def count(self) -> int:
        """The number of records so far."""
        return self._labels.shape[0]

    def append(self, records: np.ndarray[Any, Any], labels: Labels) -> None:
        self._images.append(records)
        self._labels.append(labels)

    def close(self) -> None:
        self._images.close()
        self._labels.close()


def _check_counts(listing: Listing, counts: Indices, per_class: int) -> None:
    for name, label in listing.classes.items():
        if counts[label] < per_class:
            raise IdxError(
                f"the class {name!r} has too few readable pictures",
                filename=listing.root,
                expected=f"at least {per_class:,}",
                found=f"{counts[label]:,}",
            )


def _order(labels: Labels, is_random: bool, by_label: bool, seed: int) -> Indices:
    """The pictures in the order in which they are converted."""
    count = len(labels)
    order = np.random.default_rng(seed).permutation(count) if is_random else np.arange(count)
    return order[np.argsort(labels[order], kind="stable")] if by_label else order


def _batches(listing: Listing, order: Indices, conversion: Conversion) -> Iterator[Indices]:
    most = min(
        _MAX_PICTURES,
        _MAX_RECORD_BYTES // math.prod(conversion.shape),
        _MAX_NAME_BYTES // listing.longest_name,
    )
    for start in range(0, len(order), max(most, 1)):
        yield order[start : start + max(most, 1)]


def _draw(labels: Labels, taken: Indices, per_class: int | None) -> np.ndarray[Any, Any]:
    """Which of the records become training images. `taken` counts those of each class so far."""
    is_train = np.ones(len(labels), np.bool_)
    if per_class is not None:
        for place, label in enumerate(labels):
            is_train[place] = taken[label] < per_class
            taken[label] += is_train[place]
    return is_train
