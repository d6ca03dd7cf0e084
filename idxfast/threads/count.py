"""How many threads to use."""

from __future__ import annotations

import functools
import math
import operator
import os
from pathlib import Path

# More threads than this gain little, and a service runs more than one reader.
MAX_THREADS = 8

_CGROUPS = Path("/sys/fs/cgroup")


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads below 1, or one that is not whole."""
    if threads is not None and operator.index(threads) < 1:
        raise ValueError(f"threads is {threads}, not 1 or more")


def choose_threads(threads: int | None) -> int:
    """As many as asked for; if not asked, one for each core that may be used, 8 at the most.

    The cores are those of the process's affinity or, if less, of its control group's share of time
    (Linux), which is what a container is given.
    """
    if threads is not None:
        return operator.index(threads)
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return int(max(1, min(cores, MAX_THREADS, _quota())))


@functools.cache
def _quota() -> float:
    """How many cores' time the control group of this process may use."""
    try:
        group = Path("/proc/self/cgroup").read_text().rpartition("0::/")[2].strip()
    except OSError:
        return math.inf
    folder = _CGROUPS / group
    return min(_read_quota(place) for place in (folder, *folder.parents))


def _read_quota(folder: Path) -> float:
    """The quota of one control group: microseconds of time in a period, or "max"."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return math.inf
