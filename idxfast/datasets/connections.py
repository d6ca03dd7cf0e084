"""The connections of one transfer, which another thread can cut at any stage.

A time limit for each read does not end a connection on which a byte arrives now and then, whether
in a status line, in a header or in one ``100 Continue`` after another. So the socket is remembered
here as soon as it is connected, before TLS, and is shut down when the time is over. Every read and
write on it then ends at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any


class CutError(OSError):
    """The connections were cut, and no more may be made."""


class Connections:
    """The connections of a transfer, one after another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_cut = False
        self._socket: socket.socket | None = None

    def check(self) -> None:
        """Raise a `CutError` if the connections were cut."""
        if self._is_cut:
            raise CutError

    def add(self, connected: socket.socket) -> None:
        """Remember a new socket, and end the previous one, which led to a redirect.

        A duplicate of the socket's descriptor is kept, because TLS detaches the original.
        """
        with self._lock:
            self.check()
            self._end()
            self._socket = socket.fromfd(connected.fileno(), connected.family, connected.type)

    def cut(self) -> None:
        """End all reading and writing, in any thread, and allow no more connections."""
        self._is_cut = True
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None

    def adapter(self) -> Any:
        """An adapter with which a `requests` session adds its connections here, proxies' too."""
        from requests.adapters import HTTPAdapter

        connections = self

        class Adapter(HTTPAdapter):  # type: ignore[misc, unused-ignore]
            def init_poolmanager(self, *args: Any, **options: Any) -> None:
                super().init_poolmanager(*args, ssl_context=_tls(), **options)
                _watch(self.poolmanager, connections)

            def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
                is_new = proxy not in self.proxy_manager
                manager = super().proxy_manager_for(proxy, ssl_context=_tls(), **options)
                if is_new:
                    _watch(manager, connections)
                return manager

        return Adapter()


def _tls() -> Any:
    """urllib3's settings of TLS, with sockets that are closed if their connection has ended.

    Without them, ``SSLContext.wrap_socket`` would leave such a socket to the garbage collector.
    """
    import ssl

    from urllib3.util import create_urllib3_context

    class Socket(ssl.SSLSocket):
        def getpeername(self) -> Any:
            """Where the connection leads to; `wrap_socket` asks before the handshake."""
            try:
                return super().getpeername()
            except OSError:
                self.close()
                raise ConnectionAbortedError("the connection has ended") from None

    context = create_urllib3_context()
    context.sslsocket_class = Socket
    return context


class _Options:
    """A socket's options, which call `check` for each of a host's addresses that urllib3 tries."""

    def __init__(self, options: Any, check: Callable[[], None]) -> None:
        self._options = options or ()
        self._check = check

    def __iter__(self) -> Iterator[Any]:
        self._check()
        return iter(self._options)


def _watch(manager: Any, connections: Connections) -> None:
    """Make the pools of a urllib3 manager report each socket."""
    manager.pool_classes_by_scheme = {
        scheme: _watched(pool, connections)
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }


def _watched(pool: Any, connections: Connections) -> Any:
    """A subclass of a pool class whose connections report their sockets."""
    kind = pool.ConnectionCls

    def new_conn(self: Any) -> socket.socket:
        connections.check()
        self.socket_options = _Options(self.socket_options, connections.check)
        connected: socket.socket = kind._new_conn(self)
        try:
            connections.add(connected)
        except BaseException:
            connected.close()
            raise
        return connected

    def getresponse(self: Any) -> Any:
        response = kind.getresponse(self)
        response.__class__ = _strict(type(response))
        return response

    watched = type(kind.__name__, (kind,), {"_new_conn": new_conn, "getresponse": getresponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": watched})


def _strict(kind: Any) -> Any:
    """A subclass of a response class that refuses a chunk of negative size.

    Without it, http.client would read into memory whatever the server sends.
    """

    def update_chunk_length(self: Any) -> None:
        kind._update_chunk_length(self)
        if (self.chunk_left or 0) < 0:
            raise CutError

    return type(kind.__name__, (kind,), {"_update_chunk_length": update_chunk_length})
