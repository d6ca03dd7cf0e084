"""The command `idxfast`, as whole processes, against the least that a script would do.

Each process writes a new file. To replace one takes longer if the old file is on the disk, because
the system frees its blocks: 10 to 15 ms for 47 MB. Files of `np.save`, which nobody waits for, are
often not there yet.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from data import prepare
from measure import in_turn, ratio

ROUNDS = 15
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


def run(*words: str) -> None:
    """Run Python, and wait for it. Modules are compiled once, as those of an installed package."""
    environment = {name: of for name, of in os.environ.items() if name != _NO_BYTECODE}
    command = [sys.executable, "-P", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)


class Removed:
    """Files that are removed when the object is freed, after the clock has stopped."""

    def __init__(self, *paths: str) -> None:
        self._paths = paths

    def __del__(self) -> None:
        for path in self._paths:
            os.unlink(path)


def writing(process: Callable[[], None], path: str) -> Callable[[], Removed]:
    """Run a process that writes a new file."""

    def write() -> Removed:
        process()
        return Removed(path)

    return write


def command(*words: str) -> Callable[[], None]:
    # What the installed script `idxfast` does.
    return partial(run, "-c", "from idxfast.__main__ import run; run()", *words)


def script(code: str) -> Callable[[], None]:
    return partial(run, "-c", code)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        images = str(prepare(Path(folder)).images)
        npy, raw, packed = f"{folder}/a.npy", f"{folder}/a", f"{folder}/a.gz"
        load = f"import idxfast; array = idxfast.load({images!r})"
        pairs = {
            "info / import numpy": (command("info", images), script("import numpy")),
            "convert to npy / load and np.save": (
                writing(command("convert", images, npy), npy),
                writing(script(f"{load}; import numpy; numpy.save({npy!r}, array)"), npy),
            ),
            "convert to npy / load, np.save and fsync": (
                writing(command("convert", images, npy), npy),
                writing(
                    script(
                        f"{load}; import numpy, os; file = open({npy!r}, 'wb');"
                        "numpy.save(file, array); file.flush(); os.fsync(file.fileno())"
                    ),
                    npy,
                ),
            ),
            # Both wait until a new file and its name are on the disk.
            "convert to npy / load and save of a raw file": (
                writing(command("convert", images, npy), npy),
                writing(script(f"{load}; idxfast.save({raw!r}, array)"), raw),
            ),
            "convert to seekable gzip / load and save": (
                writing(command("convert", images, packed, "--seekable"), packed),
                writing(script(f"{load}; idxfast.save({packed!r}, array, seekable=True)"), packed),
            ),
        }
        for name, (ours, reference) in pairs.items():
            samples = in_turn({"ours": ours, "reference": reference}, rounds=ROUNDS)
            found = ratio(samples["ours"], samples["reference"])
            print(f"{name}: best {found.minimum:.2f}, median {found.median:.2f}", flush=True)


if __name__ == "__main__":
    main()
