"""An HTTP server that acts as a mirror of data sets, and can have any fault."""

import http.server
import re
import threading


class Mirror(http.server.ThreadingHTTPServer):
    """Serves `files`; `faults` of a path, functions of (handler, content), come first, in order."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler=None):
        super().__init__(("127.0.0.1", 0), handler or Handler)
        self.files = {}
        self.faults = {}
        self.requests = []  # paths, each with the header Range
        self.stopping = threading.Event()
        self.address = f"127.0.0.1:{self.server_port}"
        self.url = f"http://{self.address}/"

    def handle_error(self, request, client_address):
        """A client that hangs up is what many tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.lstrip("/")
        self.server.requests.append((path, self.headers["Range"]))
        faults = self.server.faults.get(path)
        if faults:
            faults.pop(0)(self, self.server.files.get(path))
        elif path in self.server.files:
            self.give(self.server.files[path])
        else:
            self.send_error(404)

    def give(self, content, **headers):
        """The content, or the range of it that was asked for."""
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "bytes=0-")[1])
        if start >= len(content):
            self.send_error(416)
            return
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.head(206 if start else 200, len(content) - start, **headers)
        self.wfile.write(content[start:])

    def head(self, status, length, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_):
        pass
