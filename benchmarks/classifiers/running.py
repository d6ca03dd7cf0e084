"""Run rows side by side, each repeat of all rows before the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from labelled import Labelled

from classifiers.fitting import OVER_LIMIT, Task
from classifiers.results import Results
from classifiers.rows import Row
from classifiers.workers import run


class Plan(NamedTuple):
    """What to run, and how.

    Attributes
    ----------
    datasets : dict of str to Labelled
        By the source that `labelled.read` takes.
    rows : list of Row
    repeats : int
        The largest number of repeats.
    train_size : int or None
        The number of training images to fit on; None means all.
    limit : float
        Seconds of processor time for fit and score together.
    is_rest : bool
        Only rows that were over their limit on all training images.
    jobs : int
        How many fits at once. -1 means one for each core.
    backend : str
        ``"loky"``, for processes on this machine, or ``"dask"``.
    address : str or None
        The scheduler of a Dask cluster. Its workers need the same clone and the same data, in the
        same places. None starts workers on this machine.
    """

    datasets: dict[str, Labelled]
    rows: list[Row]
    repeats: int
    train_size: int | None
    limit: float
    is_rest: bool
    jobs: int
    backend: str
    address: str | None


def run_all(plan: Plan, folder: Path) -> None:
    """Run what the results in the folder do not have yet, and add each result as it comes."""
    from joblib import Parallel, delayed
    from tqdm import tqdm

    results = {data.name: Results(folder, data.name) for data in plan.datasets.values()}
    with _workers(plan):
        for repeat in range(plan.repeats):
            tasks = [
                task
                for row in sorted(plan.rows, key=lambda row: row.cost)
                for task in _tasks(plan, row, repeat)
                if results[task.dataset].wants(task)
                and (not plan.is_rest or _is_rest(plan, results[task.dataset], task))
            ]
            fits = Parallel(return_as="generator_unordered")(delayed(run)(task) for task in tasks)
            for record in tqdm(fits, f"repeat {repeat + 1}", len(tasks), unit="fit"):
                results[record["dataset"]].append(record)


def _tasks(plan: Plan, row: Row, repeat: int) -> Iterator[Task]:
    """Yield the task of each data set."""
    for source, data in plan.datasets.items():
        size = len(data.train_images)
        size = min(plan.train_size or size, size)
        yield Task(source, data.name, row.classifier, row.parameters, repeat, size, plan.limit)


def _is_rest(plan: Plan, results: Results, task: Task) -> bool:
    """Whether the task's row was over its limit on all training images."""
    size = len(plan.datasets[task.source].train_images)
    whole = results.repeats(task.classifier, task.parameters, size)
    return any(record["status"] == OVER_LIMIT for record in whole)


@contextmanager
def _workers(plan: Plan) -> Iterator[None]:
    """Let joblib use the plan's backend."""
    from joblib import parallel_config

    with ExitStack() as stack:
        if plan.backend == "dask":
            from distributed import Client

            stack.enter_context(Client(plan.address))
        stack.enter_context(parallel_config(backend=plan.backend, n_jobs=plan.jobs))
        yield
