"""Print how many bytes `idxfast.load` holds at its peak beside its result (Linux).

Run as `python benchmarks/peak.py FILE THREADS`, in a process that does nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

import idxfast


def main() -> None:
    """Load the file named on the command line, on as many threads."""
    path, threads = sys.argv[1:]
    before = _status("VmRSS")
    array = idxfast.load(path, threads=int(threads))
    print(_status("VmHWM") - before - array.nbytes)


def _status(field: str) -> int:
    """Read a size from the kernel's account of this process, in bytes.

    Not ru_maxrss: it starts with what the parent process held when it forked.
    """
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(field + ":"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    main()
