"""Spans against a set."""

from hypothesis import given
from hypothesis import strategies as st

from idxfast.writing.spans import Spans


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9))))
def test_as_a_set(parts):
    spans, numbers = Spans(), set()
    for start, size in parts:
        spans.add(start, start + size)
        numbers |= set(range(start, start + size))
        assert spans.count == len(numbers)
        assert spans.end == max(numbers, default=-1) + 1
        assert spans.first_gap == next(i for i in range(99) if i not in numbers)
