"""How long what a run does not know survives in what it decodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from costs import segment_step
from idx import Array

import idxfast
from idxfast.gzip import segments
from idxfast.gzip.runs import Run
from idxfast.native.codec import WINDOW, decode_segment
from idxfast.source import Source


class Survival(NamedTuple):
    """Where a run started, and how far it had to go until its last 32 KiB were right."""

    start: int  # a packed byte of the file
    packed: float  # bytes from there; infinite if unknown bytes survive to the end
    unpacked: float  # the same, unpacked


def measure_survival(source: Source, content: Array, count: int) -> list[Survival]:
    """Decode to the end of a file from starts spread over it, and compare with its content."""
    memory = np.empty(WINDOW + content.size, np.uint8)
    step = segment_step(source.size, content.size)
    starts = (source.size * (index + 1) // (count + 1) for index in range(count))
    return [_survival(source, content, Run(8 * start, step, memory)) for start in starts]


def _survival(source: Source, content: Array, run: Run) -> Survival:
    start = run.start >> 3
    more = run.open(source)
    while more:
        more = run.advance(None)
    if not run.is_complete:
        raise ValueError(f"{source.name} cannot be decoded from byte {start:,}")
    decoded = run.memory[WINDOW : run.marks[-1].position]
    wrong = np.flatnonzero(decoded != content[-len(decoded) :])
    right = WINDOW + (int(wrong[-1]) + 1 if len(wrong) else 0)
    if right > len(decoded):
        return Survival(start, np.inf, np.inf)
    positions = [mark.position - WINDOW for mark in run.marks]
    bits = np.interp(right, positions, [mark.bit - run.start for mark in run.marks])
    return Survival(start, float(bits) / 8, float(right))


def decoded_share(path: Path, threads: int, rounds: int) -> float:
    """How often a load decodes a byte on average: 1 if nothing is decoded twice; the median."""
    decoded: list[int] = []

    def counted(*args: Any) -> tuple[int, int, int]:
        found = decode_segment(*args)
        decoded.append(found[2] - args[5])
        return found

    shares = []
    with mock.patch.object(segments, "decode_segment", counted):
        for _ in range(rounds):
            decoded.clear()
            total = idxfast.load(path, threads=threads).nbytes
            shares.append(sum(decoded) / total)
    return float(np.median(shares))
