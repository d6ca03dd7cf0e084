"""The files that are measured: published ones if they are available, else synthetic ones.

Published files are looked for in the folder that the environment variable IDXFAST_DATA names, or
else in `../shared/data` beside the repository. `fashion-mnist/` in that folder has the train images
and labels, `mnist/` the train images and the t10k labels, all as published (.gz);
`idxfast fetch NAME --directory DIR` puts them there.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

from contenders import labels_beside
from idx import Array, header, view
from labelled import published_root
from savers import save_stdlib_gzip

_HERE = Path(__file__).resolve().parent
_IMAGES = "train-images-idx3-ubyte"
_LABELS = "t10k-labels-idx1-ubyte"

_SYNTHETIC = "synthetic digits"

# 100 GB of payload, in a sparse file without blocks on disk.
_SPARSE_IMAGES = 100 * 10**9 // (28 * 28)


@dataclass(frozen=True)
class Files:
    """The same images (uint8, 28 by 28) in several files, and a small labels file.

    sets : the .gz files of train images, by the name of their data set
    int32, float64 : raw files with the bytes of raw_images and another header
    sparse : a raw file of 100 GB of zeros
    """

    sets: dict[str, Path]
    images: Path
    labels: Path
    raw_images: Path
    int32: Path
    float64: Path
    sparse: Path
    expected_images: Array
    expected_labels: Array

    @property
    def is_published(self) -> bool:
        """Whether the files are the published ones."""
        return _SYNTHETIC not in self.sets

    @property
    def source(self) -> str:
        """Name the data sets."""
        names = " and ".join(self.sets)
        return f"{names}, as published" if self.is_published else names


def prepare(folder: Path) -> Files:
    """Find or make the .gz files, and derive all others in the temporary `folder`."""
    sets, labels = _find()
    images = next(iter(sets.values()))
    unpacked = {}
    for path in (images, labels_beside(images), labels):
        raw = folder / path.stem
        raw.write_bytes(gzip.decompress(path.read_bytes()))
        unpacked[path] = raw
    data = unpacked[images].read_bytes()
    count = int.from_bytes(data[4:8])
    int32, float64, sparse = folder / "int32", folder / "float64", folder / "sparse"
    int32.write_bytes(header(count, 14, 14, code=0x0C) + data[16:])
    float64.write_bytes(header(count, 7, 14, code=0x0E) + data[16:])
    sparse.write_bytes(header(_SPARSE_IMAGES, 28, 28))
    os.truncate(sparse, 16 + _SPARSE_IMAGES * 28 * 28)
    return Files(
        sets=sets,
        images=images,
        labels=labels,
        raw_images=unpacked[images],
        int32=int32,
        float64=float64,
        sparse=sparse,
        expected_images=view(data),
        expected_labels=view(unpacked[labels].read_bytes()),
    )


def _find() -> tuple[dict[str, Path], Path]:
    """Find the train images of each data set, the main one first, and the small labels file."""
    if (root := published_root()) is not None:
        folders = {"Fashion-MNIST": Path(root, "fashion-mnist"), "MNIST": Path(root, "mnist")}
        sets = {name: folder / (_IMAGES + ".gz") for name, folder in folders.items()}
        return sets, folders["MNIST"] / (_LABELS + ".gz")
    folder = _HERE / ".cache" / "synthetic"
    images, labels = folder / (_IMAGES + ".gz"), folder / (_LABELS + ".gz")
    if not images.exists():
        _write_synthetic(images, labels)
    return {_SYNTHETIC: images}, labels


def _write_synthetic(images: Path, labels: Path) -> None:
    """Write 60,000 images with their labels, and 10,000 labels, compressed as MNIST was."""
    from idxfast.datasets.synthetic import digits

    drawn, meant = digits(60_000)
    images.parent.mkdir(parents=True, exist_ok=True)
    save_stdlib_gzip(labels, meant[:10_000])
    save_stdlib_gzip(labels_beside(images), meant)
    save_stdlib_gzip(images, drawn)


def write_large(path: Path, images: Array, times: int) -> None:
    """Write a .gz of one member that holds the images several times."""
    with gzip.open(path, "wb", 6) as file:
        file.write(header(times * len(images), *images.shape[1:]))
        for _ in range(times):
            file.write(images.tobytes())
