"""One file from one mirror, within a time.

requests asks, in a thread of its own, and what arrives goes to a `_Receiver`. As a hook of requests
the receiver sees every response first, redirects too, and refuses what cannot be the file before
reading it. The thread that called waits, and cuts the connections when the time is over or the user
interrupts it: whatever a server does, and whatever stage the transfer has got to, that ends it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from ..errors import FetchError, printable
from ..threads.thread import PATIENCE, Helper
from .connections import Connections, CutError

# Seconds to wait for a connection, and for the next byte.
CONNECT_SECONDS = 10.0
STALL_SECONDS = 30.0
# A transfer may take a minute, and in addition as long as the file takes at this rate (bytes a
# second). The time starts with the look-up of the server's name.
FIRST_SECONDS = 60.0
LEAST_RATE = 10_000
# Seconds for the thread to end once its connections are cut. Only one that waits for a name's
# look-up, or for a connection, takes longer; then it is left to end by itself.
GRACE_SECONDS = 1.0
# What has arrived of a piece of so many bytes is lost when the connection is cut.
CHUNK = 64 << 10
# The most characters of a server's words in a message.
WORDS = 100

_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")

_log = logging.getLogger("idxfast")


def transfer(url: str, file: BinaryIO, limit: int) -> None:
    """Bring a file's bytes into `file`, after those that an earlier transfer left there.

    Parameters
    ----------
    url : str
    file : binary file
        Open for appending. After an error it holds what had arrived. If the mirror has no more
        bytes than it holds, it is left as it is.
    limit : int
        The most bytes that the file can have. The transfer may take `FIRST_SECONDS`, and in
        addition the time in which this many bytes arrive at `LEAST_RATE`.

    Raises
    ------
    FetchError
        If the mirror does not give the file in that time. The message is one line and names `url`
        alone, not what it redirected to.
    OSError
        If `file` cannot be written.

    Notes
    -----
    When this returns or raises, nothing writes to `file` any more. A thread may be left only in the
    system's look-up of a name, which nothing can end, or in connecting, which takes no longer than
    `CONNECT_SECONDS`; it ends there.
    """
    check_url(url, url)
    # The total is not known yet, but it may not be 0. disable=None: on terminals only.
    name = url.rpartition("/")[2]
    with _bar(desc=name, total=1, unit="B", unit_scale=True, disable=None) as bar:
        receiver = _Receiver(file, url, limit, bar)
        connections = Connections()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                _get(url, receiver, connections)
            except BaseException as error:
                failures.append(error)

        worker = Helper(work)
        deadline = time.monotonic() + FIRST_SECONDS + limit / LEAST_RATE
        try:
            worker.start()
            while not worker.wait(PATIENCE) and time.monotonic() < deadline:
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
            # An error of requests, as its cause, would show the server's words as they came.
            raise failure from None
        finally:
            del failure  # it leads here: such a cycle would keep memory alive


def _get(url: str, receiver: _Receiver, connections: Connections) -> None:
    """Ask for the file, and give what arrives to the receiver."""
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
    """A bar of tqdm, without the thread that tqdm would leave running."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc, unused-ignore]
        monitor_interval = 0

    return Bar(**options)


def check_url(url: str, mirror: str) -> None:
    """Refuse an address that is not https, or that holds a password.

    Raises
    ------
    FetchError
        Which names `mirror`, who gave the address.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise FetchError(f"{mirror}: an address with a password in it is not followed")
    if parts.scheme != "https":
        scheme = _words(parts.scheme) or "this"
        raise FetchError(f"{mirror}: only https is followed, not {scheme}")


def _words(text: str) -> str:
    """What a server says, for a message."""
    shown = printable(text[: WORDS + 1])
    return shown if len(shown) <= WORDS else f"{shown[:WORDS]}..."


class _NothingLeft(Exception):
    """The mirror has no more bytes than are at hand."""


class _Receiver:
    """Where the bytes go, and the judge of each response before that.

    Its file is another thread's: once it is closed, it leaves the file alone.
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
        """Refuse a response that does not bring the file, or the rest of it."""
        self.response = response
        if response.is_redirect:
            check_url(urljoin(response.url, response.headers["Location"]), self._url)
            if not response.headers["Location"]:
                raise self.refusal("a redirect to nowhere")
            response.close()  # requests would read what comes with it, however much that is
            return
        if response.status_code == 416 and self._count:
            raise _NothingLeft
        if response.status_code not in (200, 206):
            raise self.refusal(f"{response.status_code} {_words(response.reason or '')}".rstrip())
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
        # The bytes are kept as they are sent, for the hash: requests would unpack them.
        response.raw.headers.pop("Content-Encoding", None)
        self._has_begun = True

    def write(self, data: bytes) -> None:
        """Take the next bytes; they are in the file at once, should the process be killed."""
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
            pass  # what was being written is

    def refusal(self, reason: str) -> FetchError:
        return FetchError(f"{self._url}: {reason}")

    def failure(self, error: BaseException) -> BaseException:
        """The error to raise for one of the transfer: what one of requests means, in words."""
        from requests import exceptions

        # requests lets ValueErrors through, of a redirect to what is no address.
        if not isinstance(error, (exceptions.RequestException, ValueError)):
            return error
        _log.debug("%s: %s", self._url, printable(repr(error)))
        if self._has_begun:
            after = f"after {self._count:,} bytes"
            return self.refusal(f"the connection was cut or came to a stop {after}")
        if isinstance(error, ValueError):
            return self.refusal(f"its answer makes no sense ({type(error).__name__})")
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
        """Continue where the bytes at hand end, or start again if the mirror does."""
        if response.status_code == 200:
            self._forget()
            return
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != self._count:
            self._forget()
            raise self.refusal("got another part of the file than was asked for")

    def _check_count(self, count: int) -> None:
        if count > self._limit:
            self._forget()
            raise self.refusal(f"more than the {self._limit:,} bytes that the file can have")

    def _forget(self) -> None:
        self._file.truncate(0)
        self._count = 0
