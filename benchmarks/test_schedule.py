"""The simulation of the threads, where its result is known without it."""

from __future__ import annotations

import math

import pytest
from costs import Costs, segment_step
from schedule import Stream, simulate

# Nothing costs anything but decoding: 1 second for a MB.
COSTS = Costs(*(0.0 for _ in Costs._fields))._replace(decode=1e-6)
SIZE = 64 << 20


def stream(survival: float) -> Stream:
    return Stream(size=SIZE, total=SIZE, survival=lambda _start: survival)


def test_one_thread_decodes_each_byte_once() -> None:
    seconds, decoded = simulate(stream(0), COSTS, 1)
    assert seconds == pytest.approx(SIZE / 1e6)
    assert decoded == pytest.approx(1)


def test_a_run_that_is_never_right_helps_nobody() -> None:
    seconds, decoded = simulate(stream(math.inf), COSTS, 2)
    # The leader does it all; of a run that it has passed, one segment may still be under way.
    assert 0.999 * SIZE / 1e6 <= seconds <= (SIZE + segment_step(SIZE, SIZE)) / 1e6
    assert decoded > 1.3


def test_a_run_that_is_right_at_once_halves_the_time() -> None:
    seconds, decoded = simulate(stream(0), COSTS, 2)
    assert SIZE / 2e6 <= seconds < 1.1 * SIZE / 2e6
    assert decoded == pytest.approx(1, abs=0.05)


def test_the_longer_unknown_bytes_survive_the_less_a_second_thread_gives() -> None:
    times = [simulate(stream(megabytes << 20), COSTS, 2).seconds for megabytes in (0, 4, 16)]
    assert times == sorted(set(times))


def test_each_thread_that_starts_late_makes_the_load_later() -> None:
    late = COSTS._replace(start=10.0)
    assert simulate(stream(0), late, 1).seconds == pytest.approx(SIZE / 1e6 + 10)
