"""The names of classes, in the forms that several loaders show, from the catalogue.

Where the original has a list as a class attribute, ours is `made_when_asked`, so that importing a
loader does not read the catalogue (10 ms).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

_T = TypeVar("_T")

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def names(dataset: str) -> list[str]:
    """The names of a set's classes in the order of their labels."""
    from ...datasets import catalogue

    return list(catalogue.find(dataset).classes.values())


def numbered_digits() -> list[str]:
    """Digits with their names, like ``"0 - zero"``."""
    return [f"{digit} - {word}" for digit, word in zip(names("mnist"), _WORDS, strict=True)]


def made_when_asked(make: Callable[[], _T]) -> _T:
    """A class attribute whose value is made when it is first looked up, and kept from then on."""
    return cast(_T, _Lazy(make))


class _Lazy(Generic[_T]):
    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, instance: object, owner: type[Any]) -> _T:
        value = self._make()
        setattr(self._owner, self._name, value)
        return value
