"""What is known of a published data set."""

import re

import pytest

from idxfast.datasets import catalogue, info


def test_a_set():
    found = info("FashionMNIST")
    assert found.name == "fashion-mnist"
    assert found.title == "Fashion-MNIST: pictures of clothes"
    assert found.counts == {"train": 60_000, "test": 10_000}
    assert found.shape == (28, 28)
    assert (len(found.classes), found.classes[9]) == (10, "Ankle boot")
    assert found.licence == "MIT"
    assert found.citation.startswith("H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("qmnist", {"train": 60_000, "test": 60_000}),
        ("xnist", {"xnist": 402_953}),
        ("kannada-mnist", {"train": 60_000, "test": 10_000, "dig": 10_240}),
        ("bhdd", {"train": 60_000, "test": 27_561}),
        ("oracle-mnist", {"train": 27_222, "test": 3_000}),
        ("spots-10", {"train": 40_000, "test": 10_000}),
    ],
)
def test_the_number_of_images_of_each_kind(name, counts):
    found = info(name).counts
    assert found == counts
    assert list(found) == list(counts)


def test_a_split():
    found = info("EMNIST", split="letters")
    assert (found.name, found.counts["test"], len(found.classes)) == ("emnist-letters", 20_800, 26)
    with pytest.raises(ValueError, match="several splits"):
        info("emnist")


@pytest.mark.parametrize("name", catalogue.datasets())
def test_every_set_says_how_large_it_is_and_most_whom_to_cite(name):
    found = info(name)
    assert all(count > 0 for count in found.counts.values())
    assert len(found.shape) == 2
    assert name == "notmnist" or re.search(
        r"20\d\d(, (arXiv:\d{4}\.\d{5}|doi:\S+))?$", found.citation
    )


def test_what_is_not_known_is_none():
    assert info("notmnist").citation is None
    assert info("kannada-mnist").licence is None
