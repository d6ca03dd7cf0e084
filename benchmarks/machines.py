"""Write the section of SCALING.md about several machines that read from one bucket.

Run `python benchmarks/machines.py`. It measures requests and bytes at a server of S3 on this
machine, and processor time in the process that reads, and extends them to larger files and to more
machines. It takes less than a minute. If the images are synthetic, it prints the section and leaves
the page unchanged. It needs s3fs, `moto[s3]` and flask.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

from data import prepare
from machines_text import HEADING, SECTION

import idxfast
from idxfast.gzip.block_tables import tables_size
from idxfast.gzip.seekable import count_blocks
from idxfast.integrations.shared_file import REMOTE_CHUNK_BYTES, UNPACKED_BYTES, SharedFile

PIXELS = 28 * 28
MACHINES = (1, 4, 16, 64)
# What is assumed of each machine and of the bucket, because one machine cannot tell.
WORKERS = 2
LINK = 1.25e9  # bytes a second: 10 Gbit/s
CONNECTION = 85e6  # bytes a second: what Amazon states for one request to S3
LATENCY = 0.03  # seconds until the first byte
SIZES = {"MNIST8M, 6.35 GB": 8_100_000 * PIXELS, "100 GB": 100 * 10**9}
# The payload of each file in the last line of a table.
PART = 60_000 * PIXELS
ROUNDS = 5
_PAGE = Path(__file__).with_name("SCALING.md")


class Costs(NamedTuple):
    """What it takes to read one file as Dask's workers do.

    Attributes
    ----------
    packed : float
        Bytes of the file, as a share of the payload.
    opening : float
        Requests of a process that opens the file.
    chunk : float
        Requests for a chunk of a raw or seekable file, or for all of an ordinary gzip file.
    seconds : float
        Processor time for each byte of payload.
    """

    packed: float
    opening: float
    chunk: float
    seconds: float


class Plan(NamedTuple):
    """What a number of machines take to read everything once: requests, bytes and seconds."""

    requests: float
    nbytes: float
    seconds: float


def main() -> None:
    """Measure, and write."""
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        name, packed = list(files.sets.items())[-1]
        images = idxfast.load(packed)
        raw, seekable = Path(folder, "images"), Path(folder, "seekable.gz")
        idxfast.save(raw, images)
        idxfast.save(seekable, images, seekable=True)
        with _Bucket() as bucket:
            costs = {
                "raw": _measure(bucket, raw),
                "seekable gzip": _measure(bucket, seekable),
                "ordinary gzip": _measure(bucket, packed),
            }
    section = SECTION.format(
        source=name,
        workers=WORKERS,
        link=LINK * 8 / 1e9,
        connection=CONNECTION / 1e6,
        latency=LATENCY * 1e3,
        costs=_costs_table(costs),
        plans="\n\n".join(f"**{size}**\n\n{_plans(n, costs)}" for size, n in SIZES.items()),
    )
    if files.is_published:
        _PAGE.write_text(_PAGE.read_text().partition(HEADING)[0].rstrip("\n") + "\n\n" + section)
    else:
        print(section)


class _Bucket:
    """A server of S3 in a process of its own, which counts requests."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._count, port = context.Value("q", 0), context.Value("i", 0)
        ready = context.Event()
        self._server = context.Process(target=_serve, args=(self._count, port, ready), daemon=True)
        self._server.start()
        ready.wait(60)
        os.environ |= {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port.value}",
            "AWS_ACCESS_KEY_ID": "name",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def __enter__(self) -> _Bucket:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.terminate()
        self._server.join()

    def put(self, path: Path) -> str:
        import fsspec

        file_system = fsspec.filesystem("s3")
        file_system.makedirs("bucket", exist_ok=True)
        file_system.pipe_file(f"bucket/{path.name}", path.read_bytes())
        return f"s3://bucket/{path.name}"

    def count(self, function: Callable[[], object]) -> int:
        """Return how many requests a function makes."""
        before = self._count.value
        function()
        found: int = self._count.value - before
        return found


def _serve(count: Any, port: Any, ready: Any) -> None:
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = DomainDispatcherApplication(create_backend_app)

    def answer(environment: Any, start: Any) -> Any:
        with count.get_lock():
            count.value += 1
        return application(environment, start)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, answer, threaded=True)
    port.value = server.server_port
    ready.set()
    server.serve_forever()


def _measure(bucket: _Bucket, path: Path) -> Costs:
    url = bucket.put(path)
    file = SharedFile(url)
    is_whole = len(file.chunks[0]) == 1
    rows = len(file) if is_whole else file.chunks[0][0]
    opening = bucket.count(lambda: SharedFile(url))
    chunk = bucket.count(lambda: file[:rows]) - opening
    seconds = []
    for _ in range(ROUNDS):
        file.close()
        if not is_whole:
            _ = file[:1]
        start = process_time()
        _ = file[:rows]
        seconds.append((process_time() - start) / (rows * PIXELS))
    return Costs(path.stat().st_size / file.size, opening, chunk, min(seconds))


def _chunks(payload: int, machines: int, costs: Costs) -> Plan:
    """One raw or seekable file, whose chunks are shared out among all workers."""
    workers, chunks = machines * WORKERS, math.ceil(payload / REMOTE_CHUNK_BYTES)
    tables = 0 if costs.packed == 1 else tables_size(count_blocks(payload, PIXELS))
    nbytes = payload * costs.packed + tables * workers
    waiting = LATENCY + REMOTE_CHUNK_BYTES * costs.packed / costs.chunk / CONNECTION
    each = waiting + REMOTE_CHUNK_BYTES * costs.seconds
    opening = costs.opening * LATENCY + tables / CONNECTION
    seconds = opening + max(math.ceil(chunks / workers) * each, nbytes / machines / LINK)
    return Plan(costs.opening * workers + costs.chunk * chunks, nbytes, seconds)


def _one_gzip(payload: int, machines: int, costs: Costs) -> Plan:
    """One ordinary gzip file: each worker makes a pass over it, and then reads its other chunks."""
    workers = machines * WORKERS
    chunks = math.ceil(payload / UNPACKED_BYTES)
    again = max(math.ceil(chunks / workers) - 1, 0) * UNPACKED_BYTES
    fetched = (payload + again) * min(chunks, workers) * costs.packed
    requests = fetched / (PART * costs.packed) * costs.chunk + costs.opening * workers
    seconds = max((payload + again) * costs.seconds, fetched / machines / LINK)
    return Plan(requests, fetched, seconds)


def _many_gzips(payload: int, machines: int, costs: Costs) -> Plan:
    """Ordinary gzip files, each of which is decoded by one worker."""
    workers, files = machines * WORKERS, math.ceil(payload / PART)
    waiting = LATENCY * (1 + costs.opening) + PART * costs.packed / costs.chunk / CONNECTION
    each = waiting + PART * costs.seconds
    nbytes = payload * costs.packed
    seconds = max(math.ceil(files / workers) * each, nbytes / machines / LINK)
    return Plan((costs.opening + costs.chunk) * files, nbytes, seconds)


def _plans(payload: int, costs: dict[str, Costs]) -> str:
    models = {
        "raw": (_chunks, costs["raw"]),
        "seekable gzip": (_chunks, costs["seekable gzip"]),
        "ordinary gzip, one file": (_one_gzip, costs["ordinary gzip"]),
        "ordinary gzip, files of 60,000 images": (_many_gzips, costs["ordinary gzip"]),
    }
    head = ["file", *(f"{n} machine{'s' * (n > 1)}" for n in MACHINES)]
    lines = [head, ["---"] * len(head)]
    for name, (model, cost) in models.items():
        plans = [model(payload, machines, cost) for machines in MACHINES]
        lines.append([name, *map(_cell, plans)])
    return _table(lines)


def _cell(plan: Plan) -> str:
    seconds = f"{plan.seconds:,.0f}" if plan.seconds >= 10 else f"{plan.seconds:.1f}"
    return f"{plan.requests:,.0f} / {plan.nbytes / 1e9:,.1f} GB / {seconds} s"


def _costs_table(costs: dict[str, Costs]) -> str:
    rows = {
        "file / payload": [f"{it.packed:.2f}" for it in costs.values()],
        "requests to open it, in each process": [f"{it.opening:.0f}" for it in costs.values()],
        "requests for a chunk of 16 MiB (ordinary gzip: for the file)": [
            f"{it.chunk:.0f}" for it in costs.values()
        ],
        "processor time, ms per MB of payload": [
            f"{it.seconds * 1e9:.2f}" for it in costs.values()
        ],
    }
    return _table([["", *costs], ["---"] * 4, *([name, *cells] for name, cells in rows.items())])


def _table(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
