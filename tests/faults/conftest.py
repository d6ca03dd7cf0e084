"""Appends whose system calls are seen, and can be made to fail."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

APPENDING = "import sys, numpy, idxfast; idxfast.append(sys.argv[1], numpy.load(sys.argv[2]))"


@pytest.fixture
def append_traced(tmp_path_factory):
    """Append an array in a child, under strace with further options.

    Returns how the child ended, what it wrote to its standard error, and a line for each call that
    changes a file or waits for the disk. Bytes are in hexadecimal.
    """
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    folder = tmp_path_factory.mktemp("trace")
    trace, items = folder / "trace", folder / "items.npy"
    command = ["strace", "-xx", "-s", str(1 << 20), "-o", str(trace)]
    if subprocess.run([*command, "true"], capture_output=True, timeout=60).returncode:
        pytest.skip("strace is not allowed to trace here")

    def append(path, array, *options):
        np.save(items, array)
        calls = ["-e", "trace=pwrite64,fdatasync,fsync,ftruncate"]
        child = subprocess.run(
            [*command, *calls, *options, sys.executable, "-P", "-c", APPENDING, path, items],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        lines = trace.read_text().splitlines()
        return child.returncode, child.stderr, [line for line in lines if "(" in line]

    return append
