"""One file from one mirror, through pooch's HTTP downloader.

pooch asks with requests and writes what arrives to a `_Receiver`. As a hook of requests it sees
every response first, redirects too, and refuses what cannot be the file before reading it.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from ..errors import FetchError

# Seconds to wait for a connection, and for the next byte.
CONNECT_SECONDS = 10.0
STALL_SECONDS = 30.0
# A transfer may take a minute, and besides as long as it needs at this rate (bytes a second).
FIRST_SECONDS = 60.0
LEAST_RATE = 10_000
# What has arrived of a piece of so many bytes is lost when the connection is cut.
CHUNK = 64 << 10

_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


def transfer(url: str, part: Path, limit: int) -> None:
    """Bring a file's bytes into `part`, after those that an earlier transfer left there.

    Parameters
    ----------
    url : str
    part : Path
        Made if it is not there. After an error it holds what had arrived. If the mirror has no
        more bytes than it holds, it is left as it is.
    limit : int
        The most bytes that the file can have.

    Raises
    ------
    FetchError
        If the mirror does not give the file. The message is one line and names `url` alone, not
        what it redirected to.
    OSError
        If `part` cannot be written, or is a symbolic link.
    """
    import pooch
    import requests
    from tqdm import tqdm

    check_url(url, url)
    with open(part, "ab", opener=open_no_link) as file:
        receiver = _Receiver(file, url, limit)
        name = url.rpartition("/")[2]
        # The total is pooch's to set, but it may not be 0 before. disable=None: on terminals only.
        with tqdm(desc=name, total=1, unit="B", unit_scale=True, disable=None) as bar:
            download = pooch.HTTPDownloader(
                progressbar=bar,
                chunk_size=CHUNK,
                headers=receiver.headers,
                hooks={"response": receiver.check},
                timeout=(CONNECT_SECONDS, STALL_SECONDS),
            )
            try:
                with contextlib.suppress(_NothingLeft):
                    download(url, receiver, None)
            # requests lets ValueErrors through, of a redirect to what is no address.
            except (requests.RequestException, ValueError) as error:
                raise receiver.failure(error) from error
            finally:
                receiver.close()
        if receiver.expired:
            raise receiver.refusal("it took too long")


def open_no_link(path: str, flags: int) -> int:
    """Open a file for `open`, but no symbolic link: in a folder like /tmp anybody may put one."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


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
        raise FetchError(f"{mirror}: only https is followed, not {parts.scheme or 'this'}")


class _NothingLeft(Exception):
    """The mirror has no more bytes than are at hand."""


class _Receiver:
    """Where the downloader writes, and the judge of each response before that."""

    def __init__(self, file: BinaryIO, url: str, limit: int) -> None:
        self._file = file
        self._url = url
        self._limit = limit
        self._count = file.seek(0, os.SEEK_END)
        self._response: Any = None
        self._timer: threading.Timer | None = None
        self.expired = False
        self.headers = {"Accept-Encoding": "identity"}
        if self._count:
            self.headers["Range"] = f"bytes={self._count}-"

    def check(self, response: Any, **_: object) -> None:
        """Refuse a response that does not bring the file, or the rest of it."""
        self._response = response
        if response.is_redirect:
            check_url(urljoin(response.url, response.headers["Location"]), self._url)
            response.close()  # requests would read what comes with it, however much that is
            return
        if response.status_code == 416 and self._count:
            raise _NothingLeft
        if response.status_code not in (200, 206):
            raise self.refusal(f"{response.status_code} {response.reason}")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind in ("text/html", "application/xhtml+xml"):
            raise self.refusal(f"got {kind}, not the file")
        self._find_place(response)
        length = response.headers.get("Content-Length", "0")
        if not length.isdecimal():
            raise self.refusal("its Content-Length is not a number")
        self._check_count(self._count + int(length))
        # The bytes are kept as they are sent, for the hash: requests would unpack them.
        response.raw.headers.pop("Content-Encoding", None)
        self._start_timer()

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._check_count(self._count + len(data))
        self._file.write(data)
        self._count += len(data)

    def flush(self) -> None:
        """Have what has arrived in the file, should the process be killed; pooch asks for it."""
        self._file.flush()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._response is not None:
            self._response.close()

    def refusal(self, reason: str) -> FetchError:
        return FetchError(f"{self._url}: {reason}")

    def failure(self, error: Exception) -> FetchError:
        """What an error of requests means, in words."""
        from requests import exceptions

        if self.expired:
            return self.refusal("it took too long")
        if self._timer is not None:
            after = f"after {self._count:,} bytes"
            return self.refusal(f"the connection was cut or came to a stop {after}")
        if isinstance(error, ValueError):
            return self.refusal(f"its answer makes no sense ({type(error).__name__})")
        if isinstance(error, exceptions.SSLError):
            return self.refusal("no secure connection")
        if isinstance(error, exceptions.Timeout):
            return self.refusal("no answer in time")
        return self.refusal(f"no connection ({type(error).__name__})")

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

    def _start_timer(self) -> None:
        """Cut the connection in time: a read that gets a byte at a time would not end."""
        seconds = FIRST_SECONDS + self._limit / LEAST_RATE
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def _expire(self) -> None:
        self.expired = True
        # The transfer may be over at this very moment.
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            self._response.raw.shutdown()
