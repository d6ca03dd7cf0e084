"""The simulation of the threads, in cases whose result is known."""

from __future__ import annotations

import pytest
from costs import Costs
from schedule import Stream, serial_seconds, simulate

# A MB of symbols takes a second, and so does a MB of both phases at once.
FREE = Costs(*(0.0 for _ in Costs._fields))
COSTS = FREE._replace(decode=1e-6, symbols=1e-6)
SIZE = 64 << 20
STREAM = Stream(blocks=range(0, SIZE + 1, 16 << 10), total=SIZE)


def test_one_thread_decodes_both_phases_at_once() -> None:
    assert simulate(STREAM, COSTS._replace(copies=1.0), 1) == pytest.approx(SIZE / 1e6)


@pytest.mark.parametrize("threads", [2, 3, 4, 8])
def test_where_copies_are_free_time_is_shared_evenly(threads: int) -> None:
    seconds = simulate(STREAM, COSTS, threads)
    assert 0.999 <= seconds * threads / (SIZE / 1e6) < 1.2


def test_copies_are_made_by_one_thread_at_a_time() -> None:
    costs = COSTS._replace(copies=0.25e-6, crc=0.15e-6, fresh=0.1e-6)
    assert serial_seconds(STREAM, costs) == pytest.approx(0.5 * SIZE / 1e6)
    for threads in (16, 64):
        # The leader also decodes the symbols of the first segment, together with the copies.
        assert simulate(STREAM, costs, threads) == pytest.approx(0.5 * SIZE / 1e6, rel=0.05)


def test_a_stream_of_one_block_has_nothing_to_share() -> None:
    stream = Stream(blocks=[0, SIZE], total=SIZE)
    assert simulate(stream, COSTS, 4) == pytest.approx(SIZE / 1e6)


def test_more_threads_take_no_longer() -> None:
    costs = COSTS._replace(copies=0.2e-6)
    times = [simulate(STREAM, costs, threads) for threads in (1, 2, 3, 4)]
    assert times == sorted(set(times), reverse=True)


def test_each_thread_that_starts_late_makes_the_load_later() -> None:
    late = COSTS._replace(start=10.0)
    assert simulate(STREAM, late, 1) == pytest.approx(SIZE / 1e6 + 10)
