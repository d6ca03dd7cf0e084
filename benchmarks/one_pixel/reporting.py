"""Tables of the study's results."""

from __future__ import annotations

from pathlib import Path

from labelled import PUBLISHED
from markdown import table

from one_pixel.claims import claims, near
from one_pixel.outcomes import Outcome, charts

_TIMES = ["data set", "fits", "seconds", "solver", "ratio", "greatest difference"]
_TITLES = ["data set", "best pair", "worst pair", "mean", "pairs of 0.9 or more", "of 0.95 or more"]

# What was found about cells that are far from the charts.
_FOUND = {
    ("mnist", (2, 6)): "Pixels 346 and 347 are side by side and nearly as good on the training "
    "images: 0.8036 and 0.8039. Of three runs with sag, two kept 346, whose accuracy on the test "
    "images is 0.84.",
}


def summary(outcomes: dict[str, Outcome]) -> str:
    """Compare data sets: the lower the accuracies, the harder the set."""
    rows = []
    for name, outcome in outcomes.items():
        cells = outcome.accuracies
        best, worst = (choose(cells, key=cells.__getitem__) for choose in (max, min))
        mean = sum(pair.test_accuracy for pair in outcome.pairs) / len(outcome.pairs)
        rows.append(
            [
                PUBLISHED.get(name, name),
                f"{best[0]} and {best[1]}, {cells[best]:.2f}",
                f"{worst[0]} and {worst[1]}, {cells[worst]:.2f}",
                f"{mean:.3f}",
                *(
                    f"{sum(cell >= least for cell in cells.values())} of {len(cells)}"
                    for least in (0.9, 0.95)
                ),
            ]
        )
    return table(_TITLES, rows)


def write_report(outcomes: dict[str, Outcome], path: Path) -> None:
    """Write the claims, the cells that differ and the times of the published sets."""
    published = {name: outcomes[name] for name in PUBLISHED}
    known = published["mnist"]
    versions = ", ".join(f"{name} {version}" for name, version in known.versions.items())
    parts = [
        "# One pixel: results",
        "`python -m one_pixel --output one_pixel/results`, called in `benchmarks/`, writes this "
        "page. [benchmarks/README.md](../../README.md#studies) says what the study is.",
        "![The accuracy of the best pixel for every pair of classes](accuracies.svg)",
        "![The difference of the mean images of every pair of classes](differences.png)",
        "## Claims",
        "Counts and comparisons are of accuracies rounded to two digits, as in the study's charts.",
        table(["claim", "text", "chart", "here"], [list(claim) for claim in claims(published)]),
        "## Cells farther than 0.01 from the charts",
        table(["data set", "pair", "chart", "here", "what was found"], _far(published)),
        "## Data sets beside each other",
        summary(published),
        "## Time",
        "The seconds are processor time for all fits and for choosing the best pixels. They are "
        "divided by the time of as many fits with scikit-learn, which is estimated from 20 random "
        "pairs and pixels. The study used the solver sag; lbfgs is today's default. The last "
        "column is the greatest difference, in these 20 fits, between scikit-learn's accuracy on "
        "the training images and ours. Both solvers stop at a tolerance, and our fits converge.",
        table(_TIMES, _times(published)),
        f"Machine: {known.machine['cpu']}, {known.machine['cores']} cores, shared with other work; "
        f"Python {known.machine['python']}, {versions}.",
    ]
    path.write_text("\n\n".join(parts) + "\n")


def _far(outcomes: dict[str, Outcome]) -> list[list[str]]:
    rows = []
    for name, drawn in charts().items():
        found = outcomes[name].accuracies
        rows += [
            [
                PUBLISHED[name],
                f"{pair[0]} and {pair[1]}",
                f"{cell:.2f}",
                f"{found[pair]:.2f}",
                _FOUND.get((name, pair), "not explained yet"),
            ]
            for pair, cell in drawn.items()
            if not near({pair: found[pair]}, {pair: cell})
        ]
    return rows


def _times(outcomes: dict[str, Outcome]) -> list[list[str]]:
    return [
        [
            PUBLISHED[name],
            f"{outcome.fits:,}",
            f"{outcome.seconds:.1f}",
            solver,
            f"{outcome.ratio(solver):.3f}",
            f"{peer.farthest:.4f}",
        ]
        for name, outcome in outcomes.items()
        for solver, peer in outcome.peers.items()
    ]
