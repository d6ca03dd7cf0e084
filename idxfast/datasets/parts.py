"""Write a file, from a mirror or out of an archive, to an open part file, and verify it there."""

from __future__ import annotations

import logging
import os
import shutil
import time
import zipfile
from typing import BinaryIO

from ..errors import FetchError, HashMismatchError
from .catalogue import File
from .transfer import transfer
from .verifying import verify

# How often the mirrors are asked in turn, with a pause (seconds) before they are asked again.
ROUNDS = 3
PAUSE = 1.0

_log = logging.getLogger("idxfast")


def download_part(mirrors: tuple[str, ...], file: File, part: BinaryIO) -> None:
    """Get a file from the first mirror that gives it."""
    failures: dict[str, FetchError] = {}
    for number in range(ROUNDS):
        if number:
            time.sleep(PAUSE)
        for mirror in mirrors:
            url = mirror + file.name
            try:
                _transfer_whole(url, part, file)
            except FetchError as error:
                _log.info("%s", error)
                failures[mirror] = error
            else:
                return
    if all(isinstance(error, HashMismatchError) for error in failures.values()):
        raise failures[mirrors[0]]
    raise FetchError(f"no mirror gives {file.name}: " + "; ".join(map(str, failures.values())))


def _transfer_whole(url: str, part: BinaryIO, file: File) -> None:
    """Get a file from one mirror, and verify it.

    Another mirror may have begun the part, from a file that was packed in another way. If the two
    halves do not make the published file, this mirror is asked for all of it.
    """
    was_begun = part.seek(0, os.SEEK_END) > 0
    transfer(url, part, file.limit)
    try:
        _verify_part(part, file, url)
    except FetchError:
        if not was_begun:
            raise
        transfer(url, part, file.limit)
        _verify_part(part, file, url)


def extract_part(archive: BinaryIO, path: str, file: File, part: BinaryIO) -> None:
    """Get a file out of an open zip archive; no other name in the archive is looked at."""
    source = f"{path}/gzip/{file.name}"
    try:
        with zipfile.ZipFile(archive) as members, members.open(f"gzip/{file.name}") as member:
            part.truncate(0)
            shutil.copyfileobj(member, part)
    except (KeyError, zipfile.BadZipFile) as error:
        raise FetchError(f"{source}: {error}") from error
    _verify_part(part, file, source)


def _verify_part(part: BinaryIO, file: File, source: str) -> None:
    try:
        verify(part, file, source)
    except FetchError:
        part.truncate(0)
        raise
