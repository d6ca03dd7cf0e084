"""Fetch published data sets from their mirrors into a directory.

A file arrives as ``NAME.part`` in a private folder, ``.idxfast.USER``, beside its final place. Once
it has been verified there, it moves out and takes its name. An interrupted transfer is continued by
the next one; if the result is not the published file, the transfer starts again from the beginning.
A lock, ``NAME.lock``, lets only one of the user's processes fetch a file at a time.

The time is limited: each mirror is asked at most `parts.ROUNDS` times, and each time `transfer` may
take a minute, plus one second for each 10 kB of the file. The only other wait is for the lock,
whose holder is bound by the same limits.
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
from ..storage.cache_folder import cache_folder
from ..storage.folders import Folder
from ..storage.private_folder import lasting_private_folder, move_out, private_folder_name
from ..storage.regular import check_regular, check_single_link, open_regular
from .catalogue import Archive, File, find
from .locking import hold
from .parts import download_part, extract_part
from .verifying import verify

# Installs the extra `datasets`. The newest version of each package is new enough.
_INSTALL = "pip install --upgrade pooch requests tqdm filelock urllib3"

# Writes a file to an open part file and verifies it, or raises FetchError.
_Writer: TypeAlias = Callable[[File, BinaryIO], None]

_log = logging.getLogger("idxfast")


def fetch(
    name: str, directory: str | os.PathLike[str] | None = None, *, split: str | None = None
) -> Path:
    """Download a published data set, unless it is already there.

    Parameters
    ----------
    name : str
        One of `idxfast.datasets.catalogue.datasets`, such as ``"fashion-mnist"``. Case and
        separators do not matter: ``"fashion_mnist"`` and ``"FashionMNIST"`` are the same set.
    directory : str or PathLike, optional
        Where the files are or should go; by default, the set's own directory in the user's cache,
        which the environment variable ``IDXFAST_CACHE`` can name.
        In the cache, a damaged file is fetched again, with a warning on the logger ``idxfast``. In
        a directory of yours, existing files are never replaced.
    split : str, optional
        Which of the sets that share a name: ``fetch("emnist", split="letters")`` is the same as
        ``fetch("emnist-letters")``.

    Returns
    -------
    pathlib.Path
        The directory, which holds all files of the set under their published names. Each has just
        been verified: by its published hash or, for a file that a mirror compressed anew, by the
        hash of its content. The few files without a published hash are whole IDX files of the right
        type and shape. The files remain the published ones only as long as nobody who may write to
        them or to the directory changes them. `load` has no such gap: it returns the content that
        it has verified.

    Raises
    ------
    FetchError
        If no mirror provides a file, or a file is missing and the environment variable
        ``IDXFAST_OFFLINE`` (set to anything but 0) forbids the use of the network.
    HashMismatchError
        If a file from the mirrors, or in `directory`, is not the published one.
    ValueError
        If there is no set of that name, or there are several.
    ImportError
        If a package is missing; the message says how to install it.
    OSError
        If the directory cannot be written to.

    Notes
    -----
    Only https is used. Each mirror is asked for a file at most three times. Each time it may take a
    minute, plus one second for each 10 kB of the file, everything included. After that, a
    `FetchError` says that the transfer took too long. While another process fetches the same file,
    this one waits, and a warning on the logger ``idxfast`` names the other process.

    The splits of EMNIST come in one archive of 562 MB. It is kept in `directory` or in the cache,
    for the other splits.
    """
    dataset = find(name, split)
    replace = directory is None
    folder = folder_of(dataset.name, directory)
    missing = [file for file in dataset.files if not _is_there(file, folder / file.name, replace)]
    archive = dataset.archive
    if archive is None:
        for file in missing:
            _fetch_from_mirrors(file, folder / file.name, dataset.mirrors, replace)
    elif missing:
        path = (_cache(archive.name) if replace else folder) / archive.file.name
        with _open_archive(archive, path, replace) as opened:
            extract = functools.partial(extract_part, opened, str(path), archive)
            for file in missing:
                _put_in_place(file, folder / file.name, extract, replace)
    return folder


def fetch_file(name: str, filename: str, path: str | os.PathLike[str]) -> None:
    """Download one file of a published data set to a path, replacing any other file there.

    Parameters
    ----------
    name : str
        As for `fetch`.
    filename : str
        The file's published name. Of a set that comes in an archive, only the archive itself.
    path : str or PathLike
        Where the file is or should go. If it is there already, it is left as it is.

    Raises
    ------
    FetchError
        If the set has no such file, or as for `fetch`.
    ValueError, ImportError, OSError
        As for `fetch`.
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
    """The directory of a set: `directory`, or by default the set's own in the user's cache."""
    return _cache(name) if directory is None else Path(directory)


def _cache(name: str) -> Path:
    """The directory of a set in the user's cache."""
    return Path(cache_folder(), name)


def _import_extra(module: str) -> Any:
    """Import a module that only data sets need."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"data sets need {module}: {_INSTALL}") from error


def _is_there(file: File, path: Path, replace: bool) -> bool:
    """Whether the published file is there. Raise if another file has its place and must stay."""
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
        # A broken link in the user's directory may lead to a file kept elsewhere, so it stays.
        if isinstance(error, FileNotFoundError) and (replace or not path.is_symlink()):
            return None
        raise
    return opened


def _open_archive(archive: Archive, path: Path, replace: bool) -> BinaryIO:
    """Open an archive, and fetch it if necessary.

    The archive is read from the open file that was verified, not opened again by name. It is too
    large to be held in memory, so a member that has its own hash is verified once more. The other
    members are right only if nobody writes to the archive meanwhile.
    """
    opened = _open_verified(archive.file, path, replace)
    if opened is None:
        _fetch_from_mirrors(archive.file, path, archive.mirrors, replace)
        opened = _open_verified(archive.file, path, replace=False)
    if opened is None:
        raise FetchError(f"{path} was just there, and is missing now")
    return opened


def _fetch_from_mirrors(file: File, path: Path, mirrors: tuple[str, ...], replace: bool) -> None:
    if os.environ.get("IDXFAST_OFFLINE", "0") not in ("", "0"):
        raise FetchError(
            f"{path.name} is missing or damaged in {path.parent}, and IDXFAST_OFFLINE is set"
        )
    for module in ("pooch", "requests", "tqdm"):
        _import_extra(module)
    _put_in_place(file, path, functools.partial(download_part, mirrors), replace)


def _put_in_place(file: File, path: Path, write_part: _Writer, replace: bool) -> None:
    """Write a file and move it to its place, unless another process has done so meanwhile."""
    _import_extra("filelock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            Folder(str(path.parent)) as folder,
            lasting_private_folder(folder, private_folder_name("idxfast", "")) as private,
            hold(private, f"{path.name}.lock", path),
        ):
            if _is_there(file, path, replace):
                return
            if path.exists():
                _log.warning("%s is damaged; fetching it again", printable(str(path)))
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
    """Open a part file for reading and appending; after an error, an empty one is removed."""
    found = private.status(name)
    if found is not None:
        path = os.path.join(private.path, name)
        check_regular(found, path)
        check_single_link(found, path)
    with io.BufferedRandom(private.open(name, "a+b")) as part:  # type: ignore[arg-type]
        try:
            yield part
        except BaseException:
            with contextlib.suppress(OSError):
                if not part.seek(0, os.SEEK_END):
                    private.remove(name)
            raise
