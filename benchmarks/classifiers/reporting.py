"""The report: each row beside the paper's number."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from labelled import PUBLISHED
from markdown import table

from classifiers.comparing import Comparison, compare, finding
from classifiers.drawing import draw_differences
from classifiers.fitting import FAILED, OK, OVER_LIMIT
from classifiers.results import Record, Results
from classifiers.rows import Row, table3

_NOT_RUN = "not run yet"

# The differences mean something only if as many were fitted as in the paper.
_PAPERS_SIZE = 60_000

# From the history and the issues of the data set's repository.
_REPLACED = (
    "Fashion-MNIST was replaced twice in its repository, zalandoresearch/fashion-mnist. On 26 "
    'August 2017 (commit 9490065, "shuffling the dataset"), images sorted by class gave way '
    "to shuffled ones. On 31 August 2017 (commit 658ec8c), duplicates were removed; issue 44 lists "
    "54 of them, too few for differences of 0.01. The paper is of August 2017 (arXiv 1708.07747), "
    "so its numbers may be those of the first images. They were not available here, so it is not "
    "known whether they differ in more than their order."
)


def write_report(folder: Path, output: Path) -> None:
    """Write REPORT.md, and the picture if data sets of the paper were run.

    Parameters
    ----------
    folder : Path
        Of the results, a file for each data set.
    output : Path
        The folder to write to.

    Raises
    ------
    FileNotFoundError
        If there are no results.
    """
    found = {path.stem: Results(folder, path.stem) for path in sorted(folder.glob("*.jsonl"))}
    found = {name: results for name, results in found.items() if results.train_sizes()}
    if not found:
        raise FileNotFoundError(f"{folder} has no results; `python -m classifiers run` makes them")
    whole = {
        name: compare(results, name, results.train_sizes()[0]) for name, results in found.items()
    }
    parts = [
        "# Table 3: results",
        "`python -m classifiers report` writes this page from the results of `python -m "
        "classifiers run`. [benchmarks/README.md](../README.md#studies) says what the study is.",
    ]
    papers = {
        name: whole[name]
        for name in PUBLISHED
        if whole.get(name) and found[name].train_sizes()[0] == _PAPERS_SIZE
    }
    output.mkdir(parents=True, exist_ok=True)
    if papers:
        titled = {PUBLISHED[name]: compared for name, compared in papers.items()}
        draw_differences(titled, output / "differences.svg")
        parts.append("![Our accuracy minus the paper's, row by row](differences.svg)")
    parts += ["## How much was run", _overview(found, whole)]
    if papers:
        parts += _far(papers)
    for name, results in found.items():
        parts += [f"## {PUBLISHED.get(name, name)}", *_tables(name, results)]
    parts += ["## Machine and versions", _environments(found)]
    (output / "REPORT.md").write_text("\n\n".join(parts) + "\n")


def _overview(found: dict[str, Results], whole: dict[str, list[Comparison]]) -> str:
    reasons = [OVER_LIMIT, FAILED, _NOT_RUN]
    head = ["data set", "training images", "rows run", "repeats", *reasons]
    rows = []
    for name, results in found.items():
        size = results.train_sizes()[0]
        missing = Counter(each.status for each in _missing(results, size))
        rows.append(
            [
                PUBLISHED.get(name, name),
                f"{size:,}",
                f"{len(whole[name])} of {len(table3())}",
                str(sum(len(comparison.accuracies) for comparison in whole[name])),
                *(str(missing[reason]) for reason in reasons),
            ]
        )
    return table(head, rows)


def _far(papers: dict[str, list[Comparison]]) -> list[str]:
    """List the large differences, each with what was found."""
    rows = [
        [
            PUBLISHED[name],
            comparison.row.name,
            f"{comparison.row.published[name]:.3f}",
            f"{comparison.mean:.3f}",
            _signed(comparison.difference),
            finding(comparison),
        ]
        for name, compared in papers.items()
        for comparison in compared
        if comparison.is_far
    ]
    return [
        "## Differences above 0.01",
        "0.02 for classifiers that draw random numbers: extra trees, random forests, trees with "
        "random splits, MLPClassifier, Perceptron, PassiveAggressiveClassifier and SGDClassifier.",
        _REPLACED,
        table(["data set", "row", "paper", "here", "difference", "what was found"], rows)
        if rows
        else "None.",
    ]


def _tables(name: str, results: Results) -> list[str]:
    """Write a table for each number of training images, and name the rows that are missing."""
    parts = []
    columns = [name] if name in PUBLISHED else list(PUBLISHED)
    head = [
        "classifier",
        "parameters",
        *(f"paper, {PUBLISHED[column]}" for column in columns),
        "here",
        "spread",
        "repeats",
        *(["difference"] if name in PUBLISHED else []),
        "processor s",
        "warnings",
    ]
    for size in results.train_sizes():
        compared = compare(results, name, size)
        rows = [
            [
                comparison.row.classifier,
                comparison.row.parameters,
                *(f"{comparison.row.published[column]:.3f}" for column in columns),
                f"{comparison.mean:.3f}",
                f"{comparison.spread:.4f}" if len(comparison.accuracies) > 1 else "",
                str(len(comparison.accuracies)),
                *([_signed(comparison.difference)] if name in PUBLISHED else []),
                f"{comparison.seconds:.1f}",
                ", ".join(comparison.warnings),
            ]
            for comparison in compared
        ]
        parts += [f"On {size:,} training images:", table(head, rows)]
    for size in results.train_sizes():
        rows = [
            [each.row.classifier, each.row.parameters, each.reason]
            for each in _missing(results, size)
            # Only some rows are meant to run on fewer images.
            if each.status != _NOT_RUN or size == results.train_sizes()[0]
        ]
        if rows:
            head = ["classifier", "parameters", "why"]
            parts += [f"Without a result on {size:,} training images:", table(head, rows)]
    return parts


class _Missing(NamedTuple):
    """A row without a result. The status is that of its last record, or `_NOT_RUN`."""

    row: Row
    status: str
    reason: str


def _missing(results: Results, size: int) -> list[_Missing]:
    missing = []
    for row in table3():
        records = results.repeats(row.classifier, row.parameters, size)
        if any(record["status"] == OK for record in records):
            continue
        status = reason = _NOT_RUN
        if records:
            status = records[-1]["status"]
            reason = (
                f"takes more than {records[-1]['limit']:g} processor seconds"
                if status == OVER_LIMIT
                else records[-1]["error"]
            )
        missing.append(_Missing(row, status, reason))
    return missing


def _environments(found: dict[str, Results]) -> str:
    """List the machines and the versions that the results come from."""
    lines = {_environment(record) for results in found.values() for record in results.records()}
    return "\n".join(f"- {line}" for line in sorted(lines))


def _environment(record: Record) -> str:
    known = record["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return f"{known['cpu']}, {known['cores']} cores; Python {known['python']}, {versions}"


def _signed(difference: float | None) -> str:
    return "" if difference is None else f"{difference:+.3f}"
