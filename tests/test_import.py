"""What `import idxfast` imports, offers, and says where it cannot work."""

import inspect
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import idxfast

FOLDER = Path(idxfast.__file__).parent
# Of the standard library, what numpy may not have imported; zlib is imported by modules that Cython
# 3.2.0 has compiled.
STANDARD = {
    "__future__", "mmap", "_heapq", "_queue", "errno", "heapq", "queue", "threading", "bisect",
    "_bisect", "zlib",
}  # fmt: skip
LATER = ("cli", "compat", "datasets", "integrations", "images", "writing")


def run(code, *, check=True, **options):
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=check, **options)


def test_little_is_imported():
    """Nothing that takes long: `import idxfast` is to take little longer than `import numpy`."""
    code = (
        "import sys, numpy; before = set(sys.modules); import idxfast;"
        "print(*(set(sys.modules) - before))"
    )
    names = set(run(code).stdout.split())
    ours = {name.removeprefix("idxfast.") for name in names if name.startswith("idxfast.")}
    others = {name for name in names if name.partition(".")[0] != "idxfast"}
    assert {name for name in others if "cython" not in name} <= STANDARD
    assert "reading.loading" in ours
    assert not [name for name in ours if name.startswith(LATER)]


@pytest.mark.parametrize(
    "expression",
    [
        "idxfast.datasets.catalogue",
        "idxfast.compat.patch",
        "idxfast.errors.IdxError",
        "idxfast.load_dataset",
        "idxfast.save",
    ],
)
def test_what_is_imported_on_first_use(expression):
    module, _, name = expression.rpartition(".")
    for code in (f"import idxfast; {expression}", f"from {module} import {name}"):
        run(f"{code}; import sys; assert 'pooch' not in sys.modules")


def test_the_names_that_are_shown():
    modules = {name for name in dir(idxfast) if inspect.ismodule(getattr(idxfast, name))}
    assert modules == {"compat", "datasets", "errors", "images", "integrations"}
    assert set(dir(idxfast)) == {*idxfast.__all__, *modules, "__version__"}
    assert all(f"`{name}`" in idxfast.__doc__ for name in modules)


@pytest.mark.parametrize("name", ["dumps", "load", "load_dataset", "loads", "read_header", "save"])
def test_functions_are_themselves(name):
    function = getattr(idxfast, name)
    assert inspect.isfunction(function) and function.__name__ == name
    assert inspect.signature(function).parameters
    assert pickle.loads(pickle.dumps(function)) is function


def test_other_names():
    with pytest.raises(AttributeError, match=r"'idxfast' has no attribute 'laod'"):
        _ = idxfast.laod
    with pytest.raises(ImportError, match="laod"):
        exec("from idxfast import laod")


@pytest.mark.parametrize(
    ("is_source", "message"),
    [
        (True, "ImportError: idxfast is imported from its source folder, {}, where its compiled "),
        (False, "ImportError: the compiled modules of the idxfast in {} are missing or made for "),
    ],
)
def test_without_compiled_modules(tmp_path, is_source, message):
    only_python = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__")
    shutil.copytree(FOLDER, tmp_path / "idxfast", ignore=only_python)
    if is_source:
        (tmp_path / "setup.py").touch()
    failed = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import idxfast",
        check=False,
        cwd=tmp_path,
    )
    assert failed.returncode == 1
    first, chain, last = failed.stderr.rpartition("The above exception was the direct cause of")
    assert chain and "cannot import name" in first
    (line,) = (line for line in last.splitlines() if "Error: " in line)
    assert line.startswith(message.format(tmp_path))
    assert "pip" in line
