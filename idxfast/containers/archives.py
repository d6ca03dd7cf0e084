"""IDX files in a zip file whose members the caller knows by name."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from .members import explaining_damage
from .request import Request
from .zip import NAME, ZIP_ERRORS, open_file, read_member


@contextlib.contextmanager
def open_zip(path: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file. Damage that is met while it is read raises an IdxError."""
    with (
        open(path, "rb") as file,
        explaining_damage(NAME, file, path, ZIP_ERRORS),
        open_file(file, path) as opened,
    ):
        yield opened


def load_member(archive: str, member: str) -> np.ndarray[Any, Any]:
    """Load an IDX file, raw or compressed, from a zip file like EMNIST's gzip.zip.

    Raises
    ------
    KeyError
        If there is no such member.
    IdxError
        If the zip file is damaged, or as for `zip.read_member`.
    """
    with open_zip(archive) as opened:
        argument = f"{NAME}://{member}::{archive}"
        return read_member(opened, opened.getinfo(member), archive, Request(), argument)
