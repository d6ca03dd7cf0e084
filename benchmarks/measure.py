"""Time functions in turn in one process, so that a slow moment of the machine strikes all alike."""

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
    """How many times as long as another function one takes, by best and by median samples."""

    minimum: float
    median: float


def in_turn(
    functions: Mapping[str, Callable[[], object]], *, rounds: int, batch: int = 1
) -> dict[str, list[float]]:
    """Call each function once as a warm-up, then all of them once a round, in changing order.

    Parameters
    ----------
    functions : mapping of str to callable
        What to time, by name.
    rounds : int
        Samples per function.
    batch : int
        Calls per sample, for functions of some microseconds.

    Returns
    -------
    samples : dict of str to list of float
        Nanoseconds per call. The last result of a sample is freed after the clock has stopped.
    """
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    order = random.Random(0)
    # The garbage collector stays on, as where people load: it looks again and again through lists
    # that are being made. What the benchmark itself holds is not shown to it.
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            # In one order all along, loading raw images right after python-mnist took 12% longer.
            for name in order.sample(list(functions), len(functions)):
                samples[name].append(_time(functions[name], batch))
    finally:
        gc.unfreeze()
    return samples


def ratio(samples: list[float], reference: list[float]) -> Ratio:
    """Compare two functions' samples."""
    return Ratio(
        min(samples) / min(reference), statistics.median(samples) / statistics.median(reference)
    )


def machine() -> dict[str, object]:
    """Describe the machine by what decides speed, and by nothing that identifies it."""
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
    """Give the versions of the packages that are compared, as far as they are installed."""
    installed = {}
    for name in _PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed[name] = "not installed"
    return installed


def _time(function: Callable[[], object], batch: int) -> float:
    """Time one batch, in nanoseconds per call."""
    result = None
    start = perf_counter_ns()
    for _ in range(batch):
        result = function()
    stop = perf_counter_ns()
    del result
    return (stop - start) / batch
