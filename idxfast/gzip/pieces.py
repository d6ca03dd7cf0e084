"""The unpacked stream of a gzip file, piece by piece, in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from ..storage.source import Source
from ..storage.streams import ForwardSource
from ..typing import Memory
from .decoder import NEVER
from .scanner import Scanner


def pieces(source: Source | ForwardSource) -> Iterator[tuple[Memory, int]]:
    """Each piece, in memory of its own, and the number of members begun so far.

    Raises
    ------
    IdxError
        If the file is damaged.
    """
    scanner, position = Scanner(source, sys.maxsize), 0
    while scanner.advance():
        memory: Memory = np.empty(scanner.position - position, np.uint8)
        scanner.read_into(memory, position, NEVER)
        position, place = scanner.position, scanner.place
        yield memory, 0 if place is None else place.members
