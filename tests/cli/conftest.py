"""A file of images; the command in a process of its own, also under a terminal."""

import contextlib
import gzip
import os
import struct
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-P", "-m", "idxfast"]


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4) + bytes(range(24))))
    return path


@pytest.fixture
def command():
    """Run the command; return its exit status, and the lines of its two outputs."""

    def run(*words, **variables):
        words = [*COMMAND, *map(str, words)]
        options = {"env": os.environ | variables, "text": True, "timeout": 300}
        child = subprocess.run(words, capture_output=True, **options)
        return child.returncode, child.stdout.splitlines(), child.stderr.splitlines()

    return run


@pytest.fixture
def terminal():
    """Run the command under a terminal of some columns; return all that it writes there.

    Whenever it has written something, `watch` is called with all of it so far.
    """

    fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))

    def run(*words, columns=80, watch=lambda written: None, env=None):
        controller, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm", **(env or {})}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            if name not in (env or {}):
                environment.pop(name, None)
        written = b""
        with contextlib.closing(os.fdopen(controller, "rb", buffering=0)) as screen:
            child = subprocess.Popen(
                [*COMMAND, *map(str, words)], stdout=end, stderr=end, stdin=end, env=environment
            )
            os.close(end)
            with child:
                # Reading from a terminal that no process has open any more is an error on Linux.
                with contextlib.suppress(OSError):
                    while data := screen.read(1 << 16):
                        written += data
                        watch(written)
                assert child.wait(60) == 0, written
        return written.decode().replace("\r\n", "\n")

    return run
