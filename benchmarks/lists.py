"""Time python-mnist's lists as scripts ask for them: in a new process, training, then test images.

Run `python benchmarks/lists.py`. A figure is the original's time divided by ours, by best and by
median rounds. In each round, both run once, each in a new process, and time the two calls there.
"""

from __future__ import annotations

import gzip
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from data import prepare
from measure import Ratio, machine, ratio, versions

ROUNDS = 7
CALLS = ("load_training", "load_testing")
LOADERS = ("theirs", "ours")


def main() -> None:
    """Measure and print; with arguments, be one of the processes."""
    if sys.argv[1:]:
        print(*_times(*sys.argv[1:]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = prepare(folder)
        packed = files.images.parent
        if len(list(packed.glob("*-ubyte.gz"))) < 4:
            sys.exit(f"{packed} has not all four files")
        for path in packed.glob("t10k-*-ubyte.gz"):
            (folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        print(f"machine: {machine()}\nversions: {versions()}\ndata: {files.source}")
        print("\n| files | call | minimum | median | theirs | ours |\n|---|---|---|---|---|---|")
        for kind, where in (("raw", folder), (".gz", packed)):
            samples = _samples(where, kind)
            for call in (*CALLS, "both"):
                theirs, ours = (samples[loader, call] for loader in LOADERS)
                print(_line(kind, call, ratio(theirs, ours), theirs, ours), flush=True)


def _samples(folder: Path, kind: str) -> dict[tuple[str, str], list[float]]:
    """The seconds of each call of each loader, and of both calls together, by round."""
    samples: dict[tuple[str, str], list[float]] = {
        (loader, call): [] for loader in LOADERS for call in (*CALLS, "both")
    }
    for _ in range(ROUNDS):
        for loader in LOADERS:
            command = [sys.executable, __file__, loader, str(folder), kind]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            times = [float(word) for word in run.stdout.split()]
            for call, seconds in zip((*CALLS, "both"), (*times, sum(times)), strict=True):
                samples[loader, call].append(seconds)
    return samples


def _times(name: str, folder: str, kind: str) -> list[float]:
    """The seconds that each call takes in this process."""
    module: Any
    if name == "ours":
        from idxfast.compat import python_mnist as module
    else:
        from python_mnist import loader

        module = loader()
    mnist = module.MNIST(folder, gz=kind == ".gz")
    times = []
    for call in CALLS:
        start = perf_counter()
        getattr(mnist, call)()
        times.append(perf_counter() - start)
    return times


def _line(kind: str, call: str, found: Ratio, theirs: list[float], ours: list[float]) -> str:
    seconds = " | ".join(f"{statistics.median(times):.2f} s" for times in (theirs, ours))
    return f"| {kind} | {call} | {found.minimum:.1f} | {found.median:.1f} | {seconds} |"


if __name__ == "__main__":
    main()
