"""How many threads to use."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import os

# More threads than this gain little, and a service runs more than one reader.
MAX_THREADS = 8

_MEMBERSHIP = "/proc/self/cgroup"
_CGROUPS = "/sys/fs/cgroup"


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads that is below 1 or not whole."""
    if threads is not None and operator.index(threads) < 1:
        raise ValueError(f"threads is {threads}, not 1 or more")


def choose_threads(threads: int | None) -> int:
    """The number asked for; by default one thread for each core that may be used, at most 8."""
    if threads is not None:
        return operator.index(threads)
    return min(usable_cores(), MAX_THREADS)


def usable_cores() -> int:
    """The number of cores that the process may use.

    They are those of the process's affinity, or fewer if its control group (Linux) allows less time
    than theirs. Containers limit time in this way.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return int(max(1, min(cores, _quota())))


@functools.cache
def _quota() -> float:
    """The number of cores whose time the process's control group may use."""
    try:
        with open(_MEMBERSHIP) as file:
            group = file.read().rpartition("0::/")[2].strip()
    except OSError:
        return math.inf
    # A group's quota holds for the groups below it, too.
    parents = itertools.accumulate(group.split("/"), os.path.join, initial=_CGROUPS)
    return min(map(_read_quota, parents))


def _read_quota(folder: str) -> float:
    """One control group's quota, in cores. Its file holds microseconds per period, or "max"."""
    try:
        with open(os.path.join(folder, "cpu.max")) as file:
            quota, period = file.read().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return math.inf
