"""Time functions in turn in one process, so that a slow moment of the machine affects them all."""

from __future__ import annotations

import gc
import os
import platform
import random
import statistics
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from time import perf_counter_ns
from typing import NamedTuple

_PACKAGES = (
    "idxfast", "numpy", "imagecodecs", "isal", "zlib-ng", "deflate", "rapidgzip", "idx2numpy",
    "mnist", "mnists", "mlxtend", "emnist", "keras", "torchvision",
)  # fmt: skip


class Ratio(NamedTuple):
    """The time of one function divided by that of another, by best and by median samples."""

    minimum: float
    median: float


def in_turn(
    functions: Mapping[str, Callable[[], object]], *, rounds: int, batch: int = 1
) -> dict[str, list[float]]:
    """Call each function once to warm up, then all of them once in each round, in changing order.

    Parameters
    ----------
    functions : mapping of str to callable
        What to time, by name.
    rounds : int
        Samples per function.
    batch : int
        Calls per sample, for functions that take microseconds.

    Returns
    -------
    samples : dict of str to list of float
        Nanoseconds per call. The last result of a sample is freed after the clock has stopped.
    """
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    order = random.Random(0)
    # The garbage collector stays on, as in users' programs: it repeatedly traverses lists that are
    # being filled. Objects of the benchmark itself are hidden from it.
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            # In a fixed order, loading raw images right after python-mnist took 12% longer.
            for name in order.sample(list(functions), len(functions)):
                samples[name].append(_time(functions[name], batch))
    finally:
        gc.unfreeze()
    return samples


def ratio(samples: list[float], reference: list[float]) -> Ratio:
    """Divide the samples of a function by those of a reference."""
    return Ratio(
        min(samples) / min(reference), statistics.median(samples) / statistics.median(reference)
    )


def machine() -> dict[str, object]:
    """Describe what makes the machine fast or slow, without anything that identifies it."""
    cpus = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (cpus.read_text() if cpus.exists() else "").splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that are compared."""
    installed = {}
    for name in _PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed[name] = "not installed"
    return installed


def _time(function: Callable[[], object], batch: int) -> float:
    """Time one batch; return nanoseconds per call."""
    result = None
    start = perf_counter_ns()
    for _ in range(batch):
        result = function()
    stop = perf_counter_ns()
    del result
    return (stop - start) / batch
