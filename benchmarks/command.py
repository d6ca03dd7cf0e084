"""The command `idxfast`, as whole processes, against the least that a script would do."""

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


def command(*words: str) -> Callable[[], None]:
    # What the installed script `idxfast` does.
    return partial(run, "-c", "import sys; from idxfast.cli import main; sys.exit(main())", *words)


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
                command("convert", images, npy),
                script(f"{load}; import numpy; numpy.save({npy!r}, array)"),
            ),
            "convert to npy / load, np.save and fsync": (
                command("convert", images, npy),
                script(
                    f"{load}; import numpy, os; file = open({npy!r}, 'wb');"
                    "numpy.save(file, array); file.flush(); os.fsync(file.fileno())"
                ),
            ),
            # Both wait until a new file and its name are on the disk.
            "convert to npy / load and save of a raw file": (
                command("convert", images, npy),
                script(f"{load}; idxfast.save({raw!r}, array)"),
            ),
            "convert to seekable gzip / load and save": (
                command("convert", images, packed, "--seekable"),
                script(f"{load}; idxfast.save({packed!r}, array, seekable=True)"),
            ),
        }
        for name, (ours, reference) in pairs.items():
            samples = in_turn({"ours": ours, "reference": reference}, rounds=ROUNDS)
            found = ratio(samples["ours"], samples["reference"])
            print(f"{name}: best {found.minimum:.2f}, median {found.median:.2f}", flush=True)


if __name__ == "__main__":
    main()
