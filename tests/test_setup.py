"""What the build fetches, and what it links."""

import ctypes
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import idxfast

setuptools = pytest.importorskip("setuptools", minversion="77")

SETUP = Path(__file__).parents[1] / "setup.py"
FILES = {"COPYING": b"licence", "libdeflate.h": b"", "lib/a.c": b"int a;", "lib/x86/b.h": b"int b;"}
UNWANTED = {"README": b"read me", "lib/a.o": b"object", "programs/gzip.c": b"int main;"}


@pytest.fixture
def build(tmp_path, monkeypatch):
    """setup.py as a module, in a folder of its own, where pip gives a small archive."""

    def download(command, check):
        (folder,) = (word.removeprefix("--dest=") for word in command if "--dest=" in word)
        with tarfile.open(Path(folder, "deflate.tar.gz"), "w:gz") as tar:
            for name, content in (FILES | UNWANTED).items():
                member = tarfile.TarInfo(f"deflate/libdeflate/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))

    options = {}
    monkeypatch.setattr(setuptools, "setup", options.update)
    monkeypatch.setattr(subprocess, "run", download)
    monkeypatch.delenv("IDXFAST_SYSTEM_LIBDEFLATE", raising=False)
    monkeypatch.delenv("LIBDEFLATE_SOURCE", raising=False)
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("setup", SETUP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.options = options
    return module


def content_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_description_links_to_nothing_in_a_clone(build):
    """The page of a package index shows it, where relative links lead nowhere."""
    text = build.options["long_description"]
    assert text.startswith("# idxfast\n") and "(SECURITY.md)" in text
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert targets and all(target.startswith("https://") for target in targets)
    assert "![" not in text


def test_libdeflate_is_fetched_once(build, tmp_path, monkeypatch):
    assert content_of(build.libdeflate_source()) == FILES
    assert [path.name for path in (tmp_path / "build").iterdir()] == [build.CACHED.name]
    monkeypatch.delattr(subprocess, "run")
    assert content_of(build.libdeflate_source()) == FILES


def test_whenever_it_is_there_it_is_whole(build):
    """The test looks between any two calls, because the fetch may be killed there."""
    wrong = []

    def look(frame, event, argument):
        if build.CACHED.exists() and content_of(build.CACHED) != FILES:
            wrong.append(content_of(build.CACHED))

    sys.setprofile(look)
    try:
        build.fetch_libdeflate()
    finally:
        sys.setprofile(None)
    assert content_of(build.CACHED) == FILES
    assert not wrong


def test_a_source_tree_at_hand(build, tmp_path, monkeypatch):
    tree = tmp_path / "tree"
    for name, content in (FILES | UNWANTED).items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    monkeypatch.setenv("LIBDEFLATE_SOURCE", str(tree))
    build.copy_needed(build.libdeflate_source(), tmp_path / "carried")
    assert content_of(tmp_path / "carried") == FILES


def fail(*arguments, **options):
    raise FileNotFoundError


@pytest.mark.parametrize(
    ("choose", "reason"),
    [
        ({"LIBDEFLATE_SOURCE": "/nowhere"}, "no libdeflate.h in LIBDEFLATE_SOURCE=/nowhere"),
        ({}, "pip could not fetch"),
    ],
)
def test_without_any_the_choices_are_named(build, monkeypatch, choose, reason):
    monkeypatch.setattr(subprocess, "run", fail)
    for name, value in choose.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=reason) as stopped:
        build.libdeflate_source()
    for choice in ("IDXFAST_SYSTEM_LIBDEFLATE=1", "LIBDEFLATE_SOURCE to", build.PACKAGE):
        assert choice in str(stopped.value)


def test_without_the_systems_the_choices_are_named(build, monkeypatch):
    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(SystemExit, match=r"pkg-config finds none.*LIBDEFLATE_SOURCE"):
        build.system_libdeflate()


@pytest.mark.skipif(not shutil.which("cc") or sys.platform == "win32", reason="needs cc")
def test_what_is_linked_is_our_own(build, tmp_path, monkeypatch):
    """Even where the linker looks among the system's libraries first, as for Debian's Python."""
    for path, code in {
        "system/deflate.c": "int answer(void) { return 1; }",
        "ours/lib/deflate.c": "int answer(void) { return 2; }",
        "ours/COPYING": "",
        "ours/libdeflate.h": "",
        "probe.c": "int answer(void); int probe(void) { return answer(); }",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(code)
    system = tmp_path / "system"
    command = ["cc", "-shared", "-fPIC", "-o", system / "libdeflate.so", system / "deflate.c"]
    subprocess.check_call(command)
    monkeypatch.setenv("LIBDEFLATE_SOURCE", "ours")
    monkeypatch.setenv("LDFLAGS", f"-L{system} -Wl,-rpath,{system}")
    probe = setuptools.Extension("probe", ["probe.c"])
    distribution = setuptools.Distribution(build.options | {"ext_modules": [probe]})
    distribution.run_command("build_clib")
    distribution.run_command("build_ext")
    path = distribution.get_command_obj("build_ext").get_ext_fullpath("probe")
    assert ctypes.CDLL(tmp_path / path).probe() == 2


def test_the_date_of_a_distribution(build, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert build.source_date() == 1_700_000_000
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    monkeypatch.setattr(subprocess, "run", fail)
    assert build.source_date() == build.EARLIEST_DATE
    commit = subprocess.CompletedProcess([], 0, stdout="1600000000\n")
    monkeypatch.setattr(subprocess, "run", lambda command, **options: commit)
    assert build.source_date() == 1_600_000_000
    (tmp_path / "PKG-INFO").touch()
    os.utime(tmp_path / "PKG-INFO", (1_500_000_000, 1_500_000_000))
    assert build.source_date() == 1_500_000_000


@pytest.mark.skipif(not shutil.which("cc") or sys.platform == "win32", reason="needs cc")
@pytest.mark.filterwarnings("ignore:(?s).*setup.py install is deprecated")
def test_two_builds_have_equal_bytes(build, tmp_path, monkeypatch):
    """In other folders, with other dates of the sources and another umask."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("LIBDEFLATE_SOURCE", "ours")
    made = []
    for folder, umask, date in (
        ("one", 0o022, 1_400_000_000),
        ("other/folder", 0o077, 1_500_000_000),
    ):
        old = os.umask(umask)
        try:
            for path, code in {
                "ours/lib/deflate.c": "int answer(void) { return 2; }",
                "ours/COPYING": "their licence",
                "ours/libdeflate.h": "",
                "probe.c": "int answer(void); int PyInit_probe(void) { return answer(); }",
                "run.sh": "",
            }.items():
                file = tmp_path / folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(code)
                os.utime(file, (date, date))
            (tmp_path / folder / "run.sh").chmod(0o777 & ~umask)
            monkeypatch.chdir(tmp_path / folder)
            probe = setuptools.Extension("probe", ["probe.c"], py_limited_api=True)
            options = {"name": "probe", "version": "1", "ext_modules": [probe], "packages": []}
            options["script_name"] = "setup.py"
            distribution = setuptools.Distribution(build.options | options)
            distribution.run_command("bdist_wheel")
            Path("tree").mkdir()
            shutil.copy("run.sh", "tree")
            shutil.copytree("ours", "tree/ours")
            command = build.SourceDistribution(distribution)
            made.append(
                (
                    Path(command.make_archive("probe", "gztar", base_dir="tree")).read_bytes(),
                    *(path.read_bytes() for path in Path("dist").glob("*.whl")),
                )
            )
        finally:
            os.umask(old)
    assert made[0] == made[1]
    sdist, wheel = made[0]
    assert int.from_bytes(sdist[4:8], "little") == 1_700_000_000  # in the header of gzip
    with tarfile.open(fileobj=io.BytesIO(sdist)) as tar:
        found = {member.name: member for member in tar}
    assert found["tree/run.sh"].mode == found["tree/ours"].mode == 0o755
    assert found["tree/ours/COPYING"].mode == 0o644
    assert {member.mtime for member in found.values()} == {1_700_000_000}
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        assert archive.read("COPYING.libdeflate") == b"their licence"
        assert {entry.date_time for entry in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}


def test_the_version_is_the_same_everywhere():
    command = [sys.executable, "-P", "-m", "idxfast", "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown == f"idxfast {idxfast.__version__}\n"
    citation = (SETUP.parent / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^  version = \{(.*)\},$", citation, re.MULTILINE)[1] == idxfast.__version__
    changes = (SETUP.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## ([0-9.]+)", changes, re.MULTILINE)[1] == idxfast.__version__


@pytest.mark.skipif(not (SETUP.parent / "idxfast").is_dir(), reason="needs the source tree")
def test_the_package_holds_all_of_its_files(tmp_path):
    """And nothing else; what is compiled comes on top."""
    pytest.importorskip("setuptools", minversion="77")  # as pyproject.toml says
    root = SETUP.parent
    command = [sys.executable, "setup.py", "--quiet", "build_py", f"--build-lib={tmp_path}"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    expected = {
        path.relative_to(root).as_posix()
        for path in (root / "idxfast").rglob("*")
        if path.suffix in (".py", ".pyi", ".toml") or path.name == "py.typed"
    }
    assert {"idxfast/native/inflate.pyi", "idxfast/py.typed"} < expected
    assert content_of(tmp_path).keys() == expected
