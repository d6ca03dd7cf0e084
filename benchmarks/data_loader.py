"""Measure torchvision's FashionMNIST and ours in a DataLoader, with the same transform.

Run `python benchmarks/data_loader.py` where PyTorch and torchvision are installed. Batches are of
256 shuffled images. The loaders' epochs are timed in turn, from the second one on; worker
processes persist. A figure is the original's time for an epoch divided by ours, by best and by
median epochs, and the batches of both have been compared before.
"""

from __future__ import annotations

import functools
import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contenders import labels_beside
from data import prepare
from idx import header
from measure import in_turn, machine, ratio, versions

BATCH = 256
ROUNDS = 3


def main() -> None:
    """Measure and print."""
    torch = importlib.import_module("torch")
    from idxfast.compat.torchvision import datasets as ours

    theirs = importlib.import_module("torchvision.datasets")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        source, count = _place(root)
        print(f"machine: {machine()}\nversions: {versions()}, torch {torch.__version__}")
        print(f"data: {source}, train files")
        print(
            "\n| transform | workers | minimum | median | ours, images/s |\n|---|---|---|---|---|"
        )
        for what, transform in _transforms(torch).items():
            _compare(*(m.FashionMNIST(root, transform=transform) for m in (theirs, ours)))
            for workers in (0, 2):
                epochs = {
                    label: _epochs(module.FashionMNIST(root, transform=transform), workers)
                    for label, module in (("theirs", theirs), ("ours", ours))
                }
                samples = in_turn(epochs, rounds=ROUNDS)
                found = ratio(samples["theirs"], samples["ours"])
                rate = count / min(samples["ours"]) * 1e9
                figures = f"{found.minimum:.1f} | {found.median:.1f} | {rate:,.0f}"
                print(f"| {what} | {workers} | {figures} |", flush=True)


def _place(root: Path) -> tuple[str, int]:
    """Put raw files where torchvision looks for them, and small ones in place of the test files."""
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    files = prepare(folder)
    (folder / "t10k-images-idx3-ubyte").write_bytes(header(1, 28, 28) + bytes(28 * 28))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(header(1) + b"\0")
    assert labels_beside(files.raw_images).exists()
    return files.source, len(files.expected_images)


def _transforms(torch: Any) -> dict[str, Any]:
    """The transforms that most scripts use, in both versions."""
    one = importlib.import_module("torchvision.transforms")
    two = importlib.import_module("torchvision.transforms.v2")
    return {
        "ToTensor": one.ToTensor(),
        "ToTensor, Normalize": one.Compose([one.ToTensor(), one.Normalize((0.286,), (0.353,))]),
        "v2.ToImage, v2.ToDtype": two.Compose(
            [two.ToImage(), two.ToDtype(torch.float32, scale=True)]
        ),
    }


def _epochs(dataset: Any, workers: int) -> Callable[[], None]:
    """A function that takes all batches of an epoch, always by the same loader."""
    loader = importlib.import_module("torch.utils.data").DataLoader(
        dataset, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )

    def epoch(loader: Any) -> None:
        for _ in loader:
            pass

    return functools.partial(epoch, loader)


def _compare(theirs: Any, ours: Any) -> None:
    """Assert that both give the same batches."""
    data = importlib.import_module("torch.utils.data")
    loaders = (data.DataLoader(dataset, BATCH) for dataset in (theirs, ours))
    for batches in zip(*loaders, strict=True):
        for one, other in zip(*batches, strict=True):
            assert one.dtype == other.dtype and (one == other).all()


if __name__ == "__main__":
    main()
