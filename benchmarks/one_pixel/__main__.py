"""The one-pixel study, made again: how well does one pixel tell two classes apart?

Run `python -m one_pixel --help` in benchmarks/. `python -m one_pixel --output one_pixel/results`
makes the results that the repository has.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import metadata
from pathlib import Path

from labelled import PUBLISHED, Labelled, add_options, chosen
from measure import machine

import idxfast
from one_pixel import outcomes
from one_pixel.figures import draw_accuracies, draw_differences
from one_pixel.outcomes import Outcome
from one_pixel.pairs import best_pixels, mean_images, scale
from one_pixel.peers import sample
from one_pixel.reporting import summary, write_report

_HERE = Path(__file__).resolve().parent
_PACKAGES = ("numpy", "scikit-learn", "matplotlib")


def main(arguments: list[str] | None = None) -> None:
    """Make the study of each data set, draw the figures and write the report."""
    parser = argparse.ArgumentParser(
        prog="python -m one_pixel",
        description="For every pair of classes, find the pixel that tells them apart best.",
    )
    add_options(parser)
    parser.add_argument(
        "--output",
        type=Path,
        default=_HERE.parent / ".cache" / "one_pixel",
        metavar="FOLDER",
        help="for results and figures (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    try:
        datasets = list(chosen(parser, options).values())
        # If this fails, it fails before the fits.
        options.output.mkdir(parents=True, exist_ok=True)
        _study_all(datasets, options.output)
    except OSError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted")


def _study_all(datasets: list[Labelled], folder: Path) -> None:
    differences, accuracies = {}, {}
    for data in datasets:
        outcome = study(data)
        outcomes.write(outcome, folder)
        title = PUBLISHED.get(data.name, data.name)
        differences[title], accuracies[title] = mean_images(data), outcome.accuracies
    draw_differences(differences, folder / "differences.png")
    draw_accuracies(accuracies, folder / "accuracies.svg")
    found = outcomes.read_all(folder)
    # The figures of the report have only the sets of this run.
    if set(PUBLISHED.values()) <= set(differences):
        write_report(found, folder / "REPORT.md")
    print(summary(outcomes.read_all(_HERE / "results") | found))


def study(data: Labelled) -> Outcome:
    """Fit all pairs and pixels, and a sample with scikit-learn."""
    scaled = scale(data)
    start = time.process_time()
    pairs = best_pixels(data, scaled)
    seconds = time.process_time() - start
    known = machine()
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return Outcome(
        dataset=data.name,
        pairs=pairs,
        fits=len(pairs) * data.train_images.shape[1],
        seconds=seconds,
        peers=sample(scaled),
        machine={name: known[name] for name in ("cpu", "cores", "python")},
        versions={"idxfast": idxfast.__version__} | versions,
    )


if __name__ == "__main__":
    main()
