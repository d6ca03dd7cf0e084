"""The workflows: what they test and build, what they may do, and which tag they release."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))

if not WORKFLOWS:
    pytest.skip("there are no workflows beside the tests", allow_module_level=True)


def read_workflow(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text("utf-8"))


def matrix_of(name, job):
    return read_workflow(name)["jobs"][job]["strategy"]["matrix"]


@pytest.fixture
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture
def versions(project):
    """The minor versions of CPython that the classifiers name."""
    pattern = re.compile(r"Programming Language :: Python :: (3\.\d+)")
    return [m[1] for c in project["project"]["classifiers"] if (m := pattern.fullmatch(c))]


@pytest.fixture
def tested(versions):
    """Each of them, and the free-threaded ones from 3.14 on, as `actions/setup-python` has them."""
    return [*versions, *(f"{version}t" for version in versions if version >= "3.14")]


def test_the_classifiers_name_all_versions_from_the_oldest_on(project, versions):
    oldest = int(versions[0].removeprefix("3."))
    assert versions == [f"3.{oldest + i}" for i in range(len(versions))]
    assert project["project"]["requires-python"] == f">=3.{oldest}"
    assert f"\nOLDEST = (3, {oldest})\n" in (ROOT / "setup.py").read_text("utf-8")


def test_each_version_is_tested(tested):
    assert matrix_of("test.yml", "wheel")["python"] == tested


def test_wheels_are_tested_with_each_version(project, tested):
    """The first of them builds the one with the stable ABI."""
    names = [f"cp{version.replace('.', '')}-*" for version in tested]
    assert project["tool"]["cibuildwheel"]["build"] == names
    (override,) = project["tool"]["cibuildwheel"]["overrides"]
    free_threaded = [name for name in names if name.endswith("t-*")]
    assert override["select"] == ["*-musllinux_*", *free_threaded]


def test_wheels_are_built_for_each_system_that_is_tested():
    tested = set(matrix_of("test.yml", "wheel")["system"])
    built = set(matrix_of("release.yml", "wheels")["system"])
    assert {name.partition("-")[0] for name in tested} == {"ubuntu", "macos", "windows"}
    assert tested < built
    # The same on the other processor.
    assert built - tested == {"ubuntu-24.04-arm", "macos-15-intel"}


def test_each_regular_stage_has_a_job():
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    (regular,) = re.findall(r"^REGULAR=\((.*)\)$", script, re.MULTILINE)
    assert matrix_of("test.yml", "stages")["stage"] == regular.split()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_little(path):
    workflow = read_workflow(path.name)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name
    # Nobody can exchange what a hash names.
    for line in path.read_text("utf-8").splitlines():
        if "uses:" in line:
            assert re.search(r"uses: \S+@[0-9a-f]{40} # v\d+(\.\d+)*$", line), line


def test_what_is_published_was_built_before():
    jobs = read_workflow("release.yml")["jobs"]
    assert jobs["wheels"]["needs"] == "sdist"
    assert jobs["publish"]["needs"] == ["sdist", "wheels"]
    assert jobs["publish"]["environment"] == "pypi"
    may_sign = [name for name, job in jobs.items() if "id-token" in job["permissions"]]
    assert may_sign == ["publish"]


@pytest.mark.skipif(os.name == "nt", reason="needs bash")
@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("v1.20.0", True),
        ("v1.2.0", False),
        ("v1.20", False),
        ("1.20.0", False),
        ("v1.20.0rc1", False),
        ("vv1.20.0", False),
        ("v*", False),
        ("v", False),
    ],
)
def test_a_tag_has_to_be_the_version(tmp_path, tag, fits):
    (tmp_path / "idxfast-1.20.0.tar.gz").touch()
    command = [ROOT / ".ci" / "check-tag", tag, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode == 0) == fits
    assert not done.stdout
    expected = f"The tag {tag} should be v and the version. In {tmp_path} there is: "
    assert done.stderr == ("" if fits else f"{expected}idxfast-1.20.0.tar.gz\n")
