"""Table 3 of the Fashion-MNIST paper, fitted again.

Run `python -m classifiers --help` in benchmarks/. The results that the repository has are those of
`python -m classifiers run --repeats 3 --results classifiers/results`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from labelled import add_options, chosen

from classifiers.reporting import write_report
from classifiers.rows import matching
from classifiers.running import Plan, run_all

_CACHE = Path(__file__).resolve().parent.parent / ".cache" / "classifiers"


def main(arguments: list[str] | None = None) -> None:
    """Run rows, or write the report."""
    parser = argparse.ArgumentParser(
        prog="python -m classifiers",
        description="Fit the classifiers of Table 3 of the Fashion-MNIST paper.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fit and score; a run that was interrupted goes on")
    report = verbs.add_parser("report", help="write REPORT.md and differences.svg")
    for verb in (run, report):
        verb.add_argument(
            "--results",
            type=Path,
            default=_CACHE,
            metavar="FOLDER",
            help="of JSON lines, a file for each data set (default: %(default)s)",
        )
    report.add_argument(
        "--output", type=Path, default=_CACHE, metavar="FOLDER", help="default: %(default)s"
    )
    _add_options(run)
    options = parser.parse_args(arguments)
    if options.verb == "report":
        write_report(options.results, options.output)
        return
    try:
        rows = matching(options.rows)
    except ValueError as error:
        parser.error(str(error))
    plan = Plan(
        sources=chosen(options),
        rows=rows,
        repeats=options.repeats,
        train_size=options.train_size,
        limit=options.limit,
        is_rest=options.rest,
        jobs=options.jobs,
        backend=options.backend,
        address=options.address,
    )
    run_all(plan, options.results)


def _add_options(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--rows", nargs="+", default=[], metavar="TEXT", help="rows whose name contains a text"
    )
    add_options(run)
    run.add_argument("--repeats", type=int, default=5, metavar="N", help="at most (default: 5)")
    run.add_argument("--train-size", type=int, metavar="N", help="fit on N training images only")
    run.add_argument(
        "--limit",
        type=float,
        default=120,
        metavar="SECONDS",
        help="of processor time for fit and score (default: 120)",
    )
    run.add_argument(
        "--rest", action="store_true", help="only rows over the limit on all training images"
    )
    run.add_argument(
        "--jobs", type=int, default=-1, metavar="N", help="fits at once (default: one per core)"
    )
    run.add_argument("--backend", choices=("loky", "dask"), default="loky")
    run.add_argument("--address", help="the scheduler of a Dask cluster")


if __name__ == "__main__":
    main()
