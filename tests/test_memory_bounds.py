"""The most memory that each public reader takes for a hostile file: the table, measured.

A small file may announce much and hold little, announce little and hold much, or honestly hold a
thousand times its size. What a reader takes then is at most

    LEAST + packed * (bytes of the files) + images * (bytes of images that are really in them)
    + labels * (bytes of labels that are really in them)

and its row has the three factors. Measured is the system's own account of a process: VmHWM, the
most that was resident, beside what was before the call and the mapped pages of libraries.
"""

import contextlib
import gzip
import importlib
import inspect
import io
import json
import lzma
import os
import pkgutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import pytest

import idxfast
from files.handmade import deflate, member
from idxfast import cli, compat, datasets
from idxfast.containers import archives

MIB = 1 << 20
# For first pieces, a decoder's tables, modules that are imported late: whatever the file.
LEAST = 8 * MIB
# A million of images, or labels.
N = 1_000_000


class Content(NamedTuple):
    """A file of images and one of labels, and how many bytes of data they really hold."""

    images: bytes
    labels: bytes
    images_size: int = 0
    labels_size: int = 0


def header(*shape):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)


def zeros(*shape):
    return gzip.compress(header(*shape) + bytes(np.prod(shape)), 9)


def noise(*shape):
    """A gzip file of 1 MiB, and as much inside."""
    return gzip.compress(header(*shape) + np.random.default_rng(5).bytes(MIB), 0)


def bomb(*shape, mebibytes):
    """A gzip file of zeros, each MiB packed to the same 1 KB, with a wrong checksum."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(header(*shape)) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + packed * mebibytes + packer.flush() + bytes(8)


# As much as a gzip file of 1 MiB is believed to hold, and as much as a header can announce.
GIGABYTE = (1_300_000, 28, 28), (1_000_000_000,)
MOST = (1 << 20, 1 << 20, 1 << 20), (0xFFFFFFFF,)

REFUSED = {
    "a gigabyte announced, 1 MiB there": lambda: Content(*(noise(*s) for s in GIGABYTE), MIB, MIB),
    "the most announced": lambda: Content(*(gzip.compress(header(*shape)) for shape in MOST)),
    "the most announced, raw": lambda: Content(*(header(*shape) for shape in MOST)),
    "a hundred announced, a gigabyte there": lambda: Content(
        *(bomb(*shape, mebibytes=1000) for shape in ((100, 28, 28), (100,)))
    ),
}
ACCEPTED = {
    "a thousand times its size": lambda: Content(zeros(N, 1, 1), zeros(N), N, N),
    "images without pixels": lambda: Content(header(N, 0, 0), zeros(N), 0, N),
    "no images, of four thousand million pixels each": lambda: Content(
        header(0, 0xFFFF, 0xFFFF), header(0)
    ),
    "one image of a million pixels": lambda: Content(zeros(1, 1000, 1000), zeros(1), N, 1),
}
# DEFLATE twice over makes a million bytes of one.
REFUSED_IN_ZIP = {
    "100 MB of empty blocks": lambda: Content(
        *[member(b"", body=b"\0\0\0\xff\xff" * 20 * N + deflate(b""))] * 2
    ),
    "100 MB of padding": lambda: Content(*[member(header(0)) + bytes(100 * N)] * 2),
    "a gigabyte in a few thousand bytes": lambda: Content(
        *(bomb(*shape, mebibytes=1000) for shape in GIGABYTE)
    ),
}


def four(folder, content):
    """The files of MNIST, under all the names, and in all the folders, where they are looked for."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("train-images-idx3", "t10k-images-idx3", "train-labels-idx1", "t10k-labels-idx1"):
        (raw / f"{name}-ubyte").write_bytes(content.images if "images" in name else content.labels)
        (raw / f"{name}-ubyte.gz").symlink_to(f"{name}-ubyte")
    (folder / "datasets").mkdir()
    for name in ("mnist", "datasets/fashion-mnist", "FashionMNIST", "KMNIST"):
        (folder / name).symlink_to(folder / "MNIST" / ("" if name[0].isupper() else "raw"))


def xz(folder, content):
    """What gzip has packed, up to 20 MB of it, in xz."""
    raw = folder / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, data in (("images-idx3-ubyte", content.images), ("labels-idx2-int", content.labels)):
        if data[:1] == b"\x1f":
            data = zlib.decompressobj(-15).decompress(data[10:], 20 * N)
        (raw / f"qmnist-train-{name}.xz").write_bytes(lzma.compress(data, preset=1))


def zipped(folder, content):
    """EMNIST's zip file, where each loader looks for it."""
    raw = folder / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    with zipfile.ZipFile(raw / "gzip.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for kind in ("train", "test"):
            for name, data in (("images-idx3", content.images), ("labels-idx1", content.labels)):
                archive.writestr(f"gzip/emnist-digits-{kind}-{name}-ubyte.gz", data)
    (folder / ".cache" / "emnist").mkdir(parents=True)
    (folder / ".cache" / "emnist" / "emnist.zip").symlink_to(raw / "gzip.zip")


def tarred(folder, content):
    """The files of MNIST in a compressed tar archive, which compresses them once more."""
    with tarfile.open(folder / "mnist.tar.gz", "w:gz", compresslevel=1) as archive:
        for name, data in (
            ("train-images-idx3-ubyte.gz", content.images),
            ("train-labels-idx1-ubyte.gz", content.labels),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def directory(folder, content):
    """A zip file of nothing but names."""
    (folder / ".cache" / "emnist").mkdir(parents=True)
    with zipfile.ZipFile(folder / ".cache" / "emnist" / "emnist.zip", "w") as archive:
        for i in range(5000):
            archive.writestr(f"gzip/emnist-{i}-test-images-idx3-ubyte.gz", b"")


def npz(folder, content):
    """Kuzushiji-49's files, not the published ones: 100 MB each."""
    with zipfile.ZipFile(folder / "bomb", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", np.lib.format.magic(1, 0) + bytes(100 * N))
    for kind in ("train-imgs", "train-labels", "test-imgs", "test-labels"):
        (folder / f"k49-{kind}.npz").symlink_to(folder / "bomb")


CONTENTS = {
    four: REFUSED | ACCEPTED,
    xz: REFUSED | ACCEPTED,
    zipped: REFUSED | ACCEPTED | REFUSED_IN_ZIP,
    tarred: REFUSED | ACCEPTED | REFUSED_IN_ZIP,
    directory: {"five thousand names": lambda: Content(b"", b"")},
    npz: {"a hundred megabytes": lambda: Content(b"", b"")},
}


@dataclass
class Reader:
    """A row of the table."""

    names: str  # the public names that it tests, separated by spaces
    call: str
    images: float = 1  # one array, whose pages are touched as data arrive
    labels: float = 1
    packed: float = 3  # the file in memory, and a part of it once more
    layout: Callable[..., None] = four
    is_whole: bool = True  # whether it reads more than headers and names
    needs: str | None = None  # a package


# Memory for what does not tell its size doubles as bytes arrive.
GROWING = 2
# As a list of int, a pixel takes 8 bytes, and an image 64 and two words of malloc's.
LIST = 8 + 64 + 16
# int64, or float64.
WIDE = 8
# A one-hot label, float64 of 10 classes, and two numbers that are needed for it meanwhile.
ONE_HOT = 10 * WIDE + 2 * WIDE
# The name of a column, in a list; and in the index of a data frame, too.
NAME = 80
COLUMN = 120
# Up to 16 times the packed size of a gzip file in a zip file is read, into memory that doubles.
IN_ZIP = 2 * 16

BOTH = 2  # the training and the test files
HEADER = {"images": 0, "labels": 0, "packed": 0, "is_whole": False}
IN_ARCHIVE = HEADER | {"packed": IN_ZIP}
STREAM = "SimpleNamespace(read=open(images, 'rb').read)"
MNIST = "python_mnist.MNIST(folder + '/mnist'"
READERS = [
    Reader("load", "idxfast.load(images)"),
    Reader("load", "idxfast.load(labels, threads=2)"),
    # What is kept in memory, and a copy.
    Reader("open", "idxfast.open(images)[...]", images=2),
    Reader("open", f"idxfast.open({STREAM})[...]", images=GROWING + 1),
    Reader("open", "idxfast.open(images).shape", **HEADER | {"packed": 1}),
    Reader("load", "idxfast.load(open(images, 'rb'))"),
    Reader("load", f"idxfast.load({STREAM})", images=GROWING),
    Reader("load", "idxfast.load(gzip.open(images))", images=GROWING),
    Reader("load", "idxfast.load(labels, max_bytes=1000)", images=0, labels=0),
    Reader("load", "idxfast.load(images, mmap_mode='r')", images=0, labels=0, packed=0),
    Reader("loads", "idxfast.loads(open(images, 'rb').read())"),
    Reader("read_header", "idxfast.read_header(images)", **HEADER),
    Reader("read_header", f"idxfast.read_header({STREAM})", **HEADER),
    Reader("append", "idxfast.open(images, mode='a')", **HEADER),
    Reader("load_dataset", "idxfast.load_dataset(folder + '/mnist')"),
    Reader(
        "load_dataset", "idxfast.load_dataset(folder + '/QMNIST/raw')", GROWING, GROWING, layout=xz
    ),
    Reader(
        "load_dataset",
        "idxfast.load_dataset(folder, 'emnist-digits-train')",
        GROWING,
        GROWING,
        IN_ZIP,
        zipped,
    ),
    Reader("load_dataset", "idxfast.load_dataset(folder)", GROWING, GROWING, IN_ZIP, tarred),
    Reader("datasets.find", "datasets.find(folder + '/mnist')", **HEADER),
    # Of each member, at most 1 MiB.
    Reader(
        "datasets.find", "datasets.find(folder, 'emnist-digits-test')", **IN_ARCHIVE, layout=zipped
    ),
    Reader("datasets.find", "datasets.find(folder)", **IN_ARCHIVE, layout=tarred),
    Reader("cli.info", "cli.main(['info', folder])", **IN_ARCHIVE, layout=zipped),
    # Held against the published hash, and unpacked up to the published size alone.
    Reader("datasets.load", "datasets.load('mnist', 'test', folder + '/mnist')", needs="pooch"),
    Reader("cli.info", "cli.main(['info', images])", **HEADER),
    Reader("cli.info", "cli.main(['info', '--verify', images])"),
    Reader("cli.verify", "cli.main(['verify', images])"),
    Reader("cli.convert", "cli.main(['convert', images, '/dev/null'])"),
    Reader("cli.diff", "cli.main(['diff', images, images])", images=BOTH),
    # Labels are read, sorted, and held against published hashes.
    Reader("cli.show", "cli.main(['show', images])", images=3, labels=4),
    Reader("cli.sheet", "cli.main(['sheet', images, '-o', '/dev/null'])", 3, 30, needs="PIL.Image"),
    # Two words of hash for each item, and their order.
    Reader("cli.stats", "cli.main(['stats', images])", images=1 + 5 * WIDE, labels=6),
    # A large image is summed and shown as float64. Of each item there is a digest of 16 bytes, several
    # times while digests are sorted and compared.
    Reader(
        "cli.report",
        "cli.main(['report', folder + '/mnist', '-o', folder + '/report.html'])",
        images=7 * WIDE,
        labels=120,
        needs="PIL.Image",
    ),
    Reader("compat.idx2numpy.converters.convert_from_file", "idx2numpy.convert_from_file(images)"),
    Reader(
        "compat.idx2numpy.converters.convert_from_string",
        "idx2numpy.convert_from_string(open(images, 'rb').read())",
    ),
    Reader("compat.mnist.parse_idx", "mnist.parse_idx(open(images, 'rb'))"),
    Reader(
        "compat.mnist.download_and_parse_mnist_file",
        "mnist.download_and_parse_mnist_file('t10k-images-idx3-ubyte', folder + '/mnist')",
    ),
    Reader("compat.mnist.train_images", "mnist.train_images()"),
    Reader("compat.mnist.train_labels", "mnist.train_labels()"),
    Reader("compat.mnist.test_images", "mnist.test_images()"),
    Reader("compat.mnist.test_labels", "mnist.test_labels()"),
    Reader("compat.mlxtend.loadlocal_mnist", "mlxtend.loadlocal_mnist(images, labels)"),
    Reader("compat.pylearn2.read_mnist_images", "pylearn2.read_mnist_images(images)"),
    Reader("compat.pylearn2.read_mnist_labels", "pylearn2.read_mnist_labels(labels)"),
    Reader(
        "compat.pylearn2.read_mnist_images",
        "pylearn2.read_mnist_images(images, 'f4')",
        images=1 + 4,
    ),
    Reader("compat.mnist_reader.load_mnist", "mnist_reader.load_mnist(folder + '/mnist')"),
    Reader("compat.keras.mnist.load_data", "keras.mnist.load_data(folder + '/mnist')", BOTH, BOTH),
    Reader("compat.keras.fashion_mnist.load_data", "keras.fashion_mnist.load_data()", BOTH, BOTH),
    # Labels once more as an array.array, from bytes.
    Reader("compat.python_mnist.loader.MNIST", f"{MNIST}).load_training()", 1 + LIST, 3),
    Reader("compat.python_mnist.loader.MNIST", f"{MNIST}).load(images, labels)", 1 + LIST, 3),
    # Random numbers, brightnesses, and what comes of their comparison, before the lists.
    Reader(
        "compat.python_mnist.loader.MNIST",
        f"{MNIST}, 'randomly_binarized').load_training()",
        2 + 2 * WIDE + LIST,
        3,
    ),
    Reader(
        "compat.python_mnist.loader.MNIST",
        f"{MNIST}, return_type='numpy').load_testing()",
        1 + WIDE,
        2,
    ),
    Reader(
        "compat.python_mnist.loader.MNIST",
        f"{MNIST}, 'rounded_binarized', 'numpy').load_testing()",
        2 + WIDE,
        2,
    ),
    Reader(
        "compat.python_mnist.loader.MNIST",
        f"list({MNIST}).load_training_in_batches({N}))",
        1 + LIST,
        3,
    ),
    # float32, and the order of the images.
    Reader(
        "compat.tensorflow.input_data.read_data_sets compat.tensorflow.input_data.Datasets compat.tensorflow.batches.DataSet",
        "tensorflow.read_data_sets(folder + '/mnist', validation_size=0)",
        BOTH * (1 + 4),
        BOTH * (1 + WIDE),
    ),
    Reader(
        "compat.tensorflow.input_data.read_data_sets",
        "tensorflow.read_data_sets(folder + '/mnist', one_hot=True, validation_size=0)",
        BOTH * (1 + 4),
        BOTH * (1 + WIDE + ONE_HOT),
    ),
    Reader(
        "compat.tensorflow.input_data.load_mnist",
        "tensorflow.load_mnist(folder + '/mnist')",
        BOTH * (1 + 4),
        BOTH * (1 + WIDE),
    ),
    Reader(
        "compat.tensorflow.input_data.extract_images",
        "tensorflow.extract_images(open(images, 'rb'))",
    ),
    Reader(
        "compat.tensorflow.input_data.extract_labels",
        "tensorflow.extract_labels(open(labels, 'rb'))",
    ),
    Reader(
        "compat.tensorflow.input_data.extract_labels",
        "tensorflow.extract_labels(open(labels, 'rb'), one_hot=True)",
        labels=1 + ONE_HOT,
    ),
    # A column for each pixel of an image; labels as references to strings.
    Reader(
        "compat.sklearn.fetch_openml",
        "sklearn.fetch_openml('mnist_784', data_home=folder, return_X_y=True, as_frame=False)",
        BOTH * (1 + WIDE) + NAME,
        BOTH * (1 + 3 * WIDE),
    ),
    Reader(
        "compat.sklearn.fetch_openml",
        "sklearn.fetch_openml('mnist_784', data_home=folder, return_X_y=True)",
        BOTH * (1 + 2 * WIDE) + COLUMN,
        BOTH * (1 + 4 * WIDE),
        needs="pandas",
    ),
    Reader("compat.mnists.sets.read_idx_file", "mnists.read_idx_file(images)"),
    *(
        Reader(
            f"compat.mnists.sets.{name} compat.mnists.dataset.Dataset",
            f"mnists.{name}(folder + '/mnist', download=False)",
            BOTH,
            BOTH,
        )
        for name in ("MNIST", "FashionMNIST", "KMNIST")
    ),
    # Nothing is read of a file without the published hash.
    Reader("compat.mnists.k49.K49", "mnists.K49(folder)", 0, 0, 0, layout=npz),
    Reader(
        "compat.mnists.emnist.EMNIST compat.mnists.emnist.Digits compat.mnists.emnist.Letters "
        "compat.mnists.emnist.Balanced compat.mnists.emnist.ByClass compat.mnists.emnist.ByMerge",
        "mnists.EMNIST(folder + '/EMNIST/raw', download=False).Digits()",
        BOTH * GROWING,
        BOTH * GROWING,
        IN_ZIP,
        zipped,
    ),
    *(
        Reader(
            f"compat.emnist.{call.partition('(')[0]}",
            f"emnist.{call}",
            GROWING,
            GROWING,
            IN_ZIP,
            zipped,
        )
        for call in (
            "extract_training_samples('digits')",
            "extract_test_samples('digits')",
            "extract_samples('digits', 'test')",
            "extract_data('digits', 'test', 'images')",
            "extract_data('digits', 'test', 'labels')",
        )
    ),
    Reader(
        "containers.archives.load_member",
        "archives.load_member(folder + '/EMNIST/raw/gzip.zip', 'gzip/emnist-digits-test-images-idx3-ubyte.gz')",
        GROWING,
        0,
        IN_ZIP,
        zipped,
    ),
    # What zipfile keeps of each name.
    Reader(
        "compat.emnist.list_datasets containers.archives.open_zip",
        "emnist.list_datasets()",
        packed=12,
        layout=directory,
        is_whole=False,
    ),
    Reader("compat.emnist.parse_idx", "emnist.parse_idx(open(images, 'rb').read())"),
    *(
        Reader(
            f"compat.torchvision.readers.{name}",
            f"torchvision.{name}({file})",
            needs="torch",
            labels=1 + WIDE,
        )
        for name, file in (
            ("read_sn3_pascalvincent_tensor", "images"),
            ("read_image_file", "images"),
            ("read_label_file", "labels"),
        )
    ),
    *(
        Reader(
            f"compat.torchvision.sets.{name}",
            f"torchvision.{name}(folder)",
            labels=1 + WIDE,
            needs="torch",
        )
        for name in ("MNIST", "FashionMNIST", "KMNIST")
    ),
    Reader(
        "compat.torchvision.emnist.EMNIST",
        "torchvision.EMNIST(folder, 'digits')",
        GROWING,
        GROWING + WIDE,
        IN_ZIP,
        zipped,
        needs="torch",
    ),
    Reader(
        "compat.torchvision.qmnist.QMNIST",
        "torchvision.QMNIST(folder)",
        GROWING,
        GROWING + WIDE,
        layout=xz,
        needs="torch",
    ),
]
READ_NOTHING = {
    "create", "dumps", "save", "datasets.fetch", "datasets.info", "cli.fetch", "cli.cache", "cli.demo",
    # Pictures alone.
    "cli.pack",
    # Files to disk, and paths.
    "compat.mnist.download_file", "compat.emnist.get_cached_data_path",
    "compat.emnist.ensure_cached_data", "compat.emnist.clear_cached_data",
    "compat.mnists.dataset.default_folder",
    # Writers.
    "compat.idx2numpy.converters.convert_to_file", "compat.idx2numpy.converters.convert_to_string",
    "compat.python_mnist.packer.img_packer", "compat.python_mnist.packer.label_packer",
    # Errors, and what is no file at all.
    "compat.idx2numpy.FormatError.FormatError", "compat.mnist.IdxDecodeError",
    "compat.python_mnist.loader.MNISTException", "compat.torchvision.readers.get_int",
    "compat.torchvision.readers.torch_module", "compat.torchvision.sets.check_choice",
    "compat.torchvision.sets.check_integrity", "compat.torchvision.base.PlainDataset",
    "compat.torchvision.published.resources", "compat.torchvision.published.qmnist_resources",
    # Arrays of the caller's.
    "compat.tensorflow.input_data.dense_to_one_hot", "compat.torchvision.batches.Steps",
    "compat.torchvision.batches.recognise", "compat.torchvision.batches.is_usual",
    "compat.torchvision.batches.index_of", "compat.torchvision.batches.BatchMethod",
    # One image after another of what extract_samples gives.
    "compat.emnist.inspect",
    # Readers of this table take the places of others'.
    "compat._patching.patch", "compat._patching.unpatch", "compat._patching.Patch",
}  # fmt: skip
# Rooms that the readers share, which nobody else imports.
SHARED = ("_shared", "_replacements", "keras.folder", "python_mnist.pixels")

CHILD = """
import gzip, importlib, json, os, resource, sys
from types import SimpleNamespace
import idxfast
idxfast.load_dataset  # imported when it is first used

def size(field):
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(field))

def measure(folder, call):
    os.environ.update(HOME=folder, KERAS_HOME=folder, TMPDIR=folder + "/mnist")
    namespace.update(folder=folder)
    for name, file in (("images", "images-idx3"), ("labels", "labels-idx1")):
        namespace[name] = f"{folder}/mnist/train-{file}-ubyte"
    before, mapped = size("VmRSS"), size("RssFile")
    outcome = "accepted"
    try:
        kept = eval(call, namespace)
        outcome = "refused" if call.startswith("cli.") and kept else outcome
    except (ValueError, OSError):
        outcome = "refused"
    except Exception as error:
        # idx2numpy's own exception; others are of ours.
        outcome = "refused" if isinstance(error.__cause__, idxfast.IdxError) else repr(error)
    # A fork maps the pages of libraries anew where it runs them, which is no memory of the call.
    return outcome, size("VmHWM") - before - (size("RssFile") - mapped)

# What is believed although it is wrong is a MemoryError here.
resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
namespace, names, call, needs, *folders = globals(), *sys.argv[1:]
parts = names.split()[0].split(".")
if len(parts) > 1:
    package = ".".join(["idxfast", *parts[: 2 if parts[0] in ("compat", "containers") else 1]])
    namespace[package.rpartition(".")[2]] = importlib.import_module(package)
for module in filter(None, needs.split()):
    importlib.import_module(module)
for folder in folders:
    # A process of its own for each: what the last one has freed would count for nothing.
    if not os.fork():
        with open(folder + "/measured", "w") as file:
            json.dump(measure(folder, call), file)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folders with the contents of a layout, by name, and how much each content really holds."""
    folders = {}

    def make(layout):
        if layout not in folders:
            folders[layout] = {}
            for name, content_of in CONTENTS[layout].items():
                folder, content = tmp_path_factory.mktemp(layout.__name__), content_of()
                layout(folder, content)
                folders[layout][name] = folder, content.images_size, content.labels_size
        return folders[layout]

    return make


def measure(reader, folders):
    """What came of each call, and how many bytes it took."""
    options = [reader.names, reader.call, reader.needs or ""]
    child = subprocess.run(
        [sys.executable, "-P", "-c", CHILD, *options, *map(str, folders)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "IDXFAST_OFFLINE": "1"},
    )
    assert child.returncode == 0, child.stderr
    return [json.loads((folder / "measured").read_text()) for folder in folders]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.call)
def test_bound(reader, made):
    if reader.needs:
        pytest.importorskip(reader.needs)
    contents = made(reader.layout)
    results = measure(reader, [folder for folder, *_ in contents.values()])
    for (name, (folder, images, labels)), (outcome, taken) in zip(
        contents.items(), results, strict=True
    ):
        packed = sum(
            path.stat().st_size
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink()
        )
        bound = LEAST + reader.packed * packed + reader.images * images + reader.labels * labels
        assert taken <= bound, f"{name}: {taken:,} bytes, and the bound is {bound:,}"
        assert outcome in ("accepted", "refused"), name
        if reader.is_whole and name not in ACCEPTED:
            assert outcome == "refused", name


def defined_in(module):
    """The public functions and classes of a module, by their names below idxfast."""
    for name, value in vars(module).items():
        is_own = getattr(value, "__module__", None) == module.__name__
        if (
            not name.startswith("_")
            and is_own
            and (inspect.isfunction(value) or inspect.isclass(value))
        ):
            yield f"{value.__module__}.{value.__qualname__}".removeprefix("idxfast.")


def test_no_public_reader_is_missing():
    public = {name for name in idxfast.__all__ if inspect.isfunction(getattr(idxfast, name))}
    public |= {
        f"datasets.{name}"
        for name in datasets.__all__
        if inspect.isfunction(getattr(datasets, name))
    }
    public |= {f"cli.{name}" for name in cli._VERBS}
    public |= set(defined_in(archives))
    for module in pkgutil.walk_packages(compat.__path__, "idxfast.compat."):
        if not module.name.removeprefix("idxfast.compat.").startswith(SHARED):
            # A module that only torch needs defines no reader.
            with contextlib.suppress(*([] if find_spec("torch") else [ModuleNotFoundError])):
                public |= set(defined_in(importlib.import_module(module.name)))
    tested = {name for reader in READERS for name in reader.names.split()}
    assert public - tested - READ_NOTHING == set()
    assert tested | READ_NOTHING <= public
