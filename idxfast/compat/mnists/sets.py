"""The sets of four IDX files."""

from __future__ import annotations

from .._shared import files
from .._shared.classes import made_when_asked, names, numbered_digits
from .._shared.files import Array
from .dataset import Dataset
from .k49 import K49


def read_idx_file(filepath: str) -> Array:
    """Read an IDX file, raw or compressed."""
    return files.load(filepath)


def _kana() -> list[str]:
    """KMNIST's classes with their characters, like ``"お - o"``: ten of those of Kuzushiji-49."""
    characters = {name.partition(" - ")[2]: name for name in K49.classes}
    return [characters[name] for name in names("kmnist")]


class MNIST(Dataset):
    """MNIST. Parameters and methods are those of `dataset.Dataset`."""

    _name = "mnist"
    classes = made_when_asked(numbered_digits)


class FashionMNIST(Dataset):
    """Fashion-MNIST. Parameters and methods are those of `dataset.Dataset`."""

    _name = "fashion-mnist"
    classes = made_when_asked(lambda: names("fashion-mnist"))


class KMNIST(Dataset):
    """Kuzushiji-MNIST. Parameters and methods are those of `dataset.Dataset`."""

    _name = "kmnist"
    classes = made_when_asked(_kana)


FMNIST = FashionMNIST
KuzushijiMNIST = KMNIST
