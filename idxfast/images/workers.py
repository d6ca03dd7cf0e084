"""Convert pictures on all cores, and keep their order.

Pillow decodes without Python's lock, but more than half of the time of a small picture is spent in
Python. So the workers are processes. Each takes 0.2 s to start, so the caller's process works, too.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import numpy as np

from ..errors import IdxError
from ..threads.count import usable_cores
from .conversion import Conversion, Converted, convert

# A worker has two tasks at a time, so that it begins one while the result of another is on its way.
# Both have to fit into a pipe: otherwise, both sides could wait for each other.
_TASKS = 2
# How many tasks may be under way, for each process: their results wait for those before them.
_UNDER_WAY = 4
# Below this number of pictures, a process takes longer to start than it saves.
_PICTURES_PER_PROCESS = 500
# After it has freed a block of this size, glibc keeps twice as many freed bytes for later (see
# mallopt(3)). Before, it returned memory to the system after each group of pictures, which took a
# tenth of the time.
_BLOCK_BYTES = 4 << 20
# Each process computes on one thread, because there is a process for each core.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_CODE = (
    "import sys; sys.path = sys.argv[3:]; from idxfast.images.workers import serve;"
    "serve(int(sys.argv[1]), int(sys.argv[2]))"
)


class _Task:
    """Some pictures, and what they are converted to."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.result: Converted | None = None


class _Worker:
    """A process that converts pictures."""

    def __init__(self, root: str, conversion: Conversion, stack: contextlib.ExitStack) -> None:
        self.tasks: deque[_Task] = deque()
        receiver, sender = Pipe(duplex=False)
        self._sending = stack.enter_context(sender)
        receiver_of_results, sender_of_results = Pipe(duplex=False)
        self.results = stack.enter_context(receiver_of_results)
        # The same modules are found, and file names are encoded in the same way: -I, -X utf8.
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        with receiver, sender_of_results:
            for_child, from_child = receiver.fileno(), sender_of_results.fileno()
            process = subprocess.Popen(
                [sys.executable, *flags, "-c", _CODE, str(for_child), str(from_child), *sys.path],
                stdin=subprocess.DEVNULL,
                env=os.environ | _ONE_THREAD,
                pass_fds=(for_child, from_child),
                # Ctrl-C is for the caller's process alone, which ends the others.
                start_new_session=True,
            )
            stack.callback(_stop, process)
        self._root = root
        self._conversion = conversion

    def begin(self, task: _Task) -> None:
        """Give the worker a task."""
        self.tasks.append(task)
        self._call(self._sending.send, (self._root, task.names, self._conversion))

    def receive(self) -> None:
        """Wait for the result of the oldest task."""
        self.tasks[0].result = self._call(self.results.recv)
        self.tasks.popleft()

    def _call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Send or receive, and say what happened if the process has ended."""
        try:
            return function(*arguments)
        except TimeoutError:
            raise  # from a signal handler of the caller: a pipe has no such error
        except (EOFError, OSError) as error:
            names = self.tasks[0].names
            # The traceback's frames hold a buffer of what could not be sent. If it is collected in
            # a cycle with its BytesIO, CPython 3.13 and newer report that it was in use.
            cause = error.with_traceback(None)
            raise IdxError(
                f"a process was killed while it converted this picture, or one of the next "
                f"{len(names):,}; memory may be lacking",
                filename=names[0],
            ) from cause


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def convert_all(
    root: str, batches: Iterable[Sequence[str]], conversion: Conversion, count: int
) -> Generator[Converted, None, None]:
    """Convert batches of pictures.

    Parameters
    ----------
    root : str
        The folder below which the pictures are.
    batches : iterable of sequences of str
        Names of pictures, in all at most some 4,000 bytes for each batch. They are taken as they
        are needed.
    conversion : Conversion
    count : int
        About how many pictures there are, which decides how many processes are worth their start.

    Yields
    ------
    Converted
        For each batch, in order.

    Raises
    ------
    IdxError
        If a process was killed.
    """
    others = min(usable_cores() - 1, count // _PICTURES_PER_PROCESS)
    if sys.platform == "win32" or not sys.executable:
        others = 0  # pipes cannot be handed over in this way
    with contextlib.ExitStack() as stack:
        workers = [_Worker(root, conversion, stack) for _ in range(others)]
        np.empty(_BLOCK_BYTES, np.uint8)
        tasks = map(_Task, batches)
        yield from _in_order(tasks, workers, lambda names: convert(root, names, conversion))


def _in_order(
    tasks: Iterator[_Task],
    workers: Sequence[_Worker],
    convert_here: Callable[[Sequence[str]], Converted],
) -> Iterator[Converted]:
    under_way: deque[_Task] = deque()
    limit = _UNDER_WAY * (len(workers) + 1)
    by_connection = {worker.results: worker for worker in workers}
    task: _Task | None = None
    is_over = False
    while under_way or not is_over:
        for worker in workers:
            while len(worker.tasks) < _TASKS and len(under_way) < limit and not is_over:
                task = next(tasks, None)
                is_over = task is None
                if task is not None:
                    under_way.append(task)
                    worker.begin(task)
        is_full = is_over or len(under_way) >= limit
        has_to_wait = is_full and under_way and under_way[0].result is None
        busy = [worker.results for worker in workers if worker.tasks]
        for connection in wait(busy, None if has_to_wait else 0):
            by_connection[connection].receive()  # type: ignore[index]
        if not is_full:
            task = next(tasks, None)
            is_over = task is None
            if task is not None:
                under_way.append(task)
                task.result = convert_here(task.names)
        while under_way and (result := under_way[0].result) is not None:
            under_way.popleft()
            yield result


def serve(tasks: int, results: int) -> None:
    """Convert pictures for another process until it closes the pipe, or ends.

    Parameters
    ----------
    tasks, results : int
        The descriptors of the pipes from and to the other process.
    """
    warnings.simplefilter("ignore")
    np.empty(_BLOCK_BYTES, np.uint8)
    with (
        Connection(tasks, writable=False) as receiving,
        Connection(results, readable=False) as sending,
        contextlib.suppress(EOFError, OSError),
    ):
        while True:
            sending.send(convert(*receiving.recv()))
