"""Names of classes: as the originals write them, made when they are asked for, and once."""

import pkgutil

import pytest

from idxfast import compat
from idxfast.compat import mnists, torchvision
from idxfast.compat._shared import classes

# Written out here, for where the originals are not installed.
DIGITS = [
    "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven",
    "8 - eight", "9 - nine",
]  # fmt: skip
CLOTHES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
]  # fmt: skip
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MERGED = [f"{c} - {c.lower()}" if c in "CIJKLMOPSUVWXYZ" else c for c in UPPER]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (torchvision.MNIST, DIGITS),
        (torchvision.QMNIST, DIGITS),
        (torchvision.FashionMNIST, CLOTHES),
        (torchvision.KMNIST, ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]),
        (mnists.MNIST, DIGITS),
        (mnists.FashionMNIST, CLOTHES),
        (
            mnists.KMNIST,
            [
                "お - o", "き - ki", "す - su", "つ - tsu", "な - na", "は - ha", "ま - ma",
                "や - ya", "れ - re", "を - wo",
            ],
        ),
    ],
)  # fmt: skip
def test_classes_of_a_set(owner, expected):
    assert type(owner.classes) is list
    assert owner.classes == expected
    assert owner.classes is owner.classes


def test_classes_of_emnist(tmp_path):
    digits, lower = list("0123456789"), list("abcdefghijklmnopqrstuvwxyz")
    both = [*digits, *UPPER, *"abdefghnqrt"]
    splits = torchvision.EMNIST.classes_split_dict
    assert torchvision.EMNIST.splits == tuple(splits)
    assert splits == {
        "byclass": [*digits, *UPPER, *lower],
        "bymerge": both,
        "balanced": both,
        "letters": ["N/A", *lower],
        "digits": digits,
        "mnist": digits,
    }
    emnist = mnists.EMNIST(str(tmp_path), download=False)
    assert emnist.ByClass.classes == splits["byclass"]
    assert emnist.ByMerge.classes == emnist.Balanced.classes
    assert emnist.Balanced.classes == [*digits, *MERGED, *"abdefghnqrt"]
    assert emnist.Digits.classes == digits
    assert emnist.Letters.classes == lower


def test_what_is_made_when_asked_is_made_once_and_can_be_replaced():
    made = []

    class Base:
        value = classes.made_when_asked(lambda: made.append(1) or [len(made)])

    class Derived(Base):
        pass

    assert made == []
    assert Derived().value == Base.value == Derived.value == [1]
    assert made == [1]
    own = Derived()
    own.value = ["another"]
    assert (own.value, Base.value) == (["another"], [1])


def test_importing_the_loaders_does_not_read_the_catalogue(run_child):
    modules = [module.name for module in pkgutil.iter_modules(compat.__path__)]
    code = (
        "import sys, importlib\n"
        "for name in sys.argv[1:]: importlib.import_module('idxfast.compat.' + name)\n"
        "print('tomllib' in sys.modules)"
    )
    assert run_child(code, *modules) == ["False"]
