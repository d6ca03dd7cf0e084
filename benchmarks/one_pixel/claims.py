"""The study's claims, each beside its charts and what was found here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from labelled import FASHION, MNIST, PUBLISHED

from one_pixel.outcomes import Accuracies, Outcome, charts

_GOOD, _VERY_GOOD = 0.9, 0.95


class Claim(NamedTuple):
    """A claim: what it says, the number in the study's text, its chart's, and ours."""

    claim: str
    text: str
    chart: str
    ours: str


def claims(outcomes: dict[str, Outcome]) -> list[Claim]:
    """Compare all claims with the outcomes for MNIST and Fashion-MNIST."""
    drawn = charts()
    found = {name: outcomes[name].accuracies for name in PUBLISHED}
    rows = [*_density(outcomes)]
    for name, title in PUBLISHED.items():
        chance = "every pair"
        rows.append(
            Claim(
                f"{title}: pairs that are better than chance",
                chance,
                str(_count(drawn[name], 0.51)),
                str(_count(found[name], 0.51)),
            )
        )
    texts = {
        MNIST: ("0 and 1, about 0.99", "3 and 5, 0.76", "15", "3: 0 and 1, 0 and 4, 1 and 8"),
        FASHION: ("1 and 7, about 0.99", "4 and 6, 0.67", "33", "none stated"),
    }
    for name, (best, worst, good, very_good) in texts.items():
        title, chart, ours = PUBLISHED[name], drawn[name], found[name]
        rows += [
            Claim(f"{title}: best pair", best, _extreme(chart, max), _extreme(ours, max)),
            Claim(f"{title}: worst pair", worst, _extreme(chart, min), _extreme(ours, min)),
            Claim(
                f"{title}: pairs of 0.9 or more",
                good,
                str(_count(chart, _GOOD)),
                str(_count(ours, _GOOD)),
            ),
        ]
        if name == MNIST:
            which = "MNIST: pairs of 0.95 or more"
            rows.append(Claim(which, very_good, _listed(chart), _listed(ours)))
    for label in (5, 7, 8, 9):
        rows.append(
            Claim(
                f"Fashion-MNIST: classes that {label} reaches 0.95 against",
                "6 or more",
                str(_count(_of(drawn[FASHION], label), _VERY_GOOD)),
                str(_count(_of(found[FASHION], label), _VERY_GOOD)),
            )
        )
    for name, title in PUBLISHED.items():
        cells = near(found[name], drawn[name])
        rows.append(Claim(f"{title}: cells within 0.01 of the chart", "", "45", f"{cells} of 45"))
    return rows


def near(found: Accuracies, drawn: Accuracies) -> int:
    """Count the cells that are within 0.01 of the chart's, all in two digits."""
    return sum(round(abs(found[pair] - drawn[pair]) * 100) <= 1 for pair in drawn)


def _density(outcomes: dict[str, Outcome]) -> list[Claim]:
    """Rank the pairs by the difference of their mean images; 1 is the most different pair."""
    rows = []
    stated = [
        (MNIST, (0, 1), "easy"),
        (FASHION, (1, 7), "easy"),
        (MNIST, (4, 9), "hard"),
        (FASHION, (2, 6), "hard"),
    ]
    for name, pair, text in stated:
        differences = {(each.first, each.second): each.difference for each in outcomes[name].pairs}
        ranked = sorted(differences, key=lambda each: differences[each], reverse=True)
        rows.append(
            Claim(
                f"{PUBLISHED[name]}: {pair[0]} and {pair[1]} by the difference of mean images",
                text,
                "a picture, no number",
                f"{differences[pair]:.3f}, number {ranked.index(pair) + 1} of {len(ranked)}",
            )
        )
    return rows


def _count(accuracies: Accuracies, least: float) -> int:
    return sum(accuracy >= least for accuracy in accuracies.values())


def _of(accuracies: Accuracies, label: int) -> Accuracies:
    return {pair: accuracy for pair, accuracy in accuracies.items() if label in pair}


def _extreme(accuracies: Accuracies, choose: Callable[[Iterable[float]], float]) -> str:
    extreme = choose(accuracies.values())
    pairs = [pair for pair, accuracy in accuracies.items() if accuracy == extreme]
    return f"{_names(pairs)}, {extreme:.2f}"


def _listed(accuracies: Accuracies) -> str:
    pairs = [pair for pair, accuracy in accuracies.items() if accuracy >= _VERY_GOOD]
    return f"{len(pairs)}: {_names(pairs)}"


def _names(pairs: list[tuple[int, int]]) -> str:
    return ", ".join(f"{first} and {second}" for first, second in pairs)
