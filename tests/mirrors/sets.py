"""Sets on a mirror, faults of one, and what a fetch leaves in a folder."""

import hashlib
import os

import numpy as np

from idxfast.datasets import catalogue
from idxfast.format import Header

IMAGES = "train-images-idx3-ubyte.gz"
LABELS = "train-labels-idx1-ubyte.gz"
PRIVATE = f".idxfast.{os.geteuid()}" if hasattr(os, "geteuid") else ".idxfast"
HTML = b"<!DOCTYPE html><title>Log in</title>"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(name, raw, packed, **changes):
    """The catalogue's entry for a file of uint8."""
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, 4 + 4 * raw[3], 4))
    facts = {"size": len(packed), "packed": sha256(packed), "raw": sha256(raw)} | changes
    return catalogue.File(name, Header(np.dtype("u1"), shape), **facts)


def private(folder):
    """The folder in which files arrive, made if it is not there."""
    folder = folder / PRIVATE
    folder.mkdir(0o700, exist_ok=True)
    return folder


def whole(folder, packed):
    """Whether the set is there, and nothing else but locks."""
    names = {path.name for path in folder.iterdir()} - {PRIVATE}
    assert all(path.suffix == ".lock" for path in private(folder).iterdir())
    return names == set(packed) and all(
        (folder / name).read_bytes() == data for name, data in packed.items()
    )


def instead(other):
    return lambda handler, content: handler.give(other)


def redirect(target):
    return lambda handler, content: handler.head(302, 0, Location=target)


def missing(handler, content):
    handler.send_error(404)


def give(handler, content):
    handler.give(content)


def cut(handler, content):
    handler.head(200, len(content))
    handler.wfile.write(content[: len(content) // 2])
