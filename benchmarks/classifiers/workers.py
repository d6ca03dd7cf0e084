"""A process that fits rows, and that may be ended."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from classifiers.fitting import FAILED, OVER_LIMIT, OVER_LIMIT_STATUS, Task, environment

_BENCHMARKS = Path(__file__).resolve().parent.parent

# With one thread, a fit takes the same processor time whatever the number of cores.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Fitter:
    """Starts a process when there is none, and keeps it, since it takes seconds to prepare data."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, task: Task) -> dict[str, Any]:
        """Return the record of a task: its fields apart from the source, and what came of it.

        Raises
        ------
        RuntimeError
            If the process cannot work at all, and its standard error says why; or if a user ended
            it.
        """
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        record = task._asdict()
        del record["source"]
        # An ended process is noticed by the answer that is missing.
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
        if answer := process.stdout.readline():
            record |= json.loads(answer)
            return record
        self.close()
        if process.returncode == OVER_LIMIT_STATUS:
            return record | {"status": OVER_LIMIT} | environment()
        ended_by = -process.returncode
        # A user who ends the process says nothing about the row.
        if ended_by > 0 and ended_by not in (signal.SIGINT, signal.SIGTERM):
            error = f"ended by signal {ended_by}"
            return record | {"status": FAILED, "error": error} | environment()
        raise RuntimeError(f"{task.classifier} {task.parameters} was not run")

    def close(self) -> None:
        """Let the process end, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(BrokenPipeError), process:
                pass

    def _start(self) -> subprocess.Popen[str]:
        # The process ends with its input, or during a fit, with this one. Its number is an argument
        # because this one may have ended before the other could ask for it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "classifiers.fitting", str(os.getpid())],
            cwd=_BENCHMARKS,
            env=os.environ | _ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._process


# joblib's workers are processes, and Dask's may also be threads.
_local = threading.local()


def run(task: Task) -> dict[str, Any]:
    """Run a task in the process that belongs to this worker."""
    fitter: Fitter | None = getattr(_local, "fitter", None)
    if fitter is None:
        fitter = _local.fitter = Fitter()
        atexit.register(fitter.close)
    return fitter.run(task)
