"""The rows of Table 3: `table3.tsv` has them as the paper prints them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).with_name("table3.tsv")

# From the cheapest fit to the most expensive one, roughly, so that a run soon has results.
_BY_COST = (
    "GaussianNB",
    "ExtraTreeClassifier",
    "PassiveAggressiveClassifier",
    "Perceptron",
    "SGDClassifier",
    "DecisionTreeClassifier",
    "RandomForestClassifier",
    "KNeighborsClassifier",
    "MLPClassifier",
    "LogisticRegression",
    "LinearSVC",
    "GradientBoostingClassifier",
    "SVC",
)


class Row(NamedTuple):
    """A classifier with its parameters, and the accuracies that the paper states by data set."""

    classifier: str
    parameters: str
    published: dict[str, float]

    @property
    def name(self) -> str:
        """The classifier and its parameters, as in the paper."""
        return f"{self.classifier} {self.parameters}"

    @property
    def cost(self) -> tuple[int, int]:
        """A key that sorts cheap fits first: by family, then by the number of trees."""
        words = dict(word.partition("=")[::2] for word in self.parameters.split())
        return _BY_COST.index(self.classifier), int(words.get("n_estimators", 0))


def table3() -> list[Row]:
    """Read all rows, in the order of the paper."""
    with _TABLE.open(newline="") as file:
        return [
            Row(
                line.pop("classifier"),
                line.pop("parameters"),
                {name: float(accuracy) for name, accuracy in line.items()},
            )
            for line in csv.DictReader(file, delimiter="\t")
        ]


def matching(patterns: list[str]) -> list[Row]:
    """Return the rows whose name contains one of the patterns; all rows if there is none.

    Raises
    ------
    ValueError
        If a pattern is in no name.
    """
    rows = table3()
    for pattern in patterns:
        if not any(pattern in row.name for row in rows):
            raise ValueError(f"no row of Table 3 contains {pattern!r}")
    return [row for row in rows if not patterns or any(text in row.name for text in patterns)]
