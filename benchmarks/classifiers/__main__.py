"""Table 3 of the Fashion-MNIST paper, fitted again.

Run `python -m classifiers --help` in benchmarks/. The results that the repository has are those of
`python -m classifiers run --repeats 3 --results classifiers/results`, and of the same command with
`--rest --train-size 5000 --limit 300 --repeats 1`.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
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
    try:
        if options.verb == "report":
            write_report(options.results, options.output)
            print(options.output / "REPORT.md")
        else:
            run_all(_plan(run, options), options.results)
            print(options.results)
    except OSError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command continues")


def _plan(run: argparse.ArgumentParser, options: argparse.Namespace) -> Plan:
    """Check the options, and read the data sets."""
    if options.backend == "dask" and find_spec("distributed") is None:
        run.error("--backend dask needs the package dask[distributed]")
    if options.backend != "dask" and options.address is not None:
        run.error("--address needs --backend dask")
    try:
        rows = matching(options.rows)
    except ValueError as error:
        run.error(str(error))
    return Plan(
        datasets=chosen(run, options),
        rows=rows,
        repeats=options.repeats,
        train_size=options.train_size,
        limit=options.limit,
        is_rest=options.rest,
        jobs=options.jobs,
        backend=options.backend,
        address=options.address,
    )


def count(text: str) -> int:
    """Parse a number that is 1 or more; argparse puts this function's name into its message."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def seconds(text: str) -> float:
    """Parse a number above 0."""
    number = float(text)
    if not number > 0:
        raise ValueError
    return number


def _add_options(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--rows", nargs="+", default=[], metavar="TEXT", help="rows whose name contains a text"
    )
    add_options(run)
    run.add_argument("--repeats", type=count, default=5, metavar="N", help="at most (default: 5)")
    run.add_argument("--train-size", type=count, metavar="N", help="fit on N training images only")
    run.add_argument(
        "--limit",
        type=seconds,
        default=120,
        metavar="SECONDS",
        help="of processor time for fit and score (default: 120)",
    )
    run.add_argument(
        "--rest", action="store_true", help="only rows over the limit on all training images"
    )
    run.add_argument(
        "--jobs", type=count, default=-1, metavar="N", help="fits at once (default: one per core)"
    )
    run.add_argument("--backend", choices=("loky", "dask"), default="loky")
    run.add_argument("--address", help="the scheduler of a Dask cluster")


if __name__ == "__main__":
    main()
