"""Write a file from a mirror or an archive to an open part file, and verify it there."""

from __future__ import annotations

import logging
import os
import shutil
import time
import zipfile
from typing import BinaryIO

from ..errors import FetchError, HashMismatchError
from .catalogue import Archive, File
from .transfer import transfer
from .verifying import verify

# How often each mirror is asked, in turn, with a pause (in seconds) before each further round.
ROUNDS = 3
PAUSE = 1.0

_log = logging.getLogger("idxfast")


def download_part(mirrors: tuple[str, ...], file: File, part: BinaryIO) -> None:
    """Write a file from the first mirror that provides it."""
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
    raise FetchError(f"no mirror provides {file.name}: " + "; ".join(map(str, failures.values())))


def _transfer_whole(url: str, part: BinaryIO, file: File) -> None:
    """Write a file from one mirror, and verify it.

    The part may have been begun from another mirror, whose file may be compressed differently. If
    the whole is not the published file, this mirror is asked for all of it.
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


def extract_part(opened: BinaryIO, path: str, archive: Archive, file: File, part: BinaryIO) -> None:
    """Write a file from an open zip archive; no other member of the archive is read."""
    name = archive.member(file.name)
    source = f"{path}/{name}"
    try:
        with zipfile.ZipFile(opened) as members, members.open(name) as member:
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
