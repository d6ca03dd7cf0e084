"""What the snippets of a page find around them: files in the folder, a mirror, addresses."""

import contextlib
import functools
import gzip
import importlib.util
import io
import os
import socket
import struct
import zipfile
from pathlib import Path

import numpy as np

import idxfast
from mirrors.fixtures import mirroring, publishing

COUNT = 13_000
TEST_COUNT = 2_000
# As torchrun sets them.
TORCHRUN = {"RANK": 0, "WORLD_SIZE": 1, "MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}


@contextlib.contextmanager
def surroundings(patch, oracle, folder):
    """Data sets on a mirror, and a home, for as long as pages run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = TORCHRUN | {"MASTER_PORT": port, "HOME": folder, "KERAS_HOME": folder / "keras"}
    for name, value in (variables | {"IDXFAST_CACHE": folder / "cache"}).items():
        patch.setenv(name, str(value))
    with mirroring(patch) as mirror:
        publish = publishing(mirror, oracle, patch)
        # Different ones, because a set is recognised by its hashes.
        for seed, name in enumerate(("fashion-mnist", "mnist", "kmnist")):
            publish(name, four_files(seed))
        letters = {emnist_name(name): data for name, data in four_files(3).items()}
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as members:
            for name, data in letters.items():
                members.writestr(f"gzip/{name}", data)
        # The splits share the archive, and any of them leads to it.
        for name in ("emnist-letters", "emnist-digits"):
            publish(name, letters, archive.getvalue())
        yield


def arrays(seed):
    random = np.random.default_rng(seed)
    for kind, count in (("train", COUNT), ("t10k", TEST_COUNT)):
        yield f"{kind}-images-idx3-ubyte", random.integers(0, 256, (count, 28, 28), np.uint8)
        yield f"{kind}-labels-idx1-ubyte", random.integers(0, 10, count, np.uint8)


@functools.cache
def four_files(seed=0):
    """The files of a published set, by name; the standard library compresses them."""
    return {f"{name}.gz": gzip.compress(pack(array), 1, mtime=0) for name, array in arrays(seed)}


def pack(array):
    """An IDX file of unsigned bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def emnist_name(name):
    kind, content, *_ = name.replace("t10k", "test").split("-", 2)
    return f"emnist-letters-{kind}-{content}-{'idx3' if content == 'images' else 'idx1'}-ubyte.gz"


def make_files(folder):
    """The files that the snippets of a page read."""
    four = four_files()
    for name in ("folder", "fashion"):
        (folder / name).mkdir()
        for file, data in four.items():
            (folder / name / file).write_bytes(data)
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (folder / f"{name}.gz").write_bytes(four[f"{name}.gz"])
        (folder / name).write_bytes(gzip.decompress(four[f"{name}.gz"]))
    with zipfile.ZipFile(folder / "files.zip", "w") as archive:
        for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
            archive.write(folder / name, name)
    # Labels that somebody has written in 8 bytes each, under the header of labels of one byte.
    labels = np.frombuffer((folder / "train-labels-idx1-ubyte").read_bytes(), np.uint8, 10_000, 8)
    wrong = struct.pack(">HBBI", 0, 8, 1, 10_000) + labels.astype("<i8").tobytes()
    for name in ("labels-idx1-ubyte", "labels.bin"):
        (folder / name).write_bytes(wrong)
    if importlib.util.find_spec("PIL") is not None:
        make_pictures(folder)


def make_pictures(folder):
    from PIL import Image

    names = ["sandal.jpg", "digit.png"]
    for kind in ("bag", "boot"):
        (folder / "pictures" / kind).mkdir(parents=True)
        names += [f"pictures/{kind}/{number}.png" for number in range(110)]
    images = np.random.default_rng(2).integers(0, 256, (len(names), 40, 30, 3), np.uint8)
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).save(folder / name)
    lines = [f"{name.removeprefix('pictures/')},{name.split('/')[1]}" for name in names[2:]]
    (folder / "labels.csv").write_text("\n".join(["file,class", *lines]) + "\n")


def serve(folder, patch):
    """Let URLs of https and s3 lead to the files of the folder that have the same names."""
    if importlib.util.find_spec("fsspec") is None:
        return
    from fsspec.implementations.local import LocalFileSystem
    from fsspec.registry import _registry

    class Served(LocalFileSystem):
        cachable = False
        protocol = ("https", "s3")

        @classmethod
        def _strip_protocol(cls, path):
            return str(folder / Path(path).name)

    for protocol in Served.protocol:
        patch.setitem(_registry, protocol, Served)
    few = np.zeros((2, 28, 28), np.uint8)
    for part in range(100):
        (folder / f"{part:03}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pack(few)))


@contextlib.contextmanager
def inside(folder):
    """Run with this working folder, and take out what a snippet has patched."""
    old = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(old)
        idxfast.compat.unpatch()
