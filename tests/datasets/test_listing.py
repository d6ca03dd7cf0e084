"""What a folder holds, in words."""

import numpy as np

from idxfast import Header, IdxError
from idxfast.datasets.listing import listed
from idxfast.datasets.looking import Entry
from idxfast.datasets.naming import name_of


def entry(path, shape=None, error=None, archive=None):
    parts = tuple(path.split("/"))
    header = None if shape is None else Header(np.dtype(">i4"), shape)
    return Entry(path, parts, name_of(parts), header, error, (hash(path),), "raw", archive)


def test_lines():
    entries = [
        entry("number", ()),
        entry("a.zip", archive="zip"),
        entry("train-images.idx", (60_000, 28, 28)),
        entry("train-labels.idx", (60_000,)),
        entry("train-labels.idx (1)", (60_000,)),
        entry("p/images.idx", (3, 4, 5)),
        entry("p/labels.idx", (4,)),
        entry("q/images.idx", (3, 4, 5)),
        entry("q/labels.idx", (3,)),
        entry("q/labels.bin", (3,)),
        entry("r/test-images.idx", (3, 4, 5)),
        entry("r/train-labels.idx", None, IdxError("the file is empty")),
    ]
    assert listed(entries) == [
        "train: train-images.idx (60,000 x 28 x 28 int32, raw), with train-labels.idx (60,000 int32, "
        "raw) (other forms: train-labels.idx (1))",
        "p: p/labels.idx: there are not as many labels as images (at byte 4, expected 3, found 4)",
        "q: several files are equally good: q/labels.idx, q/labels.bin",
        "r/test-images.idx (3 x 4 x 5 int32, raw), without labels",
        "r/train-labels.idx: the file is empty",
        "number (one element int32, raw)",
        "a.zip: a zip archive without IDX files",
    ]


def test_nothing():
    assert listed([]) == []
