"""Kinds of data for comparing sizes: any number of bytes, the same in each run."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

Maker = Callable[[int], bytes]
Array = np.ndarray[Any, np.dtype[Any]]

_HERE = Path(__file__).resolve().parent
_DTYPES = (">u1", ">i1", ">i2", ">i4", ">f4", ">f8")
_PERIODS = (2, 3, 5, 7, 50, 257, 1000, 4096, 20_000, 32_000, 32_768, 32_769, 40_000)


def kinds() -> dict[str, Maker]:
    """Return all makers by name; published images and labels only if they are available."""
    return dict(_kinds())


def _kinds() -> Iterator[tuple[str, Maker]]:
    for dtype in _DTYPES:
        yield f"ramp {dtype[1:]}", partial(_ramp, dtype, 1)
        for step in (10, 50, 200):
            yield f"ramp {dtype[1:]}, each value {step} times", partial(_ramp, dtype, step)
    for dtype in _DTYPES[2:]:
        yield f"steps with noise {dtype[1:]}", partial(_steps, dtype)
    for period in _PERIODS:
        yield f"tile of {period}", partial(_tile, period)
    yield "tile of 50 i2", partial(_repeat, np.arange(50, dtype=">i2").tobytes())
    yield "tile of rows", partial(_repeat, bytes(20) + bytes(range(1, 9)))
    yield "zeros", bytes
    yield "sevens", partial(_repeat, b"\7")
    yield "noise", partial(_noise, 256)
    for values in (2, 3, 4, 10, 47, 200):
        yield f"noise of {values} values", partial(_noise, values)
    yield "labels in order", _sorted_labels
    yield "geometric noise", _geometric
    yield "text", _text
    yield "source text", _source
    for name, lengths, count, values in (
        ("words of 4 to 12", range(4, 13), 2_000, 256),
        ("words of 4", range(4, 5), 1_000, 256),
        ("words of 3", range(3, 4), 200, 256),
        ("words of 6 of 4 values", range(6, 7), 20, 4),
    ):
        yield name, partial(_words, lengths, count, values)
    for dtype in (">f4", ">f8"):
        for name, make in (("normal", _normal), ("walk", _walk), ("sine", _sine)):
            yield f"{name} {dtype[1:]}", partial(_numbers, make, 1, dtype)
        yield f"rounded {dtype[1:]}", partial(_numbers, _rounded, 1, dtype)
    for dtype in (">i2", ">i4"):
        yield f"walk {dtype[1:]}", partial(_numbers, _walk, 10, dtype)
    yield "synthetic digits", _digits
    yield "volume", _volume
    tile, noise = partial(_tile, 999), partial(_noise, 256)
    yield "noise, then a tile", partial(_halves, noise, tile)
    yield "a tile, then noise", partial(_halves, tile, noise)
    for block in (4_000, 65_280, 1_000_000):
        yield f"noise and a tile, each {block}", partial(_in_turn, block, noise, tile)
    yield "digits and a tile, each 300000", partial(_in_turn, 300_000, _digits, tile)
    yield "zeros, a tile in 1 part of 50", _mostly_zeros
    yield "noise that repeats from afar", _repeat_from_afar
    yield "noise twice within a window", _doubled
    yield "words of 16 of 2 values", partial(_words, range(16, 17), 200, 2)
    yield "records", _records
    yield "one-hot of 10", partial(_one_hot, 10)
    yield "one-hot of 100", partial(_one_hot, 100)
    yield "sparse u1", partial(_sparse, ">u1")
    yield "sparse f4", partial(_sparse, ">f4")
    yield "bitmap", _bitmap
    yield "dither", _dither
    yield "palette of RGBA", _palette
    yield "enlarged digits", _enlarged
    for dtype in (">f4", ">f8"):
        yield f"256 values by 255 {dtype[1:]}", partial(_numbers, _by_255, 1, dtype)
    yield "digits by 127.5 f4", _normalised
    yield "digits with repeats in 1 part of 20", _repeated_digits
    yield (
        "noise and a ramp f4, each 65280",
        partial(_in_turn, 65_280, noise, partial(_ramp, ">f4", 1)),
    )
    yield from _published()


def _rng() -> np.random.Generator:
    return np.random.default_rng(1)


def _values(values: int, size: int) -> Array:
    return _rng().integers(0, values, size, np.uint8)


def _noise(values: int, size: int) -> bytes:
    return _values(values, size).tobytes()


def _sorted_labels(size: int) -> bytes:
    return np.sort(_values(10, size)).tobytes()


def _geometric(size: int) -> bytes:
    return _rng().geometric(0.3, size).astype(np.uint8).tobytes()


def _repeat(pattern: bytes, size: int) -> bytes:
    return (pattern * (size // len(pattern) + 1))[:size]


def _tile(period: int, size: int) -> bytes:
    return _repeat(np.random.default_rng(period).bytes(period), size)


def _cut(values: Array, dtype: str, size: int) -> bytes:
    return values[: size // np.dtype(dtype).itemsize + 1].astype(dtype).tobytes()[:size]


def _ramp(dtype: str, step: int, size: int) -> bytes:
    return _cut(np.arange(size) // step, dtype, size)


def _steps(dtype: str, size: int) -> bytes:
    return _cut(np.arange(size) // 100 * 10 + _rng().integers(0, 4, size), dtype, size)


def _numbers(make: Callable[[int], Array], scale: int, dtype: str, size: int) -> bytes:
    return _cut(make(size) * scale, dtype, size)


def _normal(size: int) -> Array:
    return np.asarray(_rng().normal(size=size))


def _walk(size: int) -> Array:
    return np.cumsum(_normal(size))


def _rounded(size: int) -> Array:
    return _walk(size).round(1)


def _sine(size: int) -> Array:
    return np.asarray(np.sin(np.arange(size) / 100))


def _words(lengths: range, count: int, values: int, size: int) -> bytes:
    rng = _rng()
    words = [rng.integers(0, values, rng.choice(lengths), np.uint8).tobytes() for _ in range(count)]
    drawn = rng.integers(0, count, size // lengths[0] + 1)
    return b"".join(words[i] for i in drawn)[:size]


def _text(size: int) -> bytes:
    """Sentences of words whose frequencies are those of a natural language."""
    rng = _rng()
    letters = np.frombuffer(b"etaoinshrdlucmfwypvbgkjqxz", np.uint8)
    words = [
        rng.choice(letters, length, p=_zipf(26)).tobytes() for length in rng.integers(1, 12, 5_000)
    ]
    drawn = rng.choice(len(words), size // 3 + 20, p=_zipf(len(words)))
    ends = rng.choice([b" ", b", ", b". ", b".\n"], len(drawn), p=[0.85, 0.07, 0.05, 0.03])
    return b"".join(words[i] + end for i, end in zip(drawn, ends, strict=True))[:size]


def _zipf(count: int) -> Array:
    weights = 1 / np.arange(1, count + 1)
    return np.asarray(weights / weights.sum())


def _source(size: int) -> bytes:
    """The sources of the standard library, repeated as often as needed."""
    folder, parts, length = Path(os.__file__).parent, [], 0
    for path in sorted(folder.glob("*.py")):
        parts.append(path.read_bytes())
        length += len(parts[-1])
        if length >= size:
            break
    return _repeat(b"".join(parts), size)


def _digits(size: int) -> bytes:
    from idxfast.datasets.synthetic import digits

    return _repeat(digits(min(size // 784 + 1, 60_000))[0].tobytes(), size)


def _volume(size: int) -> bytes:
    """A ramp with an empty margin every 4 MiB."""
    data = np.resize(np.arange(50, dtype=np.uint8), size)
    data[np.arange(size) % (4 << 20) < 512 << 10] = 0
    return data.tobytes()


def _halves(first: Maker, second: Maker, size: int) -> bytes:
    return first(size // 2) + second(size - size // 2)


def _in_turn(block: int, first: Maker, second: Maker, size: int) -> bytes:
    both = first(size), second(size)
    return b"".join(both[at // block % 2][at : at + block] for at in range(0, size, block))


def _mostly_zeros(size: int) -> bytes:
    part, start = size // 50, size // 3
    return bytes(start) + _tile(100, part) + bytes(size - start - part)


def _repeat_from_afar(size: int) -> bytes:
    return _repeat(_noise(256, 300_000), size)


def _doubled(size: int) -> bytes:
    """Each 10,000 bytes of noise twice."""
    noise = _values(256, (size // 20_000 + 1) * 10_000).reshape(-1, 10_000)
    return np.repeat(noise, 2, axis=0).tobytes()[:size]


def _records(size: int) -> bytes:
    """A counter, two classes, a small number and a measurement."""
    count, rng = size // 16 + 1, _rng()
    dtype = [("i", ">u4"), ("class", ">u1", 2), ("small", ">u2"), ("x", ">f8")]
    records = np.zeros(count, dtype)
    records["i"] = np.arange(count)
    records["class"] = rng.integers(0, 5, (count, 2))
    records["small"], records["x"] = rng.integers(0, 300, count), rng.normal(size=count).round(2)
    return records.tobytes()[:size]


def _one_hot(classes: int, size: int) -> bytes:
    return np.eye(classes, dtype=np.uint8)[_values(classes, size // classes + 1)].tobytes()[:size]


def _sparse(dtype: str, size: int) -> bytes:
    """Zeros, except for one value in 20."""
    rng = _rng()
    return _cut(rng.integers(0, 200, size) * (rng.random(size) < 0.05), dtype, size)


def _bitmap(size: int) -> bytes:
    """Digits in black and white, a byte a pixel."""
    return bytes(255 if pixel > 99 else 0 for pixel in _digits(size))


def _dither(size: int) -> bytes:
    """Slopes of grey in black and white, ordered by a matrix of 4 x 4, in rows of 512."""
    matrix = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    y, x = np.divmod(np.arange(size), 512)
    grey = (x * 3 + y * 5) // 64 % 17
    return bytes((255 * (grey > matrix[y % 4, x % 4])).astype(np.uint8))


def _palette(size: int) -> bytes:
    """Smooth pictures, 256 wide, of 16 colours in RGBA."""
    colours = _rng().integers(0, 256, (16, 4), np.uint8)
    y, x = np.divmod(np.arange(size // 4 + 1), 256)
    index = (np.sin(x / 23) * 4 + np.cos(y / 17 + x / 50) * 4 + 8).astype(int) % 16
    return bytes(colours[index])[:size]


def _enlarged(size: int) -> bytes:
    """Digits of 112 x 112 pixels, enlarged 4 times in each direction."""
    digits = np.frombuffer(_digits(size // 16 + 784), np.uint8)
    images = digits[: len(digits) // 784 * 784].reshape(-1, 28, 28)
    return np.kron(images, np.ones((4, 4), np.uint8)).tobytes()[:size]


def _by_255(size: int) -> Array:
    return _values(256, size) / 255


def _normalised(size: int) -> bytes:
    digits = np.frombuffer(_digits(size // 4 + 1), np.uint8).astype(np.float32)
    return _cut(digits / np.float32(127.5) - 1, ">f4", size)


def _repeated_digits(size: int) -> bytes:
    """Digits; the last 50,000 of each 1,000,000 bytes repeat the bytes before them."""
    parts = np.resize(np.frombuffer(_digits(size), np.uint8), (size // 1_000_000 + 1, 1_000_000))
    parts[:, 950_000:975_000] = parts[:, 975_000:] = parts[:, 925_000:950_000]
    return parts.tobytes()[:size]


def _published() -> Iterator[tuple[str, Maker]]:
    root = Path(os.environ.get("IDXFAST_DATA") or _HERE.parent.parent / "shared" / "data")
    for name in ("mnist", "fashion-mnist"):
        for what in ("images-idx3", "labels-idx1"):
            path = root / name / f"train-{what}-ubyte.gz"
            if path.is_file():
                yield f"{name} {what[:6]}", partial(_file, path)


def _file(path: Path, size: int) -> bytes:
    with gzip.open(path) as file:
        return _repeat(file.read(size), size)
