"""Generated folders: names x nesting x containers x decoys. The right pair, or an error that lists.

Every array tells what it is: the images and labels of a kind consist of one number, which no other
array has. So a wrong pair cannot pass for the right one.
"""

import bz2
import gzip
import io
import itertools
import lzma
import os
import random
import struct
import tarfile
import zipfile

import pytest

from idxfast import IdxError, load_dataset
from idxfast.datasets import find

SEEDS, FOLDERS = 30, 70

NAMES = {
    "published": "{kind}-{role}-idx{n}-ubyte",
    "dotted": "{kind}-{role}.idx{n}-ubyte",
    "underscores": "{kind}_{role}_idx{n}_ubyte",
    "without idx": "{kind}-{role}-ubyte",
    "bin": "{kind}-{role}.bin",
    "idx": "{kind}-{role}.idx",
    "dots": "{kind}.{role}.idx{n}.ubyte",
    "camel": "{Kind}{Role}.idx",
    "capitals": "{KIND}-{ROLE}-IDX{n}-UBYTE",
    "copy": "{kind}-{role}-idx{n}-ubyte (1)",
    "second download": "{kind}-{role}-idx{n}-ubyte.1",
    "glued": "{kind}{role}",
    "letters": "{x}_{kind}.idx",
    "letters last": "digits_{kind}_{x}.idx",
    "dimensions": "{kind}.idx{n}-ubyte",
    "singular": "{kind}_{singular}.dat",
    "set": "mnist-{kind}-{role}-idx{n}-ubyte",
}
PLACES = {
    "here": "",
    "torchvision": "MNIST/raw",
    "keras": "datasets/mnist",
    "hub": "datasets--x--mnist/snapshots/" + 40 * "a",
    "data": "data",
    "deep": "a/b/c/d/e",
}
WORDS = {"train": ["train", "training"], "test": ["t10k", "test", "testing"]}
PACKERS = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, 1, mtime=0),
    ".xz": lambda data: lzma.compress(data, preset=0),
    ".bz2": lambda data: bz2.compress(data, 1),
}


def idx(number, shape):
    size = 1
    for count in shape:
        size *= count
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    return header + bytes([number]) * size


def name(style, kind, role, draw):
    word = draw.choice(WORDS[kind])
    return NAMES[style].format(
        kind=word, Kind=word.capitalize(), KIND=word.upper(),
        role=role, Role=role.capitalize(), ROLE=role.upper(), singular=role[:-1],
        n=3 if role == "images" else 1, x="x" if role == "images" else "y",
    )  # fmt: skip


class Folder:
    """A generated folder, and what `load_dataset` has to find in it."""

    def __init__(self, root, draw):
        self.root, self.draw = root, draw
        self.counts = {"train": draw.randint(3, 6), "test": draw.randint(1, 2)}
        self.numbers = {"train": 1, "test": 2}
        self.style = draw.choice(list(NAMES))
        self.place = draw.choice(list(PLACES))
        self.layout = draw.choice(["flat", "flat", "own folders", "kinds", "roles", "links"])
        self.container = draw.choice([*PACKERS, *PACKERS, "zips", "zip", "tar", "tgz"])
        # Names alone do not say the kind in `kinds`, nor the role in `roles`.
        if self.container in ("zips", "zip", "tar", "tgz") or self.style == "dimensions":
            self.layout = "flat"
        self.paths = {}
        files = {}
        words = {kind: draw.choice(WORDS[kind]) for kind in WORDS}
        for kind, role in itertools.product(("train", "test"), ("images", "labels")):
            filename = name(self.style, kind, role, draw)
            ending = draw.choice(list(PACKERS))
            if self.container in PACKERS:
                ending = self.container
            if self.layout == "own folders":
                path = f"{filename}/{filename}{ending}"
            elif self.layout == "kinds":
                path = f"{words[kind]}/{role}-idx{3 if role == 'images' else 1}-ubyte{ending}"
            elif self.layout == "roles":
                path = f"{role}/{words[kind]}.idx{ending}"
            else:
                path = filename + ending
            files[kind, role] = path, PACKERS[ending](self.content(kind, role))
        self.put(files)

    def content(self, kind, role):
        count = self.counts[kind]
        return idx(self.numbers[kind], (count, 2, 3) if role == "images" else (count,))

    def at(self, *parts):
        path = os.path.join(self.root, PLACES[self.place], *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def put(self, files):
        if self.container in ("zip", "tar", "tgz"):
            self.pack(self.at(f"archive.{self.container}"), files.values())
            return
        for key, (path, data) in files.items():
            if self.container == "zips":
                self.paths[key] = self.at(f"{path}.zip")
                self.pack(self.paths[key], [(path, data)])
                continue
            self.paths[key] = target = self.at(path)
            if self.layout == "links":
                blob = os.path.join(self.root, "blobs", f"{len(self.paths):064x}")
                os.makedirs(os.path.dirname(blob), exist_ok=True)
                write(blob, data)
                os.symlink(blob, target)
            else:
                write(target, data)

    def pack(self, path, files):
        self.inner = folder = self.draw.choice(["", "", "inner/"])
        if path.endswith(".zip"):
            with zipfile.ZipFile(path, "w", self.draw.choice([0, zipfile.ZIP_DEFLATED])) as archive:
                for member, data in files:
                    archive.writestr(folder + member, data)
            return
        with tarfile.open(path, "w:gz" if path.endswith("tgz") else "w") as archive:
            for member, data in files:
                info = tarfile.TarInfo(folder + member)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "xb") as file:
        file.write(data)


# Decoys that may not keep the right pair from being found.


def add_texts(folder):
    write(folder.at("README.md"), b"# train-images")
    write(folder.at("train-images.png"), b"\x89PNG")
    write(folder.at("train-labels.txt"), b"5 0 4")
    write(folder.at("notes"), b"train-labels")


def add_unfinished(folder):
    write(folder.at("train-images-idx3-ubyte.gz.part"), gzip.compress(idx(9, (4, 2, 3)))[:-9])
    write(folder.at("t10k-labels.crdownload"), idx(9, (2,)))


def add_hidden(folder):
    for kind, role in itertools.product(("train", "t10k"), ("images-idx3", "labels-idx1")):
        for hidden in (".cache", "__MACOSX"):
            shape = (4, 2, 3) if role == "images-idx3" else (4,)
            write(folder.at(hidden, f"{kind}-{role}-ubyte"), idx(9, shape))
    write(folder.at("._train-images-idx3-ubyte.bin"), b"\0\5\x16\7" + bytes(80))


def add_circle(folder):
    os.symlink(folder.root, folder.at("circle"))
    os.symlink("nowhere", folder.at("train-labels-idx1-ubyte.idx"))


def add_fifo(folder):
    os.mkfifo(folder.at("train-labels-idx1-ubyte (2)"))


def add_deeper(folder):
    """Another set, further down than any in `PLACES`."""
    deeper = "z/z/z/z/z/z/z/z"
    for kind, role in itertools.product(("train", "t10k"), ("images-idx3", "labels-idx1")):
        shape = (4, 2, 3) if role == "images-idx3" else (4,)
        write(os.path.join(folder.root, deeper, f"{kind}-{role}-ubyte"), idx(9, shape))


def add_other_kind(folder):
    write(folder.at("validation-images-idx3-ubyte"), idx(8, (4, 2, 3)))
    write(folder.at("validation-labels-idx1-ubyte"), idx(8, (4,)))


def add_other_archives(folder):
    with zipfile.ZipFile(folder.at("mnist.npz"), "w") as archive:
        archive.writestr("x_train.npy", b"\x93NUMPY")
    write(folder.at("broken.zip"), b"PK\x03\x04" + bytes(60))
    write(folder.at("more.tar.gz"), gzip.compress(bytes(257) + b"ustar" + bytes(900)))


HARMLESS = [
    add_texts, add_unfinished, add_hidden, add_circle, add_deeper, add_other_kind,
    add_other_archives, *([add_fifo] if hasattr(os, "mkfifo") else []),
]  # fmt: skip


# Decoys after which an error is right, too.


def remove_labels(folder):
    os.remove(folder.paths["train", "labels"])


def remove_images(folder):
    os.remove(folder.paths["train", "images"])


def swap_roles(folder):
    exchange(folder.paths["train", "images"], folder.paths["train", "labels"])


def swap_kinds_of_labels(folder):
    exchange(folder.paths["train", "labels"], folder.paths["test", "labels"])


def rename_labels_to_images(folder):
    os.replace(folder.paths["train", "labels"], folder.paths["train", "images"])


def cut_labels(folder):
    with open(folder.paths["train", "labels"], "r+b") as file:
        file.truncate(os.path.getsize(file.name) - 1)


def empty_labels(folder):
    open(folder.paths["train", "labels"], "wb").close()


def page_for_labels(folder):
    with open(folder.paths["train", "labels"], "wb") as file:
        file.write(b"<!DOCTYPE html>")


def add_rival(folder):
    """Another set in an equally good place."""
    for role, shape in (("images-idx3", (4, 2, 3)), ("labels-idx1", (4,))):
        place = PLACES[folder.place]
        if folder.container in ("zip", "tar", "tgz"):  # an archive counts as a folder
            place = f"{place}/archive/{folder.inner}"
        rival = os.path.join(folder.root, place.strip("/").rpartition("/")[0], "rival")
        write(os.path.join(rival, f"train-{role}-ubyte"), idx(9, shape))


def add_second_labels(folder):
    write(folder.at("train_labels.idx1"), idx(9, (folder.counts["train"],)))


HARMFUL = [
    remove_labels, remove_images, swap_roles, swap_kinds_of_labels, rename_labels_to_images,
    cut_labels, empty_labels, page_for_labels,
]  # fmt: skip
RIVALS = [add_rival, add_second_labels]


def exchange(one, other):
    for old, new in ((one, one + "~"), (other, one), (one + "~", other)):
        os.replace(old, new)


def check(folder, kind):
    images, labels = load_dataset(folder.root, kind)
    number, count = folder.numbers[kind], folder.counts[kind]
    assert images.shape == (count, 2, 3) and (images == number).all()
    assert labels.shape == (count,) and (labels == number).all()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_right_pair_or_an_error_that_lists(seed, tmp_path):
    draw = random.Random(seed)
    for number in range(FOLDERS):
        root = tmp_path / str(number)
        root.mkdir()
        folder = Folder(str(root), draw)
        what = f"{folder.style}, {folder.place}, {folder.layout}, {folder.container}"
        decoys = draw.sample(HARMLESS, draw.randint(0, 3))
        for add in decoys:
            add(folder)
        what += "; " + ", ".join(add.__name__ for add in decoys)
        try:
            check(folder, "train")
            check(folder, "test")
            assert all(find(folder.root))
            harm = draw.choice(HARMFUL if folder.paths else RIVALS)
            if draw.random() < 0.2:
                harm = draw.choice(RIVALS)
            what += f"; {harm.__name__}"
            harm(folder)
        except Exception as error:
            raise AssertionError(what) from error
        try:
            check(folder, "train")
        except (FileNotFoundError, ValueError) as error:
            assert harm in HARMFUL or harm in RIVALS, what
            is_listed = any(
                word in str(error).lower() for word in ("images", "labels", "train", "x_", "y_")
            )
            assert is_listed or isinstance(error, IdxError), what
        except AssertionError as error:
            raise AssertionError(what) from error
        else:
            assert harm in RIVALS, what
