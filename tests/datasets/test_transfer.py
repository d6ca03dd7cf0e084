"""One transfer, from a mirror on this machine that has every fault of the network."""

import errno
import functools
import gzip
import http.client
import io
import logging
import random
import signal
import socket
import sys
import traceback

import pytest

from idxfast import FetchError
from idxfast.datasets import transfer as room
from idxfast.datasets.transfer import check_url
from idxfast.datasets.transfer import transfer as transfer_into

# Does not compress, and takes several pieces.
CONTENT = gzip.compress(random.Random(5).randbytes(700_000), mtime=0)
LIMIT = len(CONTENT)
HTML = b"<!DOCTYPE html><title>Log in</title>"


def transfer(url, part, limit):
    with open(part, "a+b") as file:
        transfer_into(url, file, limit)


@pytest.fixture
def url(mirror):
    mirror.files["file.gz"] = CONTENT
    return f"{mirror.url}file.gz"


@pytest.fixture
def part(tmp_path):
    return tmp_path / "part"


@pytest.fixture
def lose_patience(monkeypatch):
    """Shorten the one wait that a fault is about; the others are far longer than a test takes."""

    def begin_and_hurry(self):
        begin(self)
        self.fp.raw._sock.settimeout(0.05)

    def lose_patience(fault):
        if fault is deaf:
            monkeypatch.setattr(room, "STALL_SECONDS", 0.2)
        elif fault is silent:
            # From the end of the header on, however long that took to arrive.
            monkeypatch.setattr(http.client.HTTPResponse, "begin", begin_and_hurry)
        elif fault in (drip, drip_to_the_end):
            monkeypatch.setattr(room, "FIRST_SECONDS", 0.4)
            monkeypatch.setattr(room, "LEAST_RATE", 1e9)

    begin = http.client.HTTPResponse.begin
    return lose_patience


# What a mirror may do wrong: functions of the server's handler and the content.


def status(number):
    return lambda handler, content: handler.send_error(number)


def page(handler, content):
    handler.head(200, len(HTML), Content_Type="text/html; charset=utf-8")
    handler.wfile.write(HTML)


def cut(handler, content, part=0.5):
    """Announces all, sends a part, hangs up."""
    handler.head(200, len(content))
    handler.wfile.write(content[: int(len(content) * part)])


def announces(length):
    def fault(handler, content):
        handler.head(200, length)
        handler.wfile.write(content)

    return fault


def endless(handler, content):
    """Announces nothing, and does not end."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.stopping.is_set():
        handler.wfile.write(content)


def redirect(target):
    return lambda handler, content: handler.head(302, 0, Location=target)


def silent(handler, content):
    handler.head(200, len(content))
    handler.server.stopping.wait(60)


def deaf(handler, content):
    handler.server.stopping.wait(60)


def drip(handler, content):
    """A byte at a time, for as long as anybody listens."""
    handler.head(200, len(content))
    for i in range(len(content)):
        handler.wfile.write(content[i : i + 1])
        if handler.server.stopping.wait(0.02):
            break


def drip_to_the_end(handler, content):
    """The same, without a length: when it is cut it looks whole."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.stopping.wait(0.02):
        handler.wfile.write(b"x")


def two_lengths(handler, content):
    handler.head(200, "5, 6")


def wrong_range(handler, content):
    handler.head(206, 10, Content_Range=f"bytes 7-16/{len(content)}")
    handler.wfile.write(content[7:17])


FAULTS = {
    "403": (status(403), "403 Forbidden"),
    "404": (status(404), "404 Not Found"),
    "503": (status(503), "503 Service Unavailable"),
    "page": (page, "got text/html, not the file"),
    "cut": (cut, "the connection was cut or stalled after [0-9,]{7} bytes"),
    "cut at once": (functools.partial(cut, part=0), "was cut or stalled after 0 bytes"),
    "larger": (announces(LIMIT + 1), "more than the [0-9,]+ bytes that the file can have"),
    "endless": (endless, "more than the [0-9,]+ bytes that the file can have"),
    "no length": (announces("ten"), "Content-Length is not a number"),
    "two lengths": (two_lengths, r"no sense"),
    "redirect to http": (redirect("http://localhost:1/x"), "only https is followed, not http"),
    "redirect to a file": (redirect("file:///etc/passwd"), "only https is followed, not file"),
    "redirect with a password": (redirect("https://me:secret@localhost:1/"), "a password"),
    "redirect to no address": (redirect("https://[::1/x"), r"no sense \(ValueError\)"),
    "redirect to no text": (redirect("/\xff"), r"no sense \(UnicodeDecodeError\)"),
    "redirect in a circle": (redirect("/file.gz"), "TooManyRedirects"),
    "silent": (silent, "was cut or stalled after 0 bytes"),
    "deaf": (deaf, "no answer in time"),
    "drip": (drip, "it took too long"),
    "drip without a length": (drip_to_the_end, "it took too long"),
    "another range": (wrong_range, "another part of the file than was requested"),
}


def test_the_bytes_arrive(url, part, mirror):
    transfer(url, part, LIMIT)
    assert part.read_bytes() == CONTENT
    assert mirror.requests == [("file.gz", None)]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_an_error_of_one_line(fault, url, part, mirror, lose_patience):
    action, reason = FAULTS[fault]
    lose_patience(action)
    mirror.faults["file.gz"] = [action] * 40
    with pytest.raises(FetchError, match=f"^{url}: .*{reason}") as caught:
        transfer(url, part, LIMIT)
    message = str(caught.value)
    assert "\n" not in message
    assert "secret" not in message


ESCAPES = "\x1b]0;title\x07\x9b31m\x7f"


def says(line, *headers):
    """A response in a server's own words, which are Latin-1."""

    def fault(handler, content):
        head = "\r\n".join([line, *headers, "Content-Length: 0", "", ""])
        handler.wfile.write(head.encode("latin-1"))
        handler.close_connection = True

    return fault


WORDS = {
    "reason": says(f"HTTP/1.1 404 {ESCAPES}"),
    "long reason": says(f"HTTP/1.1 404 {ESCAPES * 4_000}"),
    "no status": says(f"{ESCAPES} no HTTP"),
    "status": says(f"HTTP/1.1 {ESCAPES} no"),
    "type": says("HTTP/1.1 200 OK", f"Content-Type: text/html{ESCAPES}"),
    "page": says("HTTP/1.1 200 OK", f"Content-Type: text/html;{ESCAPES}"),
    "length": says("HTTP/1.1 200 OK", f"X: {ESCAPES}", f"Content-Length: {ESCAPES}"),
    "range": says("HTTP/1.1 206 OK", f"Content-Range: {ESCAPES}"),
    "redirect": says("HTTP/1.1 302 On", f"Location: {ESCAPES}"),
    "redirect to a host": says("HTTP/1.1 302 On", f"Location: https://{ESCAPES}/x"),
    "redirect to a port": says("HTTP/1.1 302 On", f"Location: https://h:{ESCAPES}/x"),
    "redirect by a scheme": says("HTTP/1.1 302 On", f"Location: {'x' * 9_000}://h/x"),
    "header": says("HTTP/1.1 200 OK", f"{ESCAPES}"),
    "encoding": says("HTTP/1.1 200 OK", f"Transfer-Encoding: {ESCAPES}, chunked"),
    "chunks": says("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", ESCAPES),
}


@pytest.mark.parametrize("words", WORDS)
def test_what_a_server_says_is_shown_without_controls(words, url, part, mirror, caplog):
    """And not without end. Nor does a traceback show it, which shows the causes of an error."""
    mirror.faults["file.gz"] = [WORDS[words]] * 40
    with caplog.at_level(logging.DEBUG, "idxfast"):
        try:
            transfer(url, part, LIMIT)
        except FetchError as error:
            assert str(error).isprintable()
            assert len(str(error)) < 300
            shown = "".join(traceback.format_exception(error))
            assert all(line.isprintable() for line in shown.splitlines())
        else:
            assert words in ("type", "length", "header", "encoding")
            assert part.read_bytes() == b""
    assert all(message.isprintable() for message in caplog.messages)


def test_nobody_there(part, mirror, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*unused.getsockname())
    monkeypatch.setattr(room, "check_url", lambda url, by: None)
    with pytest.raises(FetchError, match=r"no connection \(ConnectionError\)$"):
        transfer(f"http://{address}/file.gz", part, LIMIT)


def test_a_server_that_does_not_speak_tls(part, mirror):
    with pytest.raises(FetchError, match=r"no secure connection$"):
        transfer(f"https://{mirror.address}/file.gz", part, LIMIT)
    assert part.read_bytes() == b""


def test_a_cut_transfer_is_continued(url, part, mirror):
    mirror.faults["file.gz"] = [cut]
    with pytest.raises(FetchError):
        transfer(url, part, LIMIT)
    size = part.stat().st_size
    assert 0.4 * LIMIT < size < 0.6 * LIMIT
    assert CONTENT.startswith(part.read_bytes())
    transfer(url, part, LIMIT)
    assert part.read_bytes() == CONTENT
    assert mirror.requests[1] == ("file.gz", f"bytes={size}-")


def test_a_mirror_that_ignores_the_range_starts_again(url, part, mirror):
    part.write_bytes(b"old" * 1000)
    mirror.faults["file.gz"] = [announces(LIMIT)]
    transfer(url, part, LIMIT)
    assert part.read_bytes() == CONTENT
    assert mirror.requests == [("file.gz", "bytes=3000-")]


@pytest.mark.parametrize("fault", [wrong_range, announces(LIMIT + 1), endless])
def test_what_cannot_be_continued_is_forgotten(fault, url, part, mirror):
    part.write_bytes(b"old" * 1000)
    mirror.faults["file.gz"] = [fault]
    with pytest.raises(FetchError):
        transfer(url, part, LIMIT)
    assert part.read_bytes() == b""


@pytest.mark.parametrize("fault", [page, status(404), status(503), deaf])
def test_what_is_there_outlives_a_refusal(fault, url, part, mirror, lose_patience):
    lose_patience(fault)
    part.write_bytes(CONTENT[:1000])
    mirror.faults["file.gz"] = [fault]
    with pytest.raises(FetchError):
        transfer(url, part, LIMIT)
    assert part.read_bytes() == CONTENT[:1000]


def test_a_part_that_is_whole_is_left(url, part, mirror):
    part.write_bytes(CONTENT)
    transfer(url, part, LIMIT)
    assert part.read_bytes() == CONTENT
    assert mirror.requests == [("file.gz", f"bytes={LIMIT}-")]


def test_no_bytes_at_all_are_not_whole(url, part, mirror):
    mirror.faults["file.gz"] = [status(416)]
    with pytest.raises(FetchError, match="416"):
        transfer(url, part, LIMIT)


def test_the_limit_is_exact(url, part):
    transfer(url, part, LIMIT)
    part.unlink()
    with pytest.raises(FetchError, match="more than"):
        transfer(url, part, LIMIT - 1)
    assert part.read_bytes() == b""


def test_the_rest_counts_with_what_is_there(url, part, mirror):
    def rest(handler, content):
        handler.head(206, 900, Content_Range="bytes 200-1099/1100")
        handler.wfile.write(bytes(900))

    part.write_bytes(bytes(200))
    mirror.faults["file.gz"] = [rest]
    with pytest.raises(FetchError, match="more than the 1,000 bytes"):
        transfer(url, part, 1000)


def test_bytes_are_kept_as_they_are_sent(url, part, mirror):
    asked = []

    def encoded(handler, content):
        asked.append(handler.headers["Accept-Encoding"])
        handler.give(content, Content_Encoding="gzip")

    mirror.faults["file.gz"] = [encoded]
    transfer(url, part, LIMIT)
    assert part.read_bytes() == CONTENT
    assert asked == ["identity"]


def test_a_redirect_is_followed(url, part, mirror):
    mirror.files["elsewhere"] = CONTENT
    mirror.faults["file.gz"] = [redirect("/elsewhere")]
    transfer(url, part, LIMIT)
    assert part.read_bytes() == CONTENT


def test_what_comes_with_a_redirect_is_not_read(url, part, mirror):
    sent = []

    def with_more(handler, content):
        handler.head(302, 1 << 40, Location="/elsewhere")
        try:
            while not handler.server.stopping.is_set() and len(sent) < 1_000:
                handler.wfile.write(bytes(1 << 20))
                sent.append(1)
        except OSError:
            pass  # nobody listens

    mirror.files["elsewhere"] = CONTENT
    mirror.faults["file.gz"] = [with_more]
    transfer(url, part, LIMIT)
    assert part.read_bytes() == CONTENT
    assert len(sent) < 100


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/x",
        "ftp://example.org/x",
        "file:///etc/passwd",
        "/etc/passwd",
        "http://127.0.0.1:1/x",
        "https://me@example.org/x",
        "https://me:secret@example.org/x",
        "https://:secret@example.org/x",
    ],
)
def test_other_addresses_are_not_asked(address):
    with pytest.raises(FetchError, match=r"^the mirror: ") as caught:
        check_url(address, "the mirror")
    assert "secret" not in str(caught.value)
    check_url("https://example.org/x", "the mirror")


def test_http_is_not_spoken(url, part, mirror, monkeypatch):
    monkeypatch.setattr(room, "check_url", check_url)
    with pytest.raises(FetchError, match=r"only https is followed, not http$"):
        transfer(url, part, LIMIT)
    assert mirror.requests == []


def test_a_full_disk_is_an_error_of_the_system(url, part):
    """The system refuses to write more than 100,000 bytes to a file, as a full disk would."""
    resource = pytest.importorskip("resource")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(OSError) as caught:
            transfer(url, part, LIMIT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.errno == errno.EFBIG
    assert not isinstance(caught.value, FetchError)


def test_a_terminal_gets_a_bar(url, part, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal, log = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    transfer(url, part, LIMIT)
    assert "file.gz: 100%" in terminal.getvalue()
    part.unlink()
    monkeypatch.setattr(sys, "stderr", log)
    transfer(url, part, LIMIT)
    assert log.getvalue() == ""
    part.unlink()
    silent = Terminal()
    monkeypatch.setattr(sys, "stderr", silent)
    token = room.shows_progress.set(False)
    try:
        transfer(url, part, LIMIT)
    finally:
        room.shows_progress.reset(token)
    assert silent.getvalue() == ""
