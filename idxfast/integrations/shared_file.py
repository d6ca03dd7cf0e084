"""An IDX file that many tasks read, in any number of processes.

A task carries a few hundred bytes that say which file is meant. Each process opens the file once,
however many tasks it is given. So the file is not requested or decoded again for each task.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import threading
from typing import Any, NamedTuple

import numpy as np

from ..format import Header
from ..lazy.idx_file import IdxFile
from ..lazy.shaped import Shaped
from ..reading.opening import open as open_idx
from ..storage.inputs import is_url
from ..typing import Path

# The most bytes of a chunk, unless the caller decides. Dask's deviation of uint8 takes 16 times the
# memory of a chunk, and most of its time goes into new pages. With two processes, a GiB took 9.8 to
# 11 s of processor time in chunks of 4 MiB, 8.2 to 9.8 s in chunks of 8 MiB, and 8.9 to 11 s in
# chunks of 16 MiB. With smaller chunks, the scheduler takes longer as well.
CHUNK_BYTES = 8 << 20
# The same for a file behind a URL, where each chunk waits for the first byte of an answer.
REMOTE_CHUNK_BYTES = 16 << 20
# The most bytes of an ordinary gzip file in one chunk: as many as `open` keeps in memory.
UNPACKED_BYTES = 256 << 20
# How many files a process keeps open at most.
MAX_OPEN = 64


class _Opened(NamedTuple):
    file: IdxFile
    # Held while a file is unpacked, so that several threads do not each unpack it.
    lock: threading.RLock


# By process, because a forked child cannot use its parent's locks.
_opened: dict[tuple[int, bytes], _Opened] = {}


class SharedFile(Shaped):
    """An IDX file that is described now, and that each process opens when it first reads from it.

    Parameters
    ----------
    path : str or PathLike
        A path or URL, as for `idxfast.open`.

    Attributes
    ----------
    name : str
        The path or URL, without user name, password and query.
    dtype : numpy.dtype
        In native byte order.
    shape : tuple of int
    chunks : tuple of tuple of int
        The lengths of the chunks along each axis, as Dask writes them. Chunks of a raw or seekable
        gzip file have at most about 8 MiB, or 16 MiB behind a URL. An ordinary gzip file, and any
        other that has to be unpacked, is one chunk up to 256 MiB.

    Raises
    ------
    TypeError
        If `path` is neither a path nor a URL, or cannot be opened again, as a pipe.
    IdxError, OSError, ImportError, ValueError
        As `idxfast.open` raises them.
    """

    def __init__(self, path: Path) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            raise TypeError(f"{type(path).__name__} is neither a path nor a URL")
        path = os.fsdecode(path)
        with open_idx(path) as file:
            self._state = pickle.dumps(file)
            self.name = file.name
            self._is_unpacked = file.container not in ("raw", "seekable gzip")
            self._describe(Header(file.dtype, file.shape))
            most = REMOTE_CHUNK_BYTES if is_url(path) else CHUNK_BYTES
            if self._is_unpacked:
                most = UNPACKED_BYTES
            rows = (file.chunk_rows(most),) if file.shape else ()
        self.chunks = (*rows, *((length,) for length in self.shape[1:]))
        self.path = path if is_url(path) else os.path.abspath(path)

    def __getitem__(self, key: Any) -> Any:
        """The same as ``array[key]`` of the whole array; only what is needed is read.

        Raises
        ------
        IdxError
            If the file is damaged, or has changed since it was described.
        IndexError, OSError, ImportError
            As numpy and `idxfast.open` raise them.
        """
        opened = _open(self._state)
        with opened.lock if self._is_unpacked else contextlib.nullcontext():
            return opened.file[key]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("an IDX file cannot become an array without a copy: read the file")
        return np.asarray(self[...], dtype)

    def __dask_tokenize__(self) -> object:
        return type(self).__name__, self._state

    def close(self) -> None:
        """Close the file in this process; the next read opens it again.

        Where other threads read from the file at the same time, it is closed when they are done.
        """
        _opened.pop((os.getpid(), self._state), None)


def _open(state: bytes) -> _Opened:
    """The file as this process has it open. All threads get the same object."""
    key = os.getpid(), state
    opened = _opened.get(key)
    if opened is None:
        opened = _opened.setdefault(key, _Opened(pickle.loads(state), threading.RLock()))
        for other in list(_opened)[:-MAX_OPEN]:
            _opened.pop(other, None)  # closed when the last read from it is over
    return opened
