"""Transfer one file from one mirror within a time limit.

`requests` runs in a thread of its own, and what arrives goes to a `_Receiver`. As a response hook
the receiver sees every response first, redirects included, and refuses one that cannot be the file
before reading it. The calling thread waits, and cuts the connections when the time is over or the
user interrupts it. This ends the transfer at any stage, whatever the server does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from contextvars import ContextVar
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from ..errors import FetchError, printable
from ..threads.thread import POLL_SECONDS, JoinableThread
from .connections import Connections, CutError

# How many seconds to wait for a connection, and for the next byte.
CONNECT_SECONDS = 10.0
STALL_SECONDS = 30.0
# A transfer may take FIRST_SECONDS, and in addition as long as the file takes at LEAST_RATE (bytes
# per second). The time starts with the look-up of the server's name.
FIRST_SECONDS = 60.0
LEAST_RATE = 10_000
# How many seconds the thread has to end once its connections are cut. If the look-up of a name or
# the connecting takes longer, the thread is left to end by itself.
GRACE_SECONDS = 1.0
# How many bytes are received at a time. Those of an incomplete chunk are lost with the connection.
CHUNK = 64 << 10
# How many characters of a server's text are shown in a message.
MAX_QUOTED = 100

shows_progress: ContextVar[bool] = ContextVar("shows_progress", default=True)
"""Whether transfers show a progress bar on a terminal."""

_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")

_log = logging.getLogger("idxfast")


def transfer(url: str, file: BinaryIO, limit: int) -> None:
    """Append a file's bytes to those that an earlier transfer left in `file`.

    Parameters
    ----------
    url : str
    file : binary file
        Open for appending. After an error, `file` holds what has arrived. If the mirror has no
        more bytes than `file` holds already, `file` is left as it is.
    limit : int
        The most bytes that the file can have. The transfer may take `FIRST_SECONDS`, and in
        addition the time in which this many bytes arrive at `LEAST_RATE`.

    Raises
    ------
    FetchError
        If the mirror does not provide the file in that time. The message is one line and names
        `url` alone, not where it redirected to.
    OSError
        If `file` cannot be written to.

    Notes
    -----
    When this returns or raises, nothing writes to `file` any more. A thread may be left in the
    system's look-up of a name, which nothing can interrupt, or in connecting, which takes at most
    `CONNECT_SECONDS`. The thread ends after that.
    """
    check_url(url, url)
    # The total is not known yet, but must not be 0. disable=None shows the bar on terminals only.
    name = url.rpartition("/")[2]
    disable = None if shows_progress.get() else True
    with _bar(desc=name, total=1, unit="B", unit_scale=True, disable=disable) as bar:
        receiver = _Receiver(file, url, limit, bar)
        connections = Connections()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                _get(url, receiver, connections)
            except BaseException as error:
                failures.append(error)

        worker = JoinableThread(work)
        deadline = time.monotonic() + FIRST_SECONDS + limit / LEAST_RATE
        try:
            worker.start()
            while not worker.wait(POLL_SECONDS) and time.monotonic() < deadline:
                pass
            is_late = not worker.has_ended
        finally:
            receiver.close()
            connections.cut()
            worker.wait(GRACE_SECONDS)
    if is_late:
        raise receiver.refusal("it took too long")
    if failures:
        failure = receiver.failure(failures.pop())
        try:
            # With an error of requests as its cause, the server's text would be shown unescaped.
            raise failure from None
        finally:
            del failure  # Drop our reference: error, traceback and frame would form a cycle.


def _get(url: str, receiver: _Receiver, connections: Connections) -> None:
    """Request the file, and pass what arrives to the receiver."""
    import requests

    with requests.Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, connections.adapter())
        try:
            response = session.get(
                url,
                stream=True,
                headers=receiver.headers,
                hooks={"response": receiver.check},
                timeout=(CONNECT_SECONDS, STALL_SECONDS),
            )
            for data in response.iter_content(CHUNK):
                receiver.write(data)
        except _NothingLeft:
            pass
        finally:
            if receiver.response is not None:
                receiver.response.close()


def _bar(**options: Any) -> Any:
    """A progress bar of tqdm, without the thread that tqdm would leave running."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc, unused-ignore]
        monitor_interval = 0

    return Bar(**options)


def check_url(url: str, mirror: str) -> None:
    """Refuse an address that is not https, or that contains a password.

    Raises
    ------
    FetchError
        Names `mirror`, which gave the address.
    """
    parts = urlsplit(url)
    # A password alone comes with an empty name.
    if parts.username is not None:
        raise FetchError(f"{mirror}: an address with a password in it is not followed")
    if parts.scheme != "https":
        scheme = _quoted(parts.scheme) or "this"
        raise FetchError(f"{mirror}: only https is followed, not {scheme}")


def _quoted(text: str) -> str:
    """A server's text as it is shown in messages: escaped and shortened."""
    shown = printable(text[: MAX_QUOTED + 1])
    return shown if len(shown) <= MAX_QUOTED else f"{shown[:MAX_QUOTED]}..."


class _NothingLeft(Exception):
    """The mirror has no more bytes than have already arrived."""


class _Receiver:
    """Checks each response, and writes its bytes to the file.

    The file belongs to the calling thread: once the receiver is closed, it leaves the file alone.
    """

    def __init__(self, file: BinaryIO, url: str, limit: int, bar: Any) -> None:
        self._file = file
        self._url = url
        self._limit = limit
        self._bar = bar
        self._count = file.seek(0, os.SEEK_END)
        self._has_begun = False
        self._is_closed = False
        self._lock = threading.Lock()
        self.response: Any = None
        self.headers = {"Accept-Encoding": "identity"}
        if self._count:
            self.headers["Range"] = f"bytes={self._count}-"

    def check(self, response: Any, **_: object) -> None:
        """Refuse a response that is neither the file, nor the rest of it, nor a redirect."""
        self.response = response
        if response.is_redirect:
            check_url(urljoin(response.url, response.headers["Location"]), self._url)
            if not response.headers["Location"]:
                raise self.refusal("a redirect to nowhere")
            response.close()  # requests would read its body, however large
            return
        if response.status_code == 416 and self._count:
            raise _NothingLeft
        if response.status_code not in (200, 206):
            raise self.refusal(f"{response.status_code} {_quoted(response.reason)}".rstrip())
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind in ("text/html", "application/xhtml+xml"):
            raise self.refusal(f"got {kind}, not the file")
        length = response.headers.get("Content-Length", "0")
        with self._writing():
            self._find_place(response)
            if not length.isdecimal():
                raise self.refusal("its Content-Length is not a number")
            self._check_count(self._count + int(length))
            self._bar.reset(int(length) or None)
        # The hash is that of the bytes as they are sent, but requests would unpack them.
        response.raw.headers.pop("Content-Encoding", None)
        self._has_begun = True

    def write(self, data: bytes) -> None:
        """Write the next bytes to the file at once, so that they outlive a killed process."""
        with self._writing():
            self._check_count(self._count + len(data))
            self._file.write(data)
            self._file.flush()
            self._count += len(data)
            self._bar.update(len(data))

    def close(self) -> None:
        """Leave the file alone from now on."""
        self._is_closed = True
        with self._lock:
            pass  # wait until a write that is under way has ended

    def refusal(self, reason: str) -> FetchError:
        return FetchError(f"{self._url}: {reason}")

    def failure(self, error: BaseException) -> BaseException:
        """The error to raise for an error of the transfer; explains those of requests."""
        from requests import exceptions

        # requests raises ValueErrors if a redirect leads to an invalid address.
        if not isinstance(error, (exceptions.RequestException, ValueError)):
            return error
        _log.debug("%s: %s", self._url, printable(repr(error)))
        if self._has_begun:
            after = f"after {self._count:,} bytes"
            return self.refusal(f"the connection was cut or stalled {after}")
        if isinstance(error, ValueError):
            return self.refusal(f"its response makes no sense ({type(error).__name__})")
        if isinstance(error, exceptions.SSLError):
            return self.refusal("no secure connection")
        if isinstance(error, exceptions.Timeout):
            return self.refusal("no answer in time")
        return self.refusal(f"no connection ({type(error).__name__})")

    @contextlib.contextmanager
    def _writing(self) -> Any:
        with self._lock:
            if self._is_closed:
                raise CutError
            yield

    def _find_place(self, response: Any) -> None:
        """Continue after the bytes that have arrived; start again if the mirror sends them all."""
        if response.status_code == 200:
            self._forget()
            return
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != self._count:
            self._forget()
            raise self.refusal("sent another part of the file than was requested")

    def _check_count(self, count: int) -> None:
        if count > self._limit:
            self._forget()
            raise self.refusal(f"more than the {self._limit:,} bytes that the file can have")

    def _forget(self) -> None:
        self._file.truncate(0)
        self._count = 0
