"""Fit and score rows in this process, which ends when one takes longer than its limit.

`python -m classifiers.fitting PARENT` reads tasks from its input, a line of JSON each, and answers
each with a line. PARENT is the number of the process that waits for the answers, and this process
ends with it. Limits count processor time, because the clock depends on what else the machine does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np
from idx import Array
from labelled import read
from measure import machine

import idxfast
from classifiers.parameters import build, today

_PACKAGES = ("numpy", "scipy", "scikit-learn")

OK, OVER_LIMIT, FAILED = "ok", "over the limit", "failed"

# What the process ends with at the limit.
OVER_LIMIT_STATUS = 75

_WATCH_SECONDS = 0.2


class Task(NamedTuple):
    """One repeat of a row on a data set.

    source is what `labelled.read` takes. limit is in seconds of processor time for fit and score
    together.
    """

    source: str
    dataset: str
    classifier: str
    parameters: str
    repeat: int
    train_size: int
    limit: float


def fit_and_score(task: Task) -> dict[str, Any]:
    """Fit and score; return what was found, or how it failed.

    `status` says which. If it is "ok", there are `accuracy` and the seconds of the fit and of the
    score, on the clock and of the processor.
    """
    train, train_labels, test, test_labels = _prepare(task.source, task.repeat, task.train_size)
    model = today(task.classifier, task.parameters, classes=len(np.unique(train_labels)))
    estimator = build(model, task.repeat)
    with warnings.catch_warnings(record=True) as caught, _ended_after(task.limit):
        warnings.simplefilter("always")
        start = _clocks()
        try:
            estimator.fit(train, train_labels)
            fitted = _clocks()
            accuracy = float(np.mean(estimator.predict(test) == test_labels))
            scored = _clocks()
        except (ValueError, MemoryError) as error:
            # Some of scikit-learn's messages go on for lines of advice.
            reason = (str(error) or type(error).__name__).partition("\n")[0]
            return {"status": FAILED, "fitted": str(model), "error": reason} | environment()
    return {
        "status": OK,
        "fitted": str(model),
        "accuracy": round(accuracy, 6),
        "fit_processor_s": round(fitted[0] - start[0], 3),
        "fit_s": round(fitted[1] - start[1], 3),
        "score_processor_s": round(scored[0] - fitted[0], 3),
        "score_s": round(scored[1] - fitted[1], 3),
        "warnings": sorted({each.category.__name__ for each in caught}),
    } | environment()


# Tasks alternate between data sets.
@lru_cache(maxsize=2)
def _prepare(source: str, seed: int, train_size: int) -> tuple[Array, Array, Array, Array]:
    """Standardise the pixels, and shuffle the training set; of a part, take what comes first."""
    from sklearn.preprocessing import StandardScaler

    data = read(source)
    order = np.random.RandomState(seed).permutation(len(data.train_images))[:train_size]
    scaler = StandardScaler(copy=False)
    train = scaler.fit_transform(data.train_images[order].astype(np.float64))
    test = scaler.transform(data.test_images.astype(np.float64))
    return train, data.train_labels[order], test, data.test_labels


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End this process if what follows takes more seconds of the processor."""
    deadline = time.process_time() + seconds
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.wait(_WATCH_SECONDS):
            if time.process_time() > deadline:
                os._exit(OVER_LIMIT_STATUS)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_done.set()
        watcher.join()


def _end_without(parent: int) -> None:
    """End this process when the one that waits for its answers has ended."""
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)


def _clocks() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def environment() -> dict[str, Any]:
    """Describe the machine, and name the versions that results depend on."""
    known = machine()
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return {
        "machine": {name: known[name] for name in ("cpu", "cores", "python")},
        "versions": {"idxfast": idxfast.__version__} | versions,
    }


if __name__ == "__main__":
    # After Ctrl-C, only the process that users have started says something.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # On Windows, the parent may be a launcher, and its number outlives it.
    if os.name == "posix":
        threading.Thread(target=_end_without, args=[int(sys.argv[1])], daemon=True).start()
    # Nothing that is printed elsewhere may come between the records.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(fit_and_score(Task(*json.loads(line)))), file=answers, flush=True)
