"""Our accuracies beside the paper's, row by row."""

from __future__ import annotations

import statistics
import tomllib
from pathlib import Path
from typing import NamedTuple

from classifiers.fitting import OK
from classifiers.results import Results
from classifiers.rows import Row, table3

_FINDINGS = Path(__file__).with_name("findings.toml")

# A difference is to be explained if it is larger. Fits that draw random numbers differ more.
_BAR, _RANDOM_BAR = 0.01, 0.02

_RANDOM = {
    "ExtraTreeClassifier",
    "MLPClassifier",
    "PassiveAggressiveClassifier",
    "Perceptron",
    "RandomForestClassifier",
    "SGDClassifier",
}


class Comparison(NamedTuple):
    """A row that was run, and how it compares.

    Attributes
    ----------
    row : Row
    dataset : str
    train_size : int
    accuracies : list of float
        Of each repeat.
    seconds : float
        Processor time of fit and score, the mean of the repeats.
    warnings : list of str
        Categories of scikit-learn's warnings.
    """

    row: Row
    dataset: str
    train_size: int
    accuracies: list[float]
    seconds: float
    warnings: list[str]

    @property
    def mean(self) -> float:
        """The mean accuracy, as the paper states it."""
        return statistics.fmean(self.accuracies)

    @property
    def spread(self) -> float:
        """The difference of the best and the worst repeat."""
        return max(self.accuracies) - min(self.accuracies)

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's; None if the paper does not have the data set."""
        published = self.row.published.get(self.dataset)
        return None if published is None else self.mean - published

    @property
    def is_far(self) -> bool:
        """Whether the difference is to be explained."""
        draws = self.row.classifier in _RANDOM or "splitter=random" in self.row.parameters
        bar = _RANDOM_BAR if draws else _BAR
        # The paper's numbers have three digits.
        return self.difference is not None and round(abs(self.difference), 3) > bar


def compare(results: Results, dataset: str, train_size: int) -> list[Comparison]:
    """Compare all rows that were run on `train_size` images, in the order of the paper."""
    found = []
    for row in table3():
        records = [
            record
            for record in results.repeats(row.classifier, row.parameters, train_size)
            if record["status"] == OK
        ]
        if records:
            seconds = [each["fit_processor_s"] + each["score_processor_s"] for each in records]
            found.append(
                Comparison(
                    row,
                    dataset,
                    train_size,
                    [record["accuracy"] for record in records],
                    statistics.fmean(seconds),
                    sorted({name for record in records for name in record["warnings"]}),
                )
            )
    return found


def finding(comparison: Comparison) -> str:
    """Return what was found about a difference; `findings.toml` has it."""
    for entry in tomllib.loads(_FINDINGS.read_text())["finding"]:
        if comparison.dataset in entry["datasets"] and entry["rows"] in comparison.row.name:
            return str(entry["text"])
    return "not explained yet"
