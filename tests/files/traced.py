"""The system calls of a child, as strace shows them."""

import re
import shutil
import subprocess
import sys

import pytest


def check_calls(code, *arguments, calls, place, steps, trace):
    """Run Python code with arguments, and compare its system calls with patterns, in order.

    Only `calls` are compared, and only those that a line of strace with `place`, a path, shows. The
    file `trace` receives the lines.
    """
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    command = ["strace", "-f", "-y", "-o", trace, "-e", f"trace={calls}"]
    child = subprocess.run(
        [*command, sys.executable, "-P", "-c", code, *arguments], capture_output=True, timeout=60
    )
    if child.returncode:
        pytest.skip("strace is not allowed to trace here")
    lines = [line for line in trace.read_text().splitlines() if str(place) in line]
    assert len(lines) == len(steps), lines
    for step, line in zip(steps, lines, strict=True):
        assert re.search(step, line), line
