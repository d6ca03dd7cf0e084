"""Published data sets, from their mirrors into a directory.

A file arrives in a private folder beside its place, ``.idxfast.USER``, as ``NAME.part``. It is
verified there, and only then moves out and takes its name. What an interrupted transfer leaves is
continued by the next one; if the whole then is not the published file, it starts again from
nothing. A lock, ``NAME.lock``, lets one process of a user at a time fetch a file.

How long that may take: each mirror is asked `parts.ROUNDS` times at the most, and each time has the
limit of `transfer`, a minute and as long as the file takes at 10 kB a second. Beyond that, only the
lock is waited for, and its holder is bound by the same limits.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from ..errors import FetchError, printable
from ..storage.folders import Folder
from ..storage.private import entered, move_out, name_for
from ..storage.regular import check_alone, check_regular, open_regular
from .catalogue import Archive, File, find
from .locking import hold
from .parts import download_part, extract_part
from .verifying import verify

# The extra `datasets`; the newest of each is new enough.
_INSTALL = "pip install --upgrade pooch requests tqdm filelock urllib3"

# Writes a file, verified, to an open one, or raises FetchError.
_Writer: TypeAlias = Callable[[File, BinaryIO], None]

_log = logging.getLogger("idxfast")


def fetch(name: str, directory: str | os.PathLike[str] | None = None) -> Path:
    """Bring a published data set to this machine, if it is not there yet.

    Parameters
    ----------
    name : str
        One of `idxfast.datasets.catalogue.datasets`, like ``"fashion-mnist"``.
    directory : str or PathLike, optional
        Where its files are or shall be. By default a directory of its own in the user's cache. In
        the cache a damaged file is fetched again, with a warning on the logger ``idxfast``; in a
        directory of yours nothing that stands there is replaced.

    Returns
    -------
    pathlib.Path
        The directory. All files of the set stand in it under their published names, and each has
        been verified just now: by its published hash or, for a file that a mirror packed anew, by
        that of its content. A few files have no published hash: they are whole IDX files of the
        right type and shape. What a path leads to may change after that: it is the published file
        for as long as nobody who may write in the directory, or to the files, puts something else
        there. `load` has no such gap: it returns what it has verified.

    Raises
    ------
    FetchError
        If no mirror gives a file, or one is missing and the environment variable
        ``IDXFAST_OFFLINE`` is set (to anything but 0), which forbids to use the network.
    HashMismatchError
        If what the mirrors give, or what stands in `directory`, is another file.
    ValueError
        If there is no set of that name.
    ImportError
        If a package is needed and missing; the message says how to install them.
    OSError
        If the directory cannot be written.

    Notes
    -----
    Only https is spoken. Of each file, a mirror is asked three times at the most, and each time it
    has a minute and as long as the file takes at 10 kB a second, everything included; then a
    `FetchError` says that it took too long. While another process fetches the same file, this one
    waits, and the logger ``idxfast`` warns whom for.

    The splits of EMNIST come in one archive of 562 MB; it is kept, for the other splits, in
    `directory` or in the cache.
    """
    dataset = find(name)
    replace = directory is None
    folder = folder_of(name, directory)
    missing = [file for file in dataset.files if not _is_there(file, folder / file.name, replace)]
    archive = dataset.archive
    if archive is None:
        for file in missing:
            _fetch_from_mirrors(file, folder / file.name, dataset.mirrors, replace)
    elif missing:
        path = (_cache(archive.name) if replace else folder) / archive.file.name
        with _open_archive(archive, path, replace) as opened:
            extract = functools.partial(extract_part, opened, str(path))
            for file in missing:
                _put_in_place(file, folder / file.name, extract, replace)
    return folder


def fetch_file(name: str, filename: str, path: str | os.PathLike[str]) -> None:
    """Bring one file of a published data set to a path, in place of whatever else stands there.

    Parameters
    ----------
    name : str
        As for `fetch`.
    filename : str
        Its published name. Of a set that comes in an archive, only the archive can be had.
    path : str or PathLike
        Where it is or shall be. The published file is left as it is.

    Raises
    ------
    FetchError
        If the set has no such file, or as `fetch` raises it.
    ValueError, ImportError, OSError
        As `fetch` raises them.
    """
    dataset = find(name)
    source = dataset.archive or dataset
    for file in source.files:
        if file.name == filename:
            if not _is_there(file, Path(path), replace=True):
                _fetch_from_mirrors(file, Path(path), source.mirrors, replace=True)
            return
    known = ", ".join(file.name for file in source.files)
    raise FetchError(f"{name} has no file {filename!r}; there are: {known}")


def folder_of(name: str, directory: str | os.PathLike[str] | None) -> Path:
    """The directory of a set: the one given, or its own in the user's cache."""
    return _cache(name) if directory is None else Path(directory)


def _cache(name: str) -> Path:
    """The directory of a set in the user's cache."""
    return Path(_extra("pooch").os_cache("idxfast"), name)


def _extra(module: str) -> Any:
    """A module that idxfast can do without, but not here."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"data sets need {module}: {_INSTALL}") from error


def _is_there(file: File, path: Path, replace: bool) -> bool:
    """Whether the published file is there. Another one is an error if it may not be replaced."""
    opened = _open_verified(file, path, replace)
    if opened is not None:
        opened.close()
    return opened is not None


def _open_verified(file: File, path: Path, replace: bool) -> BinaryIO | None:
    """Open the published file, if it is there."""
    opened = None
    try:
        opened = open_regular(path)
        verify(opened, file, str(path))
    except BaseException as error:
        if opened is not None:
            opened.close()
        if isinstance(error, FetchError) and replace:
            return None
        # A link that leads nowhere is of a file that is elsewhere, and just now is not to be had.
        if isinstance(error, FileNotFoundError) and (replace or not path.is_symlink()):
            return None
        raise
    return opened


def _open_archive(archive: Archive, path: Path, replace: bool) -> BinaryIO:
    """Open an archive, which is fetched if need be.

    It is read from the open file that was verified, not by its name again. It is too large to be
    held in memory: a file in it that has a hash of its own is verified by that as well. The others
    are right only if nobody writes to the archive meanwhile.
    """
    opened = _open_verified(archive.file, path, replace)
    if opened is None:
        _fetch_from_mirrors(archive.file, path, archive.mirrors, replace)
        opened = _open_verified(archive.file, path, replace=False)
    if opened is None:
        raise FetchError(f"{path} was there, and is gone")
    return opened


def _fetch_from_mirrors(file: File, path: Path, mirrors: tuple[str, ...], replace: bool) -> None:
    if os.environ.get("IDXFAST_OFFLINE", "0") not in ("", "0"):
        raise FetchError(
            f"{path.name} is missing or damaged in {path.parent}, and IDXFAST_OFFLINE is set"
        )
    for module in ("pooch", "requests", "tqdm"):
        _extra(module)
    _put_in_place(file, path, functools.partial(download_part, mirrors), replace)


def _put_in_place(file: File, path: Path, write_part: _Writer, replace: bool) -> None:
    """Put a file in its place, unless another process has done so meanwhile."""
    _extra("filelock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            Folder(str(path.parent)) as folder,
            entered(folder, name_for("idxfast", "")) as private,
            hold(private, f"{path.name}.lock", path),
        ):
            if _is_there(file, path, replace):
                return
            if path.exists():
                _log.warning("%s is damaged; getting it again", printable(str(path)))
            name = f"{path.name}.part"
            with _open_part(private, name) as part:
                write_part(file, part)
                part.flush()
                os.fsync(part.fileno())
                move_out(private, name, part, folder, path.name)
            folder.sync()
    except FetchError:
        raise
    except OSError as error:
        reason = f"{error.strerror or error} (another directory can be given)"
        raise OSError(error.errno, reason, str(path)) from error


@contextlib.contextmanager
def _open_part(private: Folder, name: str) -> Iterator[BinaryIO]:
    """Open what has arrived of a file, to append to it and to read it; no file of nothing stays."""
    found = private.status(name)
    if found is not None:
        path = os.path.join(private.path, name)
        check_regular(found, path)
        check_alone(found, path)
    with io.BufferedRandom(private.open(name, "a+b")) as part:  # type: ignore[arg-type]
        try:
            yield part
        except BaseException:
            with contextlib.suppress(OSError):
                if not part.seek(0, os.SEEK_END):
                    private.remove(name)
            raise
