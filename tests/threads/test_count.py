"""How many threads are used if the caller does not say."""

import os
import runpy

import pytest

import idxfast
from idxfast.threads import count


@pytest.fixture
def system(monkeypatch, tmp_path):
    """The root of a made-up system, and the default in it, given a number of cores."""

    def choose(cores=None):
        if cores is not None:
            monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(cores), raising=False)
        # A fresh module each time, because it asks the system once.
        module = runpy.run_path(count.__file__, {"open": lambda path: open(f"{tmp_path}{path}")})  # noqa: SIM115
        return module["choose_threads"](None)

    (tmp_path / "proc" / "self").mkdir(parents=True)
    return tmp_path, choose


def test_a_number_below_1_is_refused(tmp_path):
    assert count.choose_threads(3) == 3
    for wrong in (0, -1):
        for call in (idxfast.loads, idxfast.load):
            with pytest.raises(ValueError, match=str(wrong)):
                call(b"", threads=wrong)
        with pytest.raises(ValueError, match=str(wrong)):
            idxfast.save(tmp_path / "file", [1.5], threads=wrong)


def test_one_for_each_core_and_at_most_8(system, monkeypatch):
    _, choose = system
    assert choose(3) == 3
    assert choose(64) == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    for cores, expected in ((None, 1), (3, 3)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert choose() == expected


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("50000 100000", 1),
        ("100000 100000\n", 1),
        ("290000 100000", 2),
        ("800000 100000", 3),
        ("max 100000\n", 3),
        ("?", 3),
    ],
)
def test_no_more_than_the_quota_of_the_control_group(quota, expected, system):
    root, choose = system
    (root / "proc" / "self" / "cgroup").write_text("0::/\n")
    (root / "sys" / "fs" / "cgroup").mkdir(parents=True)
    (root / "sys" / "fs" / "cgroup" / "cpu.max").write_text(quota)
    assert choose(3) == expected


def test_the_quota_is_the_least_of_all_control_groups(system):
    root, choose = system
    assert choose(8) == 8
    (root / "proc" / "self" / "cgroup").write_text("1:cpu:/other\n0::/a/b\n")
    assert choose(8) == 8
    group = root / "sys" / "fs" / "cgroup" / "a"
    (group / "b").mkdir(parents=True)
    (group / "cpu.max").write_text("350000 100000\n")
    (group / "b" / "cpu.max").write_text("max 100000\n")
    assert choose(8) == 3
    (group / "b" / "cpu.max").write_text("250000 100000\n")
    assert choose(8) == 2
