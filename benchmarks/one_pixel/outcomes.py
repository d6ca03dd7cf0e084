"""What the study found in a data set, as JSON, and the cells of the original's charts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

from one_pixel.pairs import Pair
from one_pixel.peers import Peer

_CHARTS = Path(__file__).with_name("charts.tsv")

Accuracies = dict[tuple[int, int], float]


class Outcome(NamedTuple):
    """The pairs of a data set, and what the fits took.

    Attributes
    ----------
    dataset : str
    pairs : list of Pair
    fits : int
    seconds : float
        Of the processor, for all fits, and for choosing the best pixels.
    peers : dict of str to Peer
        For each solver of scikit-learn.
    machine, versions : dict
    """

    dataset: str
    pairs: list[Pair]
    fits: int
    seconds: float
    peers: dict[str, Peer]
    machine: dict[str, Any]
    versions: dict[str, str]

    @property
    def accuracies(self) -> Accuracies:
        """The accuracy on the test images, rounded to two digits as in the charts, by pair."""
        return {(pair.first, pair.second): round(pair.test_accuracy, 2) for pair in self.pairs}

    def ratio(self, solver: str) -> float:
        """Divide the time of all fits by the estimated time of as many with scikit-learn."""
        return self.seconds / (self.fits * self.peers[solver].seconds)


def write(outcome: Outcome, folder: Path) -> None:
    """Write an outcome to a file of its data set's name."""
    fields = outcome._asdict()
    fields["pairs"] = [pair._asdict() for pair in outcome.pairs]
    fields["peers"] = {solver: peer._asdict() for solver, peer in outcome.peers.items()}
    (folder / f"{outcome.dataset}.json").write_text(json.dumps(fields, indent=1) + "\n")


def read_all(folder: Path) -> dict[str, Outcome]:
    """Read all outcomes of a folder, by data set."""
    outcomes = {}
    for path in sorted(folder.glob("*.json")):
        fields = json.loads(path.read_text())
        pairs = [Pair(**pair) for pair in fields.pop("pairs")]
        peers = {solver: Peer(**peer) for solver, peer in fields.pop("peers").items()}
        outcomes[path.stem] = Outcome(pairs=pairs, peers=peers, **fields)
    return outcomes


def charts() -> dict[str, Accuracies]:
    """Read the accuracies of the original's charts, by data set and pair."""
    found: dict[str, Accuracies] = {}
    with _CHARTS.open(newline="") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            pair = int(line["first"]), int(line["second"])
            found.setdefault(line["dataset"], {})[pair] = float(line["accuracy"])
    return found
