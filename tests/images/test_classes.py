"""Which label stands for which name."""

import pytest

from idxfast.errors import IdxError
from idxfast.images.classes import lines_of, number_classes


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["shoe", "Bag", "ankle"], {"Bag": 0, "ankle": 1, "shoe": 2}),
        (["10", "9", "1"], {"1": 1, "9": 9, "10": 10}),
        (["0", "255"], {"0": 0, "255": 255}),
        (["1", "256"], {"1": 0, "256": 1}),
        (["1", "01"], {"01": 0, "1": 1}),
        (["1", "two"], {"1": 0, "two": 1}),
        (["1", "7" * 5000], {"1": 0, "7" * 5000: 1}),
        (["2", "0" * 5000 + "7"], {"2": 2, "0" * 5000 + "7": 7}),
        (["1", "1001"], {"1": 0, "1001": 1}),
        (["²", "3"], {"3": 0, "²": 1}),
        ([f"c{i:03}" for i in range(256)], {f"c{i:03}": i for i in range(256)}),
    ],
)
def test_numbers(names, numbers):
    assert number_classes(names, "file") == numbers


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "file: the number of classes .*expected 1 to 256 classes, found 0"),
        (map(str, range(257)), "found more than 256"),
        (["a", "b\nc"], "not one line"),
        (["a", ""], "not one line"),
    ],
)
def test_names_that_are_refused(names, message):
    with pytest.raises(IdxError, match=message):
        number_classes(names, "file")


def test_a_label_without_a_class_has_its_number():
    assert lines_of({"1": 1, "3": 3}) == ["0", "1", "2", "3"]
    assert lines_of({"a": 0, "b": 1}) == ["a", "b"]
