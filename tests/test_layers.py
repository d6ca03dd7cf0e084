"""The house rules: a room imports only rooms above it, and the core needs numpy alone."""

import ast
import subprocess
import sys
from pathlib import Path

import idxfast

ROOT = Path(idxfast.__file__).parent
ORDER = [
    "errors", "typing", "sniff", "native", "threads", "helpers", "workers", "format", "pread",
    "source", "opening", "regular", "content", "folders", "owners", "private", "replacing", "sink", "gzip.container", "gzip.feed", "gzip.members", "gzip.groups",
    "gzip.segments", "gzip.decoder", "gzip.pool", "gzip.stream", "gzip.writer", "arrays", "request", "packed", "raw", "mapping",
    "streams", "reading", "writing", "names", "xz",
    "directory", "datasets.catalogue", "datasets.verifying", "datasets.connections", "datasets.transfer", "datasets.locking", "datasets.parts",
    "datasets.fetching", "datasets.loading", "datasets.synthetic", "datasets", "compat.classes",
    "compat.files", "compat.folders", "compat.archives", "compat.downloads", "compat.faults",
    "compat.packers", "compat.pixels", "compat.idx2numpy.FormatError", "compat.idx2numpy.converters",
    "compat.idx2numpy", "compat.mnist", "compat.python_mnist", "compat.mlxtend",
    "compat.mnist_reader", "compat.torchvision.readers", "compat.torchvision.sets",
    "compat.torchvision.splits", "compat.torchvision", "compat.keras.folder", "compat.keras.mnist",
    "compat.keras.fashion_mnist", "compat.keras", "compat.batches", "compat.tensorflow", "compat.mnists.sets",
    "compat.mnists.splits", "compat.mnists", "compat.emnist", "compat.sklearn",
    "compat.peers", "compat.patching", "compat", "cli.info", "cli.fetch", "cli.demo", "cli",
]  # fmt: skip


def imports(path, room):
    """The rooms that a module imports, as dotted names below idxfast."""
    package = room.split(".") if path.name == "__init__.py" else room.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) + 1 - node.level]
            if node.module:
                yield ".".join([*base, node.module])
            else:
                yield from (".".join([*base, alias.name]) for alias in node.names)


def test_a_room_imports_only_rooms_above_it():
    seen = 0
    for path in ROOT.rglob("*.py"):
        room = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if room in ("__init__", "__main__", "native", "gzip", "datasets"):
            continue
        for name in imports(path, room):
            name = "native" if name.startswith("native") else name
            assert ORDER.index(name) < ORDER.index(room), f"{room} imports {name}"
            seen += 1
    assert seen > 30


def test_the_core_imports_numpy_alone():
    code = (
        "import sys, numpy; before = set(sys.modules); import idxfast;"
        "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names)))"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert set(run.stdout.split()) <= {"idxfast", "numpy", "cython_runtime"} | {
        name for name in run.stdout.split() if name.startswith("_cython")
    }
