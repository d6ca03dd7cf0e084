"""Results as JSON lines, one file for each data set, so that an interrupted run can go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classifiers.fitting import OK, Task

Record = dict[str, Any]
# A row of the table and a number of training images.
Key = tuple[str, str, int]

# The original made no third repeat if the first two differed by less.
_CLOSE = 0.001


class Results:
    """What is known of a data set."""

    def __init__(self, folder: Path, dataset: str) -> None:
        self.path = folder / f"{dataset}.jsonl"
        self._records: dict[Key, dict[int, Record]] = {}
        for record in _read(self.path):
            self._take(record)

    def append(self, record: Record) -> None:
        """Write a record at the end of the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            # After an interrupted write, the incomplete line is closed.
            if file.tell() and not _ends_with_newline(self.path):
                file.write(b"\n")
            file.write(json.dumps(record).encode() + b"\n")
        self._take(record)

    def repeats(self, classifier: str, parameters: str, train_size: int) -> list[Record]:
        """Return the records of a row, by repeat; each repeat's last record counts."""
        found = self._records.get((classifier, parameters, train_size), {})
        return [found[repeat] for repeat in sorted(found)]

    def records(self) -> Iterator[Record]:
        """Yield every record that counts."""
        for repeats in self._records.values():
            yield from repeats.values()

    def train_sizes(self) -> list[int]:
        """Return the numbers of training images that rows were fitted on, the largest first."""
        return sorted({size for _, _, size in self._records}, reverse=True)

    def wants(self, task: Task) -> bool:
        """Whether a task is still to do: not done yet, and not known to be over its limit.

        After two repeats with nearly the same accuracy, the original made no more.
        """
        known = self.repeats(task.classifier, task.parameters, task.train_size)
        if any(record["status"] != OK and record["limit"] >= task.limit for record in known):
            return False
        done = {record["repeat"]: record["accuracy"] for record in known if record["status"] == OK}
        if task.repeat in done:
            return False
        is_settled = 0 in done and 1 in done and abs(done[0] - done[1]) < _CLOSE
        return not (is_settled and task.repeat >= 2)

    def _take(self, record: Record) -> None:
        key = record["classifier"], record["parameters"], record["train_size"]
        self._records.setdefault(key, {})[record["repeat"]] = record


def _read(path: Path) -> Iterator[Record]:
    """Read the complete lines of a file, if there is one."""
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            # A run was interrupted while it wrote this line.
            continue


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"
