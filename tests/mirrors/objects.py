"""An HTTP server of objects: ranges, versions, and the same faults as a mirror's."""

import contextlib
import hashlib
import re
import socket

from mirrors.server import Handler, Mirror


def tag_of(content):
    return f'"{hashlib.sha256(content).hexdigest()}"'


class Objects(Mirror):
    """Serves `files`, as a bucket does; without `has_ranges`, as the simplest of servers does."""

    daemon_threads = False  # closing the server waits for them

    def __init__(self):
        self._connections = []
        super().__init__(ObjectHandler)
        self.has_ranges = True

    def get_request(self):
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def server_close(self):
        """End the connections that clients keep alive, too."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    @property
    def ranges(self):
        """The ranges that have been asked for."""
        return [range for _, range in self.requests]


class ObjectHandler(Handler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: the system would delay the second by 40 ms

    def do_HEAD(self):
        self.do_GET()

    def give(self, content, **headers):
        headers.setdefault("ETag", tag_of(content))
        range = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        if range is None or not self.server.has_ranges:
            self.answer(200, content, **headers)
            return
        start, last = int(range[1]), int(range[2] or len(content) - 1)
        if start >= len(content):
            headers["Content-Range"] = f"bytes */{len(content)}"
            self.answer(416, b"", **headers)
            return
        piece = content[start : last + 1]
        place = f"bytes {start}-{start + len(piece) - 1}/{len(content)}"
        self.answer(206, piece, **({"Content-Range": place} | headers))

    def answer(self, status, content, **headers):
        self.head(status, len(content), **headers)
        if self.command != "HEAD":
            self.wfile.write(content)
