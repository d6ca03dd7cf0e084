"""Measure the DEFLATE decoder alone against libdeflate, each compiled with setup.py's flags.

Run `python benchmarks/inflate.py` in a clone in which idxfast was built, which leaves libdeflate's
sources in build/. `--rounds N` and `--core N` set the number of rounds and the core, `--portable`
does without BMI2 and SSSE3, and `--only WORD` selects the files whose names contain a word.
Figures are speeds as multiples of libdeflate's: by the fastest rounds, and the median of the ratios
of all rounds. They need a core whose other hyperthread is idle: work on that one slows down
cursors, which keep the whole core busy, more than a decoder that waits for each symbol.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from data import prepare

import idxfast

_ROOT = Path(__file__).resolve().parent.parent
_LIBDEFLATE = _ROOT / "build" / "libdeflate-1.26"
# Only a part of the images, so that a round fits into a quiet moment of the machine.
_IMAGES = 10_000
_OTHER = 3_000_000
_LEVELS = (1, 6, 9)


def main() -> None:
    """Make the files, build the harness, and run it."""
    parser = argparse.ArgumentParser(description="Measure decoding alone against libdeflate.")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--core", type=int)
    parser.add_argument("--portable", action="store_true")
    parser.add_argument("--only", default="", metavar="WORD")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = _build(folder)
        command = [
            program,
            str(arguments.rounds),
            "portable" if arguments.portable else "processor",
        ]
        if arguments.core is not None:
            command[:0] = ["taskset", "--cpu-list", str(arguments.core)]
        print(
            f"{'file':34} {'min':>5} {'med':>5}   {'segments':>11} "
            f"{'libdeflate':>10} {'ours, ms':>8} {'segments':>8} {'KiB':>6}",
            flush=True,
        )
        for path in _files(folder):
            if arguments.only in path.name:
                subprocess.run([*command, path], check=True)
            path.unlink()


def _build(folder: Path) -> str:
    """Compile libdeflate and the decoder as setup.py does."""
    program, objects = folder / "inflate", []
    for source in ("deflate_decompress", "utils", "x86/cpu_features"):
        objects.append(folder / (Path(source).name + ".o"))
        flags = ["-O2", "-fPIC", "-fvisibility=hidden", f"-I{_LIBDEFLATE}"]
        path = _LIBDEFLATE / "lib" / f"{source}.c"
        subprocess.run(["cc", *flags, "-c", path, "-o", objects[-1]], check=True)
    flags = ["-O3", "-fPIC", f"-I{_LIBDEFLATE}", f"-I{_ROOT / 'idxfast' / 'native'}"]
    harness = Path(__file__).with_suffix(".c")
    subprocess.run(["cc", *flags, harness, *objects, "-o", program], check=True)
    return str(program)


def _files(folder: Path) -> Iterator[Path]:
    """Yield files one by one: images by every packer that is installed, and other data."""
    for name, published in prepare(folder).sets.items():
        images = idxfast.load(published)[:_IMAGES]
        content = images.tobytes()
        yield _write(folder / f"{name} as published.gz", published.read_bytes())
        for packer, packed in _pack(content):
            yield _write(folder / f"{name} {packer}.gz", packed)
        saved = folder / f"{name} idxfast.save.gz"
        idxfast.save(saved, images)
        yield saved
        raw = folder / "raw"
        raw.write_bytes(content)
        if shutil.which("bgzip"):
            run = subprocess.run(["bgzip", "-c", raw], check=True, stdout=subprocess.PIPE)
            yield _write(folder / f"{name} bgzip.gz", run.stdout)
    for kind, data in _others(images):
        for level in _LEVELS:
            yield _write(folder / f"{kind} -{level}.gz", gzip.compress(data, level, mtime=0))


def _pack(content: bytes) -> Iterator[tuple[str, bytes]]:
    for level in _LEVELS:
        yield f"gzip -{level}", gzip.compress(content, level, mtime=0)
    try:
        import deflate
        from isal import igzip
    except ImportError:
        return
    yield "igzip", igzip.compress(content, 2)
    yield "libdeflate 6", bytes(deflate.gzip_compress(content, 6))


def _others(images: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Yield other data than images; codes of one length and long matches are hard for cursors."""
    rng = np.random.default_rng(1)
    sources = sorted(Path(np.__file__).parent.rglob("*.py"))
    yield "text", b"".join(path.read_bytes() for path in sources)[:_OTHER]
    yield "float64", rng.standard_normal(_OTHER // 8).tobytes()
    yield "float32 walk", rng.standard_normal(_OTHER // 4).cumsum().astype(">f4").tobytes()
    yield "int32 images", images.reshape(-1)[: _OTHER // 4].astype(">i4").tobytes()
    yield "labels", rng.integers(0, 10, _OTHER, np.uint8).tobytes()
    yield "zeros", bytes(_OTHER)
    yield "tiles", images.tobytes()[:20_000] * (_OTHER // 20_000)
    for bits in range(1, 9):
        yield f"noise of {bits} bits", rng.integers(0, 1 << bits, _OTHER, np.uint8).tobytes()


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    main()
