"""The rules of a team that decodes one stream, without its threads."""

from types import SimpleNamespace

import numpy as np
import pytest

from idxfast.gzip import ahead, copies, runs, team
from idxfast.native import codec


@pytest.mark.parametrize("shift", [0, 30, 40, 99, 100, 101, 1000])
def test_parts_are_copied_in_any_order(shift, monkeypatch):
    monkeypatch.setattr(copies, "PART", 100)
    monkeypatch.setattr(copies, "WINDOW", 30)
    memory = np.random.default_rng(1).integers(0, 256, 1430, np.uint8)
    kept = memory.copy()
    out = memory[1000 - shift :] if shift else np.empty(430, np.uint8)
    parts = copies.begin(out[:430], memory[1000:], shift)
    for part in parts[3:] + parts[:3][::-1]:
        part.copy_to(out)
    assert np.array_equal(out[:430], kept[1000:])
    assert np.array_equal(memory[: 1000 - shift], kept[: 1000 - shift])


def a_run(*marks, base=None):
    """One that stands at the last of its marks, in bits; all its bytes are zeros."""
    run = runs.Run(marks[0], 1, np.zeros(codec.WINDOW + 9, np.uint8), base)
    run.marks = [runs.Mark(bit, codec.WINDOW + at, 0) for at, bit in enumerate(marks)]
    run.is_active = False
    return run


def a_team(*ahead):
    """One without threads, whose decoder takes anything."""
    decoder = SimpleNamespace(
        total=100_000,
        position=0,
        bit=0,
        confine=lambda position: None,
        memory=lambda position: bytearray(10),
        adopt=lambda run, mark: bytearray(run.marks[-1].position - mark.position),
    )
    made = team.Team(decoder, SimpleNamespace(size=100_000), 2, None)
    made._ahead.runs = [*ahead]
    return made


def test_decoders_agree_at_the_same_place_alone():
    """Behind zeros, windows are often the same."""
    run, around = a_run(80, 160), a_team()._ahead
    around.runs = [run]
    zeros = bytes(codec.WINDOW)
    assert around.agreement(160, zeros) == (run, run.marks[1])
    assert around.agreement(120, zeros) is None
    assert around.agreement(160, b"1" + zeros[1:]) is None


def test_no_run_starts_in_a_small_gap():
    around = ahead.Ahead(1_000_000, 4_000_000, 2)
    last = 8 * (1_000_000 - ahead.MIN_GAP)
    assert around.find_place(last) is not None
    assert around.find_place(last + 1) is None


def test_runs_that_are_passed_are_dropped():
    first, second, third = a_run(80, 160), a_run(240, 320, 400), a_run(800, 960)
    around = a_team(first, second, third)._ahead
    assert not around.drop_passed(160, 160)
    assert not around.drop_passed(100, None)
    assert around.drop_passed(161, None)
    assert around.runs == [second, third]
    assert not around.drop_passed(330, None)
    assert not around.drop_passed(330, 325)
    assert not around.drop_passed(320, 320)
    # The leader has come past a mark that it was to stop at: there is no cut.
    assert around.drop_passed(330, 320)
    assert around.runs == [third]
    assert around.drop_passed(1000, 980)
    assert not around.runs


def test_no_more_runs_than_threads_or_memory(monkeypatch):
    monkeypatch.setattr(ahead, "MIN_GAP", 64 << 10)
    assert a_team()._start_run() is not None
    assert a_team(a_run(80, 160))._start_run() is None

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(team, "np", SimpleNamespace(empty=fail, uint8=np.uint8))
    assert a_team()._start_run() is None


def test_how_far_the_leader_may_write():
    around, run = a_team()._ahead, a_run(80, 160, 240, base=1_000)
    assert around.free_until(0) == 100_000
    around.runs, around.placed = [run], run
    assert [around.free_until(bit) for bit in (80, 81, 160, 240, 999)] == [
        1_000,
        1_001,
        1_001,
        1_002,
        1_002,
    ]
    run.base = 100_001
    assert around.free_until(240) == 100_000
    run.base = 1_000
    around.drop(run)
    assert around.free_until(0) == 100_000


def test_a_follower_that_is_gone_is_not_adopted():
    run, gone = a_run(80, 160), a_run(160, 240)
    run.follower = gone, gone.marks[0]
    made = a_team(run)
    with made._changed:
        assert made._hand_over(run, run.marks[0])
    assert not made._ahead.runs
    assert gone.adopted_at is None


def test_only_memory_of_a_runs_own_is_given_back():
    made, run = a_team(), a_run(80)
    made._give_back(a_run(80, base=7))
    assert not made._spare
    made._give_back(run)
    assert made._spare == [run.memory]


def test_the_first_error_is_the_one():
    made, errors = a_team(), [MemoryError(), OSError()]
    for error in errors:

        def fail(error=error):
            raise error

        made._next_job = fail
        made._work()
    assert made._error is errors[0]


def test_memory_is_given_back_once(monkeypatch):
    """When the last of its parts has been copied."""
    given, give_back = [], team.Team._give_back

    def spy(self, run):
        given.append(run)
        give_back(self, run)

    monkeypatch.setattr(team.Team, "_give_back", spy)
    monkeypatch.setattr(copies, "PART", 100_000)
    run = a_run(80, 160)
    run.memory = np.zeros(codec.WINDOW + 300_000, np.uint8)
    run.marks[1] = runs.Mark(160, codec.WINDOW + 250_001 + codec.WINDOW, 0)
    made = a_team(run)
    with made._changed:
        made._hand_over(run, run.marks[0])
    while made._jobs:
        assert not given
        made._jobs.pop()()
    assert given == [run]


def test_a_run_in_the_result_may_be_gone_before_it_is_given_up():
    a_team()._clear_result()


def test_no_run_is_placed_without_room_for_it():
    made = a_team()
    made._decoder.bit = 8 * 90_000
    made._place_run()
    assert not made._ahead.runs
