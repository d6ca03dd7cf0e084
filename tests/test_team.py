"""The rules of a team that decodes one stream, without its threads."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from idxfast.gzip import ahead, copies, decoder, runs, team
from idxfast.native import codec
from idxfast.source import MemorySource


@pytest.mark.parametrize("shift", [0, 30, 40, 99, 100, 101, 1000])
def test_parts_are_copied_in_any_order(shift, monkeypatch):
    monkeypatch.setattr(copies, "PART", 100)
    monkeypatch.setattr(copies, "WINDOW", 30)
    # The last part is shorter than the way that it goes.
    memory = np.random.default_rng(1).integers(0, 256, 1455, np.uint8)
    kept = memory.copy()
    out = memory[1000 - shift :] if shift else np.empty(455, np.uint8)
    parts = copies.begin(out[:455], memory[1000:], shift)
    for part in parts[3:] + parts[:3][::-1]:
        part.copy_to(out)
    assert np.array_equal(out[:455], kept[1000:])
    assert np.array_equal(memory[: 1000 - shift], kept[: 1000 - shift])


def test_less_than_a_window_is_copied_at_once():
    memory, out = np.arange(20, dtype=np.uint8), np.zeros(20, np.uint8)
    assert not copies.begin(out, memory, 0)
    assert np.array_equal(out, memory)
    memory, out = np.arange(40_000, dtype=np.uint16).view(np.uint8), np.zeros(80_000, np.uint8)
    for count in (30_000, 50_000):
        out[:] = 0
        copies.begin(out[:count], memory[:count], 0)
        assert np.array_equal(out[:count][-codec.WINDOW :], memory[:count][-codec.WINDOW :])


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
        memory=lambda position: np.zeros(10, np.uint8),
        adopt=lambda run, mark: np.zeros(run.marks[-1].position - mark.position, np.uint8),
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
    run.is_complete = True
    assert around.agreement(80, zeros) == (run, run.marks[0])
    assert around.agreement(160, zeros) is None
    around.runs = []
    assert around.agreement(80, zeros) is None
    assert around.next_mark(0) is None


def test_a_run_that_ends_while_it_is_looked_at():
    """No decoder agrees with a run where a member ends for it."""
    run, around = a_run(80, 160), a_team()._ahead

    class Growing(list):
        def __iter__(self):
            yield self[0]
            run.is_complete = True
            yield self[1]

    run.marks = Growing(run.marks)
    around.runs = [run]
    assert around.agreement(160, bytes(codec.WINDOW)) is None


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
    made = a_team()
    assert made._ahead.runs == [made._start_run()]
    assert a_team(a_run(80, 160))._start_run() is None
    adopted, late = a_run(80, 160), a_team()
    adopted.adopted_at = adopted.marks[0]
    assert a_team(adopted)._start_run() is not None
    late._decoder.bit = 8 * 90_000
    assert late._start_run() is None

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
    around.drop(a_run(80))
    run.is_active = True
    around.drop(run)
    assert around.placed is run
    run.is_active = False
    around.drop(run)
    assert around.free_until(0) == 100_000
    run.marks, around.placed = [], run
    assert around.free_until(0) == 1_000


def test_a_follower_that_is_gone_is_not_adopted():
    run, gone = a_run(80, 160), a_run(160, 240)
    run.follower = gone, gone.marks[0]
    made = a_team(run)
    with made._changed:
        assert made._hand_over(run, run.marks[0])
    assert not made._ahead.runs
    assert gone.adopted_at is None


def test_a_follower_is_adopted_behind_the_run():
    run, follower = a_run(80, 160), a_run(160, 240)
    run.follower = follower, follower.marks[0]
    made = a_team(run, follower)
    with made._changed:
        assert made._hand_over(run, run.marks[0])
    assert not made._ahead.runs
    assert follower.adopted_at == follower.marks[0]


def test_a_run_has_no_more_memory_than_the_stream():
    assert ahead.Ahead(100, 1_000, 2).space == codec.WINDOW + 1_000
    assert ahead.Ahead(100, 1 << 30, 2).space == codec.WINDOW + ahead.SPAN


def test_only_memory_of_a_runs_own_is_given_back():
    made, run = a_team(), a_run(80, 160)
    made._ahead.runs = [run]
    with made._changed:
        made._hand_over(run, run.marks[0])
    assert made._spare == [run.memory]  # nothing is left to copy
    made._spare.clear()
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


def test_where_a_run_may_start_that_can_reach_the_end():
    """Its place in the stream is as far into what is left as in the source."""
    size = 10 << 20
    around = ahead.Ahead(size, 4 * size, 2)
    bit, position = around.find_place_of_last(8000, 5000)
    assert bit == around.find_place(8000)[1]
    assert position == 5000 + (4 * size - 5000) * (bit - 8000) // (8 * size - 8000)
    # What is left unpacks to more than a run may.
    assert ahead.Ahead(size, 12 * size, 2).find_place_of_last(8000, 5000) is None


def test_no_run_is_placed_that_may_not_start():
    for is_there, is_done in ((True, True), (False, False)):
        run = a_run(80, base=9)
        made = a_team(*[run] * is_there)
        made._is_done = is_done
        run.open = None  # it is not called
        made._run_placed(run)
        assert not run.is_active


def a_running_run(*marks, last=160, goes_on=True):
    """One that decodes one segment, and then no more."""
    run = a_run(*marks)
    run.is_active = True
    run.open = lambda source: True

    def advance(target):
        run.marks.append(runs.Mark(last, codec.WINDOW + 9, 0))
        run.advance = None
        return goes_on

    run.advance = advance
    return run


def test_a_run_that_has_ended_follows_none():
    """Where a member ends for it, a block may start for the other."""
    for goes_on in (True, False):
        run, other = a_running_run(80, goes_on=goes_on), a_run(160, 240)
        a_team(run, other)._run_ahead(run)
        assert (run.follower == (other, other.marks[0])) == goes_on
        assert not run.is_active


@pytest.mark.parametrize("reason", ["dropped", "adopted", "done"])
def test_a_run_that_is_of_no_more_use_stops(reason):
    run = a_running_run(80)
    made = a_team(*[run] * (reason != "dropped"))
    if reason == "adopted":
        run.adopted_at = run.marks[0]
        made._lead = lambda: None
    made._is_done = reason == "done"
    made._run_ahead(run)
    assert run.bit == 160
    assert not run.is_active


def test_nobody_takes_the_lead_when_all_is_done():
    led = []
    for is_done in (False, True):
        run = a_running_run(80, goes_on=False)
        run.adopted_at = run.marks[0]
        made = a_team(run)
        made._is_done = is_done
        made._lead = lambda is_done=is_done: led.append(is_done)
        made._decoder.adopt = lambda run, mark, is_done=is_done: (
            np.zeros(9, np.uint8) if not is_done else 1
        )
        made._run_ahead(run)
    assert led == [False]


def test_errors_end_the_work(monkeypatch):
    """Nothing is reported, copied or begun after one, and nothing keeps it."""
    monkeypatch.setattr(team, "start_helpers", lambda *_: None)
    made, calls = a_team(), []
    made._progress = lambda *numbers: calls.append(numbers)

    def fail():
        made._jobs.append(lambda: calls.append("copied"))
        raise MemoryError

    made._lead = fail
    with pytest.raises(MemoryError):
        made.decode()
    assert not calls
    assert made._error is None
    assert not made._jobs


def test_the_leader_writes_up_to_what_comes_next():
    """It stands at a mark of the run in the result: what it decodes next is behind that."""
    run, limits = a_run(80, 160, base=1_000), []
    made = a_team(run)
    made._ahead.placed = run
    made._decoder.bit = 80

    def advance(step, target):
        assert target == 160
        return False

    made._decoder.advance = advance
    made._decoder.confine = limits.append
    made._lead()
    assert limits == [1_001]
    assert made._is_done


def test_a_run_in_the_way():
    """It goes on in other memory, if that is asked for and there is enough."""
    for asked, is_there, enough in (
        (False, True, True),
        (True, True, True),
        (True, False, True),
        (True, True, False),
    ):
        run = a_run(80, 160, base=1_000)
        run.memory[:] = 7
        made = a_team(*[run] * is_there)
        made._ahead.placed = run
        run.is_in_the_way = asked
        memory = np.zeros(codec.WINDOW + (1 if enough else 0), np.uint8)
        made._spare = [memory]
        with made._changed:
            made._make_way(run)
        moved = asked and is_there and enough
        assert (made._ahead.placed is None) == asked
        assert (run.memory is memory) == moved
        assert run.base == (None if moved else 1_000)
        assert memory.all() == moved
        assert made._ahead.runs == ([run] if moved or not asked else [])


def test_a_run_makes_way_as_soon_as_it_can():
    memory = np.zeros(codec.WINDOW + 100, np.uint8)
    bases = []

    def come(run, more):
        bases.append(run.base)
        run.is_in_the_way = True
        run.marks.append(runs.Mark(run.marks[-1].bit + 80, codec.WINDOW + 9, 0))
        return more

    # Between two segments, or if it finds no cut.
    for finds_cut in (True, False):
        run = a_run(80, base=1_000)
        run.open = lambda source, run=run, finds_cut=finds_cut: come(run, finds_cut)
        run.advance = lambda target, run=run: come(run, len(bases) < 2)
        made = a_team(run)
        made._ahead.placed, made._spare = run, [memory]
        made._run_ahead(run)
        assert made._ahead.placed is None
        assert run.memory is memory
    assert bases == [1_000, 1_000, None, 1_000]


def test_the_result_is_cleared_of_a_run():
    """Of one that is at work its own thread has to do that; nobody waits when all is done."""
    for marks in ((80, 160), ()):
        run, memory = a_run(80, base=1_000), np.zeros(codec.WINDOW + 100, np.uint8)
        run.marks = a_run(*marks).marks if marks else []
        made = a_team(run)
        made._ahead.placed, made._spare = run, [memory]
        run.is_active = made._is_done = True
        made._clear_result()
        assert made._ahead.placed is run
        assert run.base == 1_000
        run.is_active = made._is_done = False
        made._clear_result()
        assert made._ahead.placed is None
        assert run.memory is memory


def test_one_that_is_not_in_the_result_need_not_make_way():
    run, placed = a_run(80, base=None), a_run(160, base=1_000)
    made = a_team(run, placed)
    made._ahead.placed = placed
    run.is_in_the_way = True
    with made._changed:
        made._make_way(run)
    assert made._ahead.runs == [run, placed]
    assert made._ahead.placed is placed


def test_what_there_is_to_do():
    """One leads; what was decoded is copied, also when all is; after an error nothing is."""
    made, run = a_team(), a_run(80)
    made._start_run = lambda: run
    assert made._next_job() == made._lead
    assert made._next_job().args == (run,)

    def job():
        raise AssertionError

    made._jobs, made._is_done = [job], True
    assert made._next_job() is job
    assert made._next_job() is None
    made._jobs, made._error = [job], MemoryError()
    assert made._next_job() is None


def test_what_is_to_be_copied_is_before_there_is_no_space():
    made, done = a_team(), []

    def lead():
        made._jobs += [partial(done.append, part) for part in range(3)]
        raise team.NoSpace

    made._ahead.threads = 0
    made._lead = lead
    with pytest.raises(team.NoSpace):
        made.decode()
    assert sorted(done) == [0, 1, 2]

    def fail():
        raise OSError("of a copy")

    def lead_to_failure():
        made._jobs.append(fail)
        raise team.NoSpace

    made = a_team()
    made._ahead.threads = 0
    made._lead = lead_to_failure
    with pytest.raises(OSError, match="of a copy"):
        made.decode()


def test_what_is_not_copied_is_an_error():
    made = a_team()
    made._ahead.threads = 0
    made._is_led = made._is_done = True
    made.decode()
    made._uncopied = 1
    with pytest.raises(AssertionError, match="not in its place"):
        made.decode()


def test_no_more_is_adopted_than_there_is_space_for():
    for space in (99, 100):
        made = decoder.Decoder(MemorySource(b"", "file"), np.zeros(space, np.uint8))
        run = a_run(80, 160)
        run.feed = made._feed
        run.marks[1] = run.marks[1]._replace(position=run.marks[0].position + 100)
        if space < 100:
            with pytest.raises(team.NoSpace):
                made.adopt(run, run.marks[0])
            assert made.position == 0
        else:
            assert len(made.adopt(run, run.marks[0])) == 100
            assert made.position == 100


def a_leader(made, *steps):
    """The bits that the decoder comes to; 0 is the end, None that there is no space."""
    left = list(steps)

    def advance(step, target):
        bit = left.pop(0)
        if bit is None:
            raise team.NoSpace
        made._decoder.bit = bit
        return bit > 0

    made._decoder.advance = advance
    made._decoder.window = lambda: bytes(codec.WINDOW)
    return left


def test_the_leader_goes_on_to_the_end_or_to_a_run_at_work():
    made = a_team()
    left = a_leader(made, 80, 160, 0)
    made._lead()
    assert not left
    assert made._is_done
    left = a_leader(made, 80)
    made._lead()
    assert left == [80]

    run, passed = a_run(160, 240), a_run(16, 24)
    made = a_team(passed, run)
    run.is_active = True
    left = a_leader(made, 80, 160, 240)
    made._lead()
    assert left == [240]
    assert made._ahead.runs == [run]
    assert run.adopted_at == run.marks[0]
    assert not made._is_done


def test_where_there_is_no_space_for_the_leader():
    made, cleared = a_team(), []
    made._clear_result = lambda: cleared.append(made._decoder.bit)
    a_leader(made, None, 80, None, 0)
    made._decoder.has_all_space = False
    made._lead()
    assert cleared == [0, 80]
    made._is_done, made._decoder.has_all_space = False, True
    a_leader(made, None)
    with pytest.raises(team.NoSpace):
        made._lead()
    assert len(cleared) == 2


def test_a_run_is_adopted_where_the_leader_may_write(monkeypatch):
    done = []
    run, placed = a_run(80, 160, base=5_000), a_run(240, 320, base=1_000)
    made = a_team(run, placed)
    made._ahead.placed = placed
    made._decoder.position = 999
    made._clear_result = lambda: done.append("cleared")
    made._decoder.confine = lambda position: done.append(position)
    made._decoder.adopt = lambda run, mark: done.append("adopted") or np.zeros(1, np.uint8)
    monkeypatch.setattr(team, "begin", lambda out, memory, shift: done.append(shift) or [])
    with made._changed:
        made._hand_over(run, run.marks[0])
    assert done == [1_000, "adopted", 5_000 + codec.WINDOW - 999]
    # A byte more than there is room for.
    made._ahead.runs, made._decoder.position, done[:] = [run], 1_000, []
    with made._changed:
        made._hand_over(run, run.marks[0])
    assert done[0] == "cleared"


def test_a_run_is_placed_in_the_result(monkeypatch):
    monkeypatch.setattr(ahead, "MIN_GAP", 8 << 10)
    made = a_team()
    memory = np.zeros(100_000 + team.SPARE, np.uint8)
    made._decoder.memory = lambda position: memory[position:]
    made._place_run()
    (run,) = made._ahead.runs
    assert made._ahead.placed is run
    assert not run.is_active
    assert run.memory.base is memory
    assert run.memory.ctypes.data == memory.ctypes.data + run.base
    assert len(made._jobs) == 1


def test_a_run_that_cannot_read_is_none():
    def fail(source):
        raise OSError(5, "Input/output error")

    run = a_run(80)
    run.open = fail
    a_team(run)._run_ahead(run)
    assert not run.is_active


def test_a_run_starts_at_a_cut_behind_zeros(monkeypatch):
    for found in (True, False):
        feed = SimpleNamespace(bit=99, find_cut=lambda found=found: found)
        monkeypatch.setattr(runs, "Feed", lambda source, at, feed=feed: feed)
        run = runs.Run(80, 1, np.full(codec.WINDOW + 9, 7, np.uint8))
        assert run.bit == 80
        assert run.open(None) == found
        assert run.marks == [runs.Mark(99, codec.WINDOW, 0)] * found
        assert run.memory[: codec.WINDOW].any() != found
        assert run.memory[codec.WINDOW :].all()


@pytest.mark.parametrize("result", [codec.CUT, codec.COMPLETE, codec.BAD_DATA, codec.NO_SPACE])
def test_a_segment_of_a_run(result, monkeypatch):
    run = a_run(80)
    run.feed = SimpleNamespace(bit=160)
    monkeypatch.setattr(runs, "try_next", lambda *_: (result, codec.WINDOW + 9))
    assert run.advance(None) == (result == codec.CUT)
    assert run.is_complete == (result == codec.COMPLETE)
    assert run.bit == (160 if result in (codec.CUT, codec.COMPLETE) else 80)
