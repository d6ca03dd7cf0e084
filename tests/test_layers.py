"""The house rules: a wing imports only wings above it, and the core needs numpy alone."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import idxfast

ROOT = Path(idxfast.__file__).parent
# Folders and single files. Each may import only those before it in this list.
WINGS = [
    "errors", "typing", "format", "native", "threads", "storage", "gzip", "diagnosis", "containers",
    "lazy", "writing", "reading", "datasets", "images", "integrations", "compat", "cli",
]  # fmt: skip
# What a module imports in a function, when a notebook displays pictures.
LATE = {"lazy.idx_file": {"images.preview.preview", "images.preview"}}


def modules():
    """Each module below idxfast: its dotted name, and its path."""
    for path in ROOT.rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if module not in ("__init__", "__main__"):
            yield module, path


def imports(module, path):
    """The modules that a module imports, as dotted names below idxfast."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) + 1 - node.level]
            parent = [*base, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                yield ".".join([*parent, alias.name])
                yield ".".join(parent)


def test_a_wing_imports_only_wings_above_it():
    seen = 0
    for module, path in modules():
        wing = WINGS.index(module.partition(".")[0])
        for name in imports(module, path):
            if name and name != "__version__" and name not in LATE.get(module, ()):
                assert WINGS.index(name.partition(".")[0]) <= wing, f"{module} imports {name}"
                seen += 1
    assert seen > 300


def test_modules_import_each_other_in_no_circle():
    known = dict(modules())
    packages = {module for module, path in known.items() if path.name == "__init__.py"}
    graph = {}
    for module, path in known.items():
        named = {name for name in imports(module, path) if name in known and name != module}
        # A package is run before what is in it, and so imports its modules, not they it.
        graph[module] = {
            name for name in named if not (name in packages and module.startswith(name))
        }
    graphlib.TopologicalSorter(graph).prepare()
    assert sum(map(len, graph.values())) > 200


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
