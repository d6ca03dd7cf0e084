"""Print the peak memory of `idxfast.load` beside its result, in bytes (Linux).

Run `python benchmarks/peak.py FILE THREADS`: the figure is that of a whole process.
"""

from __future__ import annotations

import sys
from pathlib import Path

import idxfast


def main() -> None:
    """Load the file on the given number of threads, and print the figure."""
    path, threads = sys.argv[1:]
    before = _status("VmRSS")
    array = idxfast.load(path, threads=int(threads))
    print(_status("VmHWM") - before - array.nbytes)


def _status(field: str) -> int:
    """Read a size from the kernel's account of this process, in bytes.

    ru_maxrss is of no use here: it begins with the memory of the parent process at the fork.
    """
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(field + ":"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    main()
