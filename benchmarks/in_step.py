"""Measure how soon a DEFLATE decoder that starts at a wrong bit of a block falls into step.

Run `python benchmarks/in_step.py`. It decodes blocks with a simple decoder that shares no code with
idxfast's. In the first three quarters of each block it also starts at random bits, and counts the
symbols until it reaches a bit where a literal or a length really begins.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from data import prepare

_SYMBOLS = 1_000_000
_GUESSES = 30  # in each block
_MOST = 2000  # symbols; a guess that takes longer counts as never in step
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_END = 256

Code = list[tuple[int, int]]  # by the next 15 bits: a symbol and the length of its codeword


class Block(NamedTuple):
    """A dynamic block: its codes, and the bit at which its symbols start."""

    literals: Code
    distances: Code
    start: int


def main() -> None:
    """Measure and print."""
    print("file: guesses; symbols until in step: mean, median, 99th percentile; above 80, never")
    with tempfile.TemporaryDirectory() as folder:
        for name, path in prepare(Path(folder)).sets.items():
            counts = sorted(_measure(path.read_bytes()))
            mean = sum(counts) / len(counts)
            median, high = (counts[int(share * len(counts))] for share in (0.5, 0.99))
            late, never = (sum(n > most for n in counts) / len(counts) for most in (80, _MOST - 1))
            print(f"{name}: {len(counts)}; {mean:.1f}, {median}, {high}; {late:.2%}, {never:.2%}")


def _measure(data: bytes) -> Iterator[int]:
    """Yield the number of symbols that each guess needed."""
    stream = _Bits(data)
    bit, symbols = 8 * (data.index(0, 10) + 1 if data[3] & 8 else 10), 0
    choice = random.Random(0)
    while symbols < _SYMBOLS:
        if stream.bits(bit, 3) >> 1 != 2:
            raise ValueError("a block that is not dynamic")
        is_final = stream.bits(bit, 1)
        block = stream.block(bit + 3)
        starts, bit, is_end = set(), block.start, False
        while not is_end:
            starts.add(bit)
            bit, count, is_end = stream.step(block, bit)
            symbols += count
        for _ in range(_GUESSES):
            guess = choice.randrange(block.start, (block.start + 3 * bit) // 4)
            yield stream.steps_from(guess, block, starts)
        if is_final:
            return


class _Bits:
    """A stream of bits."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def bits(self, bit: int, count: int) -> int:
        byte = bit >> 3
        word = int.from_bytes(self._data[byte : byte + 8], "little")
        return word >> (bit & 7) & ((1 << count) - 1)

    def block(self, bit: int) -> Block:
        """Read the codes of a dynamic block."""
        literals, distances = 257 + self.bits(bit, 5), 1 + self.bits(bit + 5, 5)
        count = 4 + self.bits(bit + 10, 4)
        lengths = [0] * 19
        for i in range(count):
            lengths[_ORDER[i]] = self.bits(bit + 14 + 3 * i, 3)
        bit += 14 + 3 * count
        code, lengths = _code(lengths), []
        while len(lengths) < literals + distances:
            symbol, size = code[self.bits(bit, 15)]
            bit += size
            extra = {16: 2, 17: 3, 18: 7}.get(symbol, 0)
            times = self.bits(bit, extra) + {16: 3, 17: 3, 18: 11}.get(symbol, 1)
            value = lengths[-1] if symbol == 16 else symbol if symbol < 16 else 0
            lengths += [value] * times
            bit += extra
        return Block(_code(lengths[:literals]), _code(lengths[literals:]), bit)

    def step(self, block: Block, bit: int) -> tuple[int, int, bool]:
        """Skip a literal, or a length and its distance.

        Returns
        -------
        bit : int
        count : int
            Symbols.
        is_end : bool
            Whether this was the end of the block, or not a codeword.
        """
        symbol, size = block.literals[self.bits(bit, 15)]
        if size == 0:
            return bit + 1, 1, True
        bit += size
        if symbol <= _END:
            return bit, 1, symbol == _END
        bit += 0 if symbol < 265 or symbol == 285 else (symbol - 261) // 4
        symbol, size = block.distances[self.bits(bit, 15)]
        return bit + size + max(symbol // 2 - 1, 0), 2, size == 0

    def steps_from(self, bit: int, block: Block, starts: set[int]) -> int:
        """Count the symbols from a bit until one of the starts is met."""
        count = 0
        while bit not in starts and count < _MOST:
            after, steps, is_end = self.step(block, bit)
            # For a guess, an end of the block means nothing: it continues at the next bit.
            bit, count = bit + 1 if is_end else after, count + steps
        return count


def _code(lengths: list[int]) -> Code:
    """Make the look-up table of a Huffman code (RFC 1951, section 3.2.2)."""
    table, codeword = [(0, 0)] * (1 << 15), 0
    for size in range(1, 16):
        codeword <<= 1
        for symbol, length in enumerate(lengths):
            if length == size:
                start = int(f"{codeword:0{size}b}"[::-1], 2)
                for place in range(start, 1 << 15, 1 << size):
                    table[place] = (symbol, size)
                codeword += 1
    return table


if __name__ == "__main__":
    main()
