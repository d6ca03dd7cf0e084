"""What users may rely on: `public_names.txt` lists it, so that no name vanishes unnoticed.

A new name is added to the list in the change that makes it public. A name leaves the list by the
rule in CONTRIBUTING.md, "What is public".
"""

import ast
import importlib
import inspect
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import idxfast

FOLDER = Path(idxfast.__file__).parent
LIST = Path(__file__).with_name("public_names.txt")


def public_files():
    """The source of each public module."""
    yield FOLDER / "__init__.py"
    yield FOLDER / "errors.py"
    for name in ("compat", "datasets", "images"):
        yield FOLDER / name / "__init__.py"
    yield FOLDER / "datasets" / "catalogue.py"
    yield FOLDER / "datasets" / "synthetic.py"
    for name in ("compat", "integrations"):
        for path in sorted((FOLDER / name).iterdir()):
            if path.is_dir() and not path.name.startswith("_"):
                yield path / "__init__.py"
            elif path.suffix == ".py" and path.name[0] != "_" and path.stem != "shared_file":
                yield path
    for name in ("keras/fashion_mnist.py", "keras/mnist.py", "torchvision/datasets.py"):
        yield FOLDER / "compat" / name


def module_of(path):
    parts = path.relative_to(FOLDER.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


FILES = {module_of(path): path for path in public_files()}


def names_of(path):
    """What `__all__` of a module says, without an import; None if there is none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return sorted(ast.literal_eval(node.value))
    return None


def members(cls):
    """The public methods and properties of one of our classes; the attributes of its docstring."""
    ours = [base for base in cls.__mro__ if base.__module__.startswith("idxfast")]
    names = {name for base in ours for name in vars(base) if not name.startswith("_")}
    for base in ours:
        doc = inspect.getdoc(base) or ""
        _, _, section = doc.partition("\nAttributes\n----------\n")
        for line in section.split("\n\n")[0].splitlines():
            if line and not line[0].isspace():
                names |= {name.strip() for name in line.partition(":")[0].split(",")}
    return sorted(name for name in names if name.isidentifier())


def json_keys(*words):
    """The keys of what the command prints with --json."""
    command = [sys.executable, "-P", "-m", "idxfast", *map(str, words), "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout, run.stderr
    return sorted(json.loads(run.stdout.splitlines()[0]))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    from idxfast import cli

    folder = tmp_path_factory.mktemp("files")
    for name, values in (("a-images-idx3-ubyte.gz", 0), ("b-images-idx3-ubyte.gz", 1)):
        idxfast.save(folder / name, np.full((3, 2, 2), values, np.uint8))
    one, other = sorted(folder.iterdir())
    lines = {module: names_of(path) for module, path in FILES.items()}
    lines["idxfast"] = sorted([*lines["idxfast"], "__version__"])
    for name in idxfast.__all__:
        value = getattr(idxfast, name)
        if inspect.isclass(value):
            lines[f"idxfast.{name}"] = members(value)
    lines["command"] = sorted(cli._VERBS)
    for verb in ("info", "verify", "stats"):
        lines[f"{verb} --json"] = json_keys(verb, one)
    lines["diff --json"] = json_keys("diff", one, other)
    return lines


def listed():
    lines = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
    return {key: names.split() for key, _, names in (line.partition(":") for line in lines)}


def test_no_name_vanishes_unnoticed(found):
    assert found == listed()


def data_docstrings(path):
    """The names of a module's data that a string after them describes."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for node, after in itertools.pairwise(body):
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if is_text and isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from map(ast.unparse, targets)


@pytest.mark.parametrize("module", FILES)
def test_each_name_has_a_docstring(module):
    framework = module.removeprefix("idxfast.integrations.")
    if framework != module:
        pytest.importorskip(framework)
    imported = importlib.import_module(module)
    assert imported.__doc__
    path = FILES[module]
    described = {name for file in path.parent.glob("*.py") for name in data_docstrings(file)}
    names = names_of(path)
    assert names
    for name in names:
        value = getattr(imported, name)
        if name in described:
            continue
        assert inspect.isclass(value) or callable(value) or inspect.ismodule(value), name
        assert vars(value)["__doc__"] if inspect.isclass(value) else value.__doc__, name
