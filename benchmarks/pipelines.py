"""Measure epochs of training data for PyTorch against torchvision's way and against plain torch.

Run `python benchmarks/pipelines.py` where torch is installed. All figures but the memory are ratios
of times; the bars are aims. Each function is one epoch of batches of 256 images, later than the
first, with worker processes that persist. Without torchvision, a class with the same code for each
item takes its place. The larger gzip file holds the images twelve times. The script takes some
minutes, and needs two cores that have nothing else to do.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data import prepare, write_large
from idx import Array
from measure import in_turn, machine, versions
from report import Figure, yes
from torch.utils.data import DataLoader

import idxfast
from idxfast.integrations.torch import IdxDataset, TensorLoader

BATCH = 256
TIMES = 12
BUDGET = 64 << 20
BLOCK = 8000
WORKERS = (0, 2)
PEAK_BAR = 128 << 20

_SOURCES = {"array": "an array", "gzip": "the .gz", "raw": "the raw file"}
FIGURES = (
    *(
        Figure(
            f"IdxDataset over {name}, {workers} workers / torchvision's and ToTensor",
            f"{source}, {workers}",
            f"torchvision, {workers}",
            1 / 10,
        )
        for workers in WORKERS
        for source, name in _SOURCES.items()
    ),
    Figure(
        "TensorLoader / torchvision's and ToTensor, 2 workers", "scaled loader", "torchvision, 2"
    ),
    Figure("TensorLoader / index_select", "loader", "index_select", 1.1),
    Figure(
        "TensorLoader, normalised / index_select and the same operations",
        "normalised loader",
        "normalised index_select",
        1.1,
    ),
    Figure("large .gz, block shuffle / batches in order", "block shuffle", "in order", 1.3),
)

# The growth of the process by an epoch in random order and another one, without what it imports.
_PEAK = """
import sys
from pathlib import Path
import idxfast

idxfast.open

def status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field + ":")).split()[1])

path, budget, batch, block = sys.argv[1], *map(int, sys.argv[2:])
before = status("VmRSS")
file = idxfast.open(path, cache_bytes=budget)
for epoch in range(2):
    for images in file.batches(batch, shuffle=True, block=block, seed=0, epoch=epoch):
        pass
print(status("VmHWM") - before)
"""

Calls = dict[str, Callable[[], object]]


class Items:
    """The code of torchvision's FashionMNIST and ToTensor for one item."""

    def __init__(self, images: Array, labels: Array) -> None:
        self.data = torch.from_numpy(images)
        self.targets = torch.from_numpy(labels).long()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        from PIL import Image

        picture, target = Image.fromarray(self.data[index].numpy()), int(self.targets[index])
        pixels = torch.from_numpy(np.array(picture, np.uint8, copy=True))
        pixels = pixels.view(picture.size[1], picture.size[0], 1).permute((2, 0, 1)).contiguous()
        return pixels.to(dtype=torch.get_default_dtype()).div(255), target


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        images = files.expected_images.copy()  # torch wants arrays that can be written to
        labels = np.random.default_rng(0).integers(0, 10, len(images)).astype(np.uint8)
        sources = {"array": images, "gzip": files.images, "raw": files.raw_images}
        samples: dict[str, list[float]] = {}
        for workers in WORKERS:
            samples |= in_turn(_loaders(sources, labels, workers), rounds=5)
        samples |= in_turn(_in_memory(images, labels), rounds=30)
        large = Path(folder, "large.gz")
        write_large(large, images, TIMES)
        samples |= in_turn(_large(large), rounds=7)
        words = [str(large), *map(str, (BUDGET, BATCH, BLOCK))]
        command = [sys.executable, "-c", _PEAK, *words]
        peak = int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    theirs = "torchvision" if _torchvision_items() else "a class with torchvision's code"
    print(f"machine: {machine()}\nversions: {versions()}, torch {metadata.version('torch')}")
    print(f"data: {files.source}; against {theirs}")
    print("\n| figure | minimum | median | bar | holds |\n|---|---|---|---|---|")
    for figure in FIGURES:
        print(figure.line(samples))
    what = "peak memory of two epochs of the large .gz, block shuffle"
    holds = yes(peak <= PEAK_BAR)
    print(f"| {what} | {peak >> 20} MiB | | {PEAK_BAR >> 20} MiB | {holds} |")


def _torchvision_items() -> Any:
    """torchvision's class and transform, or None where they cannot be imported."""
    try:
        from torchvision import datasets, transforms
    except (ImportError, RuntimeError):  # a torchvision for another torch is a RuntimeError
        return None
    return datasets.FashionMNIST, transforms.ToTensor


def _items(images: Array, labels: Array) -> Any:
    found = _torchvision_items()
    if found is None:
        return Items(images, labels)
    fashion_mnist, to_tensor = found
    items = fashion_mnist.__new__(fashion_mnist)
    items.transform, items.target_transform = to_tensor(), None
    items.data, items.targets = torch.from_numpy(images), torch.from_numpy(labels).long()
    return items


def _loaders(sources: dict[str, Any], labels: Array, workers: int) -> Calls:
    """An epoch by each loader. What gives bytes is scaled as ToTensor does it."""

    def loader(dataset: Any) -> DataLoader:
        options = {"num_workers": workers, "persistent_workers": workers > 0}
        return DataLoader(dataset, batch_size=BATCH, shuffle=True, **options)

    items = loader(_items(sources["array"], labels))
    calls: Calls = {f"torchvision, {workers}": lambda: _pass(items)}
    for name, source in sources.items():
        batches = loader(IdxDataset(source, labels))
        calls[f"{name}, {workers}"] = lambda batches=batches: _scale(batches)  # type: ignore[misc]
    return calls


def _pass(batches: Iterable[Any]) -> None:
    for _ in batches:
        pass


def _scale(batches: Iterable[Any]) -> None:
    for images, _ in batches:
        images.unsqueeze(1).to(torch.float32).div_(255)


def _in_memory(images: Array, labels: Array) -> Calls:
    tensors = torch.from_numpy(images), torch.from_numpy(labels).long()

    def selected() -> Iterable[Any]:
        order = torch.randperm(len(images))
        for start in range(0, len(images), BATCH):
            some = order[start : start + BATCH]
            yield tuple(tensor.index_select(0, some) for tensor in tensors)

    def normalise() -> None:
        for some, _ in selected():
            some.to(torch.float32).div_(255).sub_(0.2860).div_(0.3530)

    def loader(**options: Any) -> TensorLoader:
        return TensorLoader(images, labels, BATCH, shuffle=True, **options)

    plain, normalised = loader(), loader(mean=0.2860, deviation=0.3530)
    scaled = loader(mean=0, deviation=1)
    return {
        "index_select": lambda: _pass(selected()),
        "loader": lambda: _pass(plain),
        "normalised index_select": normalise,
        "normalised loader": lambda: _pass(normalised),
        "scaled loader": lambda: _pass(scaled),
    }


def _large(path: Path) -> Calls:
    file = idxfast.open(path, cache_bytes=BUDGET)
    epochs = iter(range(1 << 30))
    options: dict[str, Any] = {"shuffle": True, "block": BLOCK, "seed": 0}
    return {
        "in order": lambda: _pass(file.batches(BATCH)),
        "block shuffle": lambda: _pass(file.batches(BATCH, epoch=next(epochs), **options)),
    }


if __name__ == "__main__":
    main()
