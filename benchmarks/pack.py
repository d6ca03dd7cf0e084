"""Time `idxfast pack` against a bare loop over the same pictures, and measure its memory (Linux).

The loop opens, crops and resizes each picture with Pillow on one core, and keeps nothing. Each is a
process of its own, and its time that of the whole process. The pictures, made here, have 51 x 73
pixels, as the thumbnails of which Fashion-MNIST was made.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

COUNT = 10_000
# The memory is also measured with each picture under this number of names.
NAMES = 4
ROUNDS = 5
_LOOP = """
import sys
from pathlib import Path
from PIL import Image
for path in Path(sys.argv[1]).glob("*/*.png"):
    with Image.open(path) as image:
        image.crop((4, 5, 45, 68)).resize((18, 28))
"""
_PACK = """
import sys
from idxfast.__main__ import run
sys.argv.insert(1, "pack")
try:
    run()
except SystemExit as end:
    assert end.code == 0
"""
_REPORT = """
import json, resource
status = open("/proc/self/status").read()
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([peak, sum(u.ru_utime + u.ru_stime for u in used)]))
"""


def main() -> None:
    """Print the ratios of the times, and the peaks of memory of the command's own process."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures, many = folder / "pictures", folder / "many"
        _make(pictures, COUNT, Image)
        _link(pictures, many)
        times: dict[str, list[tuple[float, float]]] = {"loop": [], "pack": []}
        for number in range(ROUNDS):
            times["loop"].append(_run(_LOOP, pictures)[:2])
            times["pack"].append(_run(_PACK, pictures, "-o", folder / f"out{number}")[:2])
        for what, place in (("time", 0), ("CPU time", 1)):
            loop, pack = ([sample[place] for sample in times[key]] for key in ("loop", "pack"))
            print(f"{what}: {min(pack) / min(loop):.2f} (fastest),", end=" ")
            print(f"{statistics.median(pack) / statistics.median(loop):.2f} (median)")
        for source, count in ((pictures, COUNT), (many, NAMES * COUNT)):
            peak = _run(_PACK, source, "-o", folder / f"packed-{source.name}")[2]
            print(f"peak of memory with {count:,} pictures: {peak:.0f} MB")


def _run(code: str, *arguments: object) -> tuple[float, float, float]:
    """Run code in a process; return its seconds, its seconds of CPU time, and its peak in MB."""
    start = time.perf_counter()
    child = subprocess.run(
        [sys.executable, "-c", code + _REPORT, *map(str, arguments)],
        capture_output=True,
        check=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    seconds = time.perf_counter() - start
    peak, used = json.loads(child.stdout.splitlines()[-1])
    return seconds, used, peak


def _link(pictures: Path, many: Path) -> None:
    """Give each picture several names in another folder."""
    for path in pictures.glob("*/*.png"):
        folder = many / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(NAMES):
            (folder / f"{number}-{path.name}").hardlink_to(path)


def _make(folder: Path, count: int, image_module: object) -> None:
    """Write pictures: a shape with some texture and a line across, on white, in ten folders."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:73, :51]
    for number in range(count):
        away = np.stack([(y - 36) / rng.uniform(15, 33), (x - 25) / rng.uniform(12, 23)])
        distance = abs(away).max(0) if number % 2 else np.hypot(*away)
        cover = np.clip((1 - distance) * 12, 0, 1)[..., None]
        colour = rng.uniform(0, 200, 3)
        levels = colour + rng.integers(-6, 7, (73, 51, 3))
        levels[abs(73 * x - 51 * y) < 120] = 255 - colour
        pixels = cover * levels + (1 - cover) * 255
        path = folder / str(number % 10) / f"{number:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image_module.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
