"""The time that a transfer may take, held by servers that stop, or trickle, at every stage."""

import contextlib
import errno
import gc
import http.client
import io
import os
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest

from idxfast import FetchError
from idxfast.datasets import transfer as module
from idxfast.datasets.connections import Connections
from idxfast.datasets.transfer import transfer
from mirrors.stalling import (
    LIMIT,
    LONG,
    SOON,
    STAGES,
    Server,
    endless_continue,
    silence,
    trickled_body,
    trickled_handshake,
    trickled_refusal,
    trickled_status,
)


@pytest.fixture(autouse=True)
def collected(no_thread_is_left):
    """A socket that was left open is an error of the test that has left it."""
    yield
    # A transfer's thread may outlive the transfer a little, and has a socket.
    no_thread_is_left()
    gc.collect()


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Only the limit of the whole is short: no other one may help."""
    monkeypatch.setattr(module, "FIRST_SECONDS", LIMIT)
    monkeypatch.setattr(module, "LEAST_RATE", 1e9)
    monkeypatch.setattr(module, "CONNECT_SECONDS", LONG)
    monkeypatch.setattr(module, "STALL_SECONDS", LONG)
    monkeypatch.setattr(module, "check_url", lambda url, by: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,example.invalid")


@pytest.fixture
def serve():
    """Make a server; its address as a URL."""
    servers = []

    def serve(act, scheme="http", **options):
        servers.append(Server(act, **options))
        return f"{scheme}://{servers[-1].address}/file.gz"

    serve.servers = servers
    yield serve
    for server in servers:
        server.close()


def late(url, file=None):
    """The transfer is over in time, and says so."""
    start = time.monotonic()
    with pytest.raises(FetchError, match=f"^{url}: it took too long$"):
        transfer(url, io.BytesIO() if file is None else file, 100_000)
    assert LIMIT <= time.monotonic() - start < LIMIT + SOON


@pytest.mark.parametrize("act", STAGES, ids=lambda act: act.__name__)
def test_the_limit_holds_at_every_stage(act, serve, no_thread_is_left):
    late(serve(act))
    serve.servers[0].wait()
    serve.servers.pop().close()
    no_thread_is_left()


@pytest.mark.parametrize("act", [silence, trickled_handshake], ids=lambda act: act.__name__)
def test_the_limit_holds_in_the_handshake_of_tls(act, serve, no_thread_is_left):
    late(serve(act, "https"))
    serve.servers[0].wait()
    serve.servers.pop().close()
    no_thread_is_left()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1, and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-keyout key -out certificate -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1",
        shell=True, check=True, cwd=folder, capture_output=True,
    )  # fmt: skip
    both = folder / "both"
    both.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return both


@pytest.fixture
def serve_tls(serve, certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    return lambda act: serve(
        act, "https", wrap=lambda connection: context.wrap_socket(connection, server_side=True)
    )


@pytest.mark.parametrize("act", STAGES, ids=lambda act: act.__name__)
def test_the_limit_holds_at_every_stage_over_tls(act, serve_tls, serve):
    late(serve_tls(act))
    serve.servers[0].wait()


def test_over_tls_a_file_arrives(serve_tls, monkeypatch):
    def give(server, connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole")

    monkeypatch.setattr(module, "FIRST_SECONDS", LONG)
    file = io.BytesIO()
    transfer(serve_tls(give), file, 5)
    assert file.getvalue() == b"whole"


@pytest.mark.parametrize("is_trusted", [False, True])
def test_over_tls_the_certificate_has_to_be_that_of_the_server(is_trusted, serve_tls, monkeypatch):
    monkeypatch.setattr(module, "FIRST_SECONDS", LONG)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    url = serve_tls(silence)
    if is_trusted:
        url = url.replace("127.0.0.1", "localhost")
    else:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(FetchError, match=f"^{url}: no secure connection$"):
        transfer(url, io.BytesIO(), 5)


def test_a_connection_that_is_reset_before_tls_is_closed(serve, monkeypatch):
    """`collected` finds the socket if it is left open."""
    is_reset = threading.Event()

    def reset(server, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        is_reset.set()

    def add_late(self, connected):
        add(self, connected)
        is_reset.wait(LONG)
        select.select([connected], [], [], LONG)

    add = Connections.add
    monkeypatch.setattr(Connections, "add", add_late)
    monkeypatch.setattr(module, "FIRST_SECONDS", LONG)
    url = serve(reset, "https")
    with pytest.raises(FetchError, match=f"^{url}: no connection"):
        transfer(url, io.BytesIO(), 5)


def test_a_chunk_of_a_negative_size_is_refused(serve, monkeypatch):
    """http.client would take it for all that the server sends, and keep that in memory."""
    sent = []

    def endless(server, connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
        for _ in range(1_000):
            connection.sendall(bytes(1 << 20))
            sent.append(1 << 20)

    monkeypatch.setattr(module, "FIRST_SECONDS", LONG)
    with pytest.raises(FetchError, match="stalled after 0 bytes"):
        transfer(serve(endless), io.BytesIO(), 30_000)
    assert sum(sent) < 100 << 20


@pytest.mark.parametrize("act", [silence, trickled_refusal], ids=lambda act: act.__name__)
def test_the_limit_holds_at_a_proxy(act, serve, monkeypatch):
    """It is asked for a connection to the mirror."""
    proxy = serve(act).rpartition("/")[0]
    monkeypatch.setenv("https_proxy", proxy)
    late("https://example.org/file.gz")
    serve.servers[0].wait()


def test_the_limit_holds_while_the_connection_is_made(monkeypatch, no_thread_is_left):
    """The server has no room for it; and the name has very many addresses."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", LIMIT / 4)
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = full.getsockname()
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(address)
        found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", address)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [found] * 1_000)
        late("http://example.invalid/file.gz")
        no_thread_is_left()


@pytest.fixture
def no_names(monkeypatch):
    """Names are looked up until the event comes, and then found here."""
    event, real = threading.Event(), socket.getaddrinfo
    event.is_asked_for = threading.Event()

    def look_up(host, *arguments, **options):
        event.is_asked_for.set()
        event.wait(LONG)
        return real("127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield event
    event.set()


def test_the_limit_holds_while_the_name_is_looked_up(serve, no_names, no_thread_is_left, tmp_path):
    """The thread that looks it up is left, and does nothing more once it is found."""
    port = serve(trickled_body).rpartition(":")[2]
    path = tmp_path / "part"
    with path.open("a+b") as file:
        late(f"http://example.invalid:{port}", file)
        no_names.set()
        no_thread_is_left(1)  # but the server's
        assert serve.servers[0].accepted == 0
    serve.servers.pop().close()
    no_thread_is_left()
    assert path.read_bytes() == b""


def test_a_thread_that_is_left_writes_nothing(serve, monkeypatch, no_thread_is_left):
    """It has the bytes, and is late: what it was called for is over."""

    def give(server, connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole")

    arrived, go_on = threading.Event(), threading.Event()
    read = http.client.HTTPResponse.read

    def slow(self, *arguments):
        data = read(self, *arguments)
        arrived.set()
        go_on.wait(LONG)
        return data

    # The time is over once the bytes are there.
    clock = SimpleNamespace(monotonic=lambda: 1e9 * arrived.is_set())
    monkeypatch.setattr(http.client.HTTPResponse, "read", slow)
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.01)
    file, url = io.BytesIO(), serve(give)
    with pytest.raises(FetchError, match=f"^{url}: it took too long$"):
        transfer(url, file, 5)
    assert arrived.is_set()
    go_on.set()
    serve.servers.pop().close()
    no_thread_is_left()
    assert file.getvalue() == b""


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs pthread_kill")
@pytest.mark.parametrize(
    "act",
    [None, silence, trickled_status, endless_continue, trickled_body],
    ids=lambda act: getattr(act, "__name__", "name"),
)
def test_an_interrupt_ends_it_at_once(act, serve, no_names, monkeypatch, no_thread_is_left):
    """At every stage, the look-up of the name included."""
    monkeypatch.setattr(module, "FIRST_SECONDS", LONG)
    main, is_there = threading.get_ident(), no_names.is_asked_for
    if act is not None:
        is_there = threading.Event()
        no_names.set()

    def tell_and_act(server, connection):
        is_there.set()
        act(server, connection)

    def interrupt():
        is_there.wait(LONG)
        signal.pthread_kill(main, signal.SIGINT)

    url = serve(silence if act is None else tell_and_act)
    interrupting = threading.Thread(target=interrupt)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupting.start()
        transfer(url, io.BytesIO(), 100_000)
    assert time.monotonic() - start < SOON
    interrupting.join()
    serve.servers[0].wait()
    no_names.set()
    serve.servers.pop().close()
    no_thread_is_left()


def test_an_error_of_the_file_is_that_of_the_transfer(serve, monkeypatch):
    def give(server, connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole")

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "FIRST_SECONDS", LONG)
    with pytest.raises(OSError) as caught:
        transfer(serve(give), Full(), 5)
    assert caught.value.errno == errno.ENOSPC


def test_without_a_thread_nothing_is_fetched(serve, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("idxfast.threads.thread.start_new_thread", refuse)
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.01)
    with pytest.raises(RuntimeError, match="thread"):
        transfer(serve(silence), io.BytesIO(), 5)
