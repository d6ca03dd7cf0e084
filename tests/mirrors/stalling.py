"""Servers that stop, or trickle, at every stage of a transfer."""

import contextlib
import itertools
import socket
import threading
import time

# In seconds: the limit; how long a server goes on if nobody stops it; and a time between the two,
# which tells one from the other even on the busiest machine.
LIMIT = 0.4
LONG = 120.0
SOON = 60.0


class Server:
    """Accepts connections, each in a thread, and does one thing with all of them."""

    def __init__(self, act, wrap=lambda connection: connection):
        self.stopping = threading.Event()
        self.accepted = 0
        self._act, self._wrap = act, wrap
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "{}:{}".format(*self._listening.getsockname())
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            if self.stopping.is_set():
                connection.close()
                return
            self.accepted += 1
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection):
        # The client hangs up, or is not spoken to in its language.
        with contextlib.suppress(OSError), connection, self._wrap(connection) as speaking:
            self._act(self, speaking)

    def trickle(self, connection, data):
        """A byte at a time, for as long as anybody listens."""
        deadline = time.monotonic() + LONG
        for byte in data:
            if self.stopping.wait(0.02) or time.monotonic() > deadline:
                return
            connection.sendall(bytes([byte]))

    def wait(self):
        """Until the other side has hung up on all connections."""
        for thread in self._threads[1:]:
            thread.join(SOON)
            assert not thread.is_alive()

    def close(self):
        self.stopping.set()
        with socket.create_connection(self._listening.getsockname()):
            pass
        self._listening.close()
        for thread in self._threads:
            thread.join(SOON)
            assert not thread.is_alive()


def silence(server, connection):
    connection.settimeout(LONG)
    while connection.recv(65536):
        pass


def trickled_status(server, connection):
    server.trickle(connection, b"HTTP/1.1 200 OK" + b" " * 60_000)


def trickled_header(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Words: ")
    server.trickle(connection, b"x" * 60_000)


def many_headers(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    server.trickle(connection, b"A: b\r\n" * 10_000)


def endless_continue(server, connection):
    while not server.stopping.wait(0.001):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def trickled_continue(server, connection):
    server.trickle(connection, itertools.cycle(b"HTTP/1.1 100 Continue\r\n\r\n"))


def trickled_body(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    server.trickle(connection, b"x" * 60_000)


def trickled_chunks(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    server.trickle(connection, itertools.cycle(b"1\r\nx\r\n"))


def trickled_chunk_size(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    server.trickle(connection, b"0" * 60_000)


def trickled_trailer(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    server.trickle(connection, itertools.cycle(b"A: b\r\n"))


def slow_redirects(server, connection):
    """Each comes in time, and leads on."""
    connection.recv(65536)
    server.stopping.wait(0.1)
    connection.sendall(
        b"HTTP/1.1 302 On\r\nLocation: /%d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        % server.accepted
    )


STAGES = [
    silence, trickled_status, trickled_header, many_headers, endless_continue, trickled_continue,
    trickled_body, trickled_chunks, trickled_chunk_size, trickled_trailer, slow_redirects,
]  # fmt: skip

# A TLS handshake record, whose header announces this many bytes.
HANDSHAKE = b"\x16\x03\x03\x3f\xff\x02\0\x3f\xfb\x03\x03" + bytes(16_000)


def trickled_handshake(server, connection):
    server.trickle(connection, HANDSHAKE)


def trickled_refusal(server, connection):
    server.trickle(connection, b"HTTP/1.1 502 No" + b" " * 60_000)
