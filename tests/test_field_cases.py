"""Files and folders that people have, as a user meets them.

Each module has tests of its own. These tests use the public functions and the command line alone,
and compare what they give with what the user should get.
"""

import base64
import bz2
import gzip
import io
import itertools
import lzma
import os
import re
import struct
import sys
import threading

import numpy as np
import pytest

import idxfast
from files.handmade import archive
from idxfast import FormatError, IdxError, SizeError, TrailingDataError, TruncatedError
from idxfast.cli import main

DICE = np.random.default_rng(180)
NAMES = {"idxfast": idxfast, "gzip": gzip, "lzma": lzma, "bz2": bz2}
NAMES |= {"pathlib": __import__("pathlib"), "base64": base64}


def header(code, *shape, ndim=None, order=">"):
    ndim = len(shape) if ndim is None else ndim
    return bytes([0, 0, code, ndim]) + struct.pack(f"{order}{len(shape)}I", *shape)


def images(count=5, value=1):
    return header(8, count, 4, 3) + bytes([value]) * (count * 12)


def labels(count=5, value=1):
    return header(8, count) + bytes([value]) * count


def put(root, **contents):
    """Write files: the name of each, with its folders, and its content."""
    for name, content in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def same(found, expected):
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype.newbyteorder("="))
    assert found.tobytes() == expected.astype(found.dtype).tobytes()


def refused(function, *arguments, kind=IdxError):
    with pytest.raises(kind) as caught:
        function(*arguments)
    return caught.value


def pair(root, kind="train"):
    """The values of the images and of the labels. `find` and `load` have to agree on them."""
    found = idxfast.load_dataset(root, kind)
    paths = idxfast.datasets.find(root, kind)
    for array, path in zip(found, paths, strict=True):
        same(idxfast.load(path), array)
    return [set(array.ravel().tolist()) for array in found]


def from_pipe(data, function=idxfast.load):
    reader, writer = os.pipe()

    def write():
        with os.fdopen(writer, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        return function(reader)
    finally:
        thread.join()
        os.close(reader)


# Each of these ways to read a file's content returns a function, its argument, and the variables that
# a call in the message uses.
def as_path(content, place):
    place.write_bytes(content)
    return idxfast.load, str(place), {}


def as_bytes(content, place):
    return idxfast.loads, content, {"data": content}


def as_pipe(content, place):
    return lambda data: from_pipe(data), content, {"file": io.BytesIO(content)}


def as_opened(content, place):
    place.write_bytes(content)
    return lambda path: idxfast.open(path)[...], str(place), {}


WAYS = [as_path, as_bytes, as_pipe, as_opened]
PACKERS = {
    "raw": bytes,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zip": lambda data: archive("zip", **{"train-images-idx3": data}),
    "tar.gz": lambda data: archive("tar.gz", **{"train-images-idx3": data}),
}


# Archives with one IDX file in them, and chained URLs.


@pytest.mark.parametrize(
    "url",
    [
        "zip://train-images-idx3-ubyte::m.zip",
        "zip://train-images-idx3-ubyte::file://{place}/m.zip",
        "zip://train-images-idx3-ubyte::zip://m.zip::{place}/two.zip",
        "simplecache::file://{place}/images.gz",
        "tar://train-images-idx3-ubyte::m.tgz",
        "dir://images.gz::file://{place}",
        "m.zip",
        "m.tgz",
    ],
)
def test_chained_urls_and_archives(url, tmp_path, monkeypatch):
    if "::" in url:
        pytest.importorskip("fsspec", minversion="2026.9" if url.startswith("dir:") else None)
    monkeypatch.chdir(tmp_path)
    content = header(8, 5, 4, 3) + bytes(range(60))
    inner = archive("zip", **{"train-images-idx3-ubyte": content})
    put(
        tmp_path,
        **{
            "m.zip": inner,
            "two.zip": archive("zip", **{"m.zip": inner}),
            "m.tgz": archive("tar.gz", **{"train-images-idx3-ubyte": content}),
            "images.gz": gzip.compress(content),
        },
    )
    url = url.format(place=tmp_path)
    expected = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
    same(idxfast.load(url), expected)
    same(idxfast.open(url)[1:3], expected[1:3])
    assert idxfast.read_header(url).shape == (5, 4, 3)


# Files with a wrong header: the call in the message reads them.

COLOURS = DICE.integers(0, 256, (6, 32, 30, 3), np.uint8)
OPAQUE = DICE.integers(0, 256, (4, 9, 9, 4), np.uint8)
OPAQUE[..., 3] = 255
VALUES = DICE.random((20, 6, 6)).astype("<f4")
WIDE = DICE.integers(0, 10, 1_000)
GREY = DICE.integers(0, 256, (7, 5, 4), np.uint8)
WRONG = {
    "colour": (header(8, 6, 32, 30) + COLOURS.tobytes(), COLOURS, "exactly 3 times"),
    "transparency": (header(8, 4, 9, 9) + OPAQUE.tobytes(), OPAQUE, "4 values a pixel"),
    "two channels": (
        header(8, 8, 9, 9) + OPAQUE.tobytes(),
        OPAQUE.reshape(8, 9, 9, 2),
        "2 values a pixel",
    ),
    **{
        f"labels {dtype}": (
            header(8, 1_000) + WIDE.astype(dtype).tobytes(),
            WIDE.astype(dtype),
            words,
        )
        for dtype, words in (
            ("<i4", "4 bytes (little-endian int32)"),
            ("<i8", "8 bytes (little-endian int64)"),
            (">i4", "4 bytes (big-endian int32)"),
        )
    },
    **{
        f"dimension {dtype}": (
            header(code, 20, 6, 6, ndim=2) + (99 * VALUES).astype(dtype).tobytes(),
            (99 * VALUES).astype(dtype),
            words,
        )
        for dtype, code, words in (
            ("<f4", 0x0D, "make sense only as little-endian float32"),
            ("<i4", 0x0C, "make sense only as little-endian int32"),
            ("u1", 8, "one more dimension than its magic number says (20 x 6 x 6)"),
        )
    },
    **{
        f"swapped {dtype}": (
            header(code, 7, 5, 4, order="<") + GREY.astype(dtype).tobytes(),
            GREY.astype(dtype),
            "its dimensions look byte-swapped",
        )
        for dtype, code in (("u1", 8), ("<i2", 0x0B), ("<f8", 0x0E))
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_header(case, pack, way, tmp_path):
    content, expected, words = WRONG[case]
    read, argument, names = way(PACKERS[pack](content), tmp_path / "train-images-idx3-ubyte")
    error = refused(read, argument)
    if way is as_opened and isinstance(error, SizeError) and error.hint is None:
        # The size that is announced decides whether these containers can be opened.
        assert pack not in ("raw", "gz")
        return
    if way is as_pipe and isinstance(error, SizeError) and pack in ("raw", "xz"):
        return  # the header is wrong, and the size of the stream is not waited for
    assert words in error.hint
    call = re.search(r"idxfast\.loads?\(.*?\)\), offset=\d+\)|idxfast.*$", error.hint)
    same(eval(call[0], NAMES | names), expected)
    if case.startswith("dimension") and way is as_path:
        assert "the name says idx3" in error.hint


@pytest.mark.parametrize("pack", ["raw", "gz"])
@pytest.mark.parametrize("name", ["train_images.bin", "train-images-idx3-ubyte"])
def test_a_wrong_header_in_a_folder_and_on_the_command_line(name, pack, tmp_path, capsys):
    content, expected, words = WRONG["colour"]
    path = tmp_path / name
    put(
        tmp_path,
        **{
            name: PACKERS[pack](content),
            name.replace("images", "labels").replace("3", "1"): labels(6),
        },
    )
    error = refused(idxfast.load_dataset, tmp_path)
    assert words in error.hint
    assert main(["info", "--verify", str(path)]) == 1
    line = capsys.readouterr().err
    call = re.search(r"idxfast\.load\(.*\)$", line, re.MULTILINE)[0]
    for text in (call, error.hint.rpartition(": ")[2]):
        assert text.startswith(f"idxfast.load({str(path)!r}, ")
        same(eval(text, NAMES), expected)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pack", ["gz", "xz", "zip", "tar.gz"])
@pytest.mark.parametrize(
    ("shape", "there", "words"),
    [
        ((3, 4, 4), 40, "the first 2 of 3 items are whole"),
        ((60_000,), 59_000, "the first 59,000 of 60,000 items are whole"),
        ((3, 5, 5), 26, "only the first of 3 items is whole"),
    ],
)
def test_a_header_that_announces_too_much(shape, there, words, pack, way, tmp_path):
    payload = DICE.bytes(there)
    content = PACKERS[pack](header(8, *shape) + payload)
    read, argument, names = way(content, tmp_path / "file")
    error = refused(read, argument, kind=TruncatedError)
    assert "container is whole" in error.hint
    assert words in error.hint
    assert "truncated" not in str(error)
    found = eval(error.hint.rpartition(": ")[2], NAMES | names)
    whole = there // int(np.prod(shape[1:]))
    assert found.shape == (whole, *shape[1:])
    assert found.tobytes() == payload[: found.size]


# Files that a text tool has changed, and text that only says where the file is.

TEXT = header(8, 10_000) + DICE.integers(0, 10, 10_000, np.uint8).tobytes()
CONVERTED = {
    "zeros": (TEXT.replace(b"\0", b""), "zero bytes seem to have been removed"),
    "zeros-3": (
        (header(8, 9, 28, 28) + bytes(range(1, 10)) * 784).replace(b"\0", b""),
        "download or copy the file again, as binary data",
    ),
    "zeros-float": (
        header(0x0D, 300).replace(b"\0", b"") + b"\x3f\x80" * 300,
        "zero bytes seem to have been removed",
    ),
    "hex": (TEXT.hex(" ", 2).encode(), "a hex dump, as text"),
    "HEX": (TEXT.hex(" ").upper().encode(), "a hex dump, as text"),
    "xxd": (b"00000000: 0000 0801 0000 2710 0500 0401 0902 0103  ................\n", "a hex dump"),
    "hexdump": (b"0000000 0000 0108 0000 1027 0005 0104 0209 0301\n0000010 0001\n", "a hex dump"),
    "od": (b"0000000 000000 000410 000000 010047 000005\n0000020 000001\n", "an octal dump"),
    "utf-16": (TEXT.decode("latin-1").encode("utf-16"), "UTF-16, as PowerShell's > does"),
    "utf-16-be": (TEXT.decode("latin-1").encode("utf-16-be"), "UTF-16, as PowerShell's > does"),
    "hex-utf-16": (TEXT.hex(" ").encode("utf-16"), "UTF-16 text: a hex dump"),
}
POINTERS = {
    "link": (b"../../data/mnist/train-images-idx3-ubyte", "target of a symbolic link"),
    "link-windows": (b"..\\data\\train-images-idx3-ubyte.gz", "target of a symbolic link"),
    "link-name": (b"train-images-idx3-ubyte.gz", "target of a symbolic link"),
    "link-cygwin": (b"!<symlink>\xff\xfed\0a\0", "a symbolic link of Cygwin"),
    "annex": (b"/annex/objects/SHA256E-s9912422--440fcabf.gz\n", "`git annex get` fetches them"),
    "annex-link": (b"../.git/annex/objects/X/9/MD5E-s1--9f/MD5E-s1--9f", "`git annex get`"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n", "git lfs pull"),
    "dvc": (b"outs:\n- md5: a30\n  path: x\n", "`dvc pull` fetches them"),
}


@pytest.mark.parametrize("pack", ["raw", "gz", "zip"])
@pytest.mark.parametrize("case", [*CONVERTED, *POINTERS])
def test_text_in_place_of_a_file(case, pack, tmp_path, capsys):
    content, words = (CONVERTED | POINTERS)[case]
    packed = PACKERS[pack](content)
    path = tmp_path / "file"
    path.write_bytes(packed)
    for function in (idxfast.load, idxfast.open, idxfast.read_header):
        assert words in str(refused(function, path, kind=FormatError))
    for read in (idxfast.load, idxfast.read_header):
        assert words in str(refused(from_pipe, packed, read, kind=FormatError))
    assert words in str(refused(idxfast.loads, packed, kind=FormatError))
    assert main(["info", str(path)]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("pack", ["raw", "gz"])
@pytest.mark.parametrize("case", ["hex", "HEX", "utf-16", "utf-16-be", "hex-utf-16"])
def test_text_is_turned_back(case, pack, tmp_path, capsys):
    path = tmp_path / "file"
    path.write_bytes(PACKERS[pack](CONVERTED[case][0]))
    for function in (idxfast.load, idxfast.read_header):
        call = re.search(r"idxfast\.loads\(.*\)$", str(refused(function, path)))[0]
        assert eval(call, NAMES).tobytes() == TEXT[8:]
    assert main(["info", str(path)]) == 1
    assert call in capsys.readouterr().err


# Folders.

FOUR = {
    "train-images-idx3-ubyte": images(),
    "train-labels-idx1-ubyte": labels(),
    "t10k-images-idx3-ubyte": images(3, 2),
    "t10k-labels-idx1-ubyte": labels(3, 2),
}


def in_own_folders(name):
    return f"{name}/{name}"


@pytest.mark.parametrize(
    "path",
    [
        in_own_folders,
        lambda name: in_own_folders(re.sub("-(?=idx)", ".", name)),
        lambda name: f"{name}.gz/{name}",
        lambda name: f"{name}/{re.sub('-(?=idx)', '.', name)}",
    ],
)
def test_each_file_in_a_folder_of_its_own(path, tmp_path):
    put(tmp_path, **{path(name): content for name, content in FOUR.items()})
    assert pair(tmp_path) == [{1}, {1}]
    assert pair(tmp_path, "test") == [{2}, {2}]


@pytest.mark.parametrize("beside", [None, "README.md", ".DS_Store", "own"])
def test_files_beside_folders_of_similar_names_are_taken(beside, tmp_path):
    from idxfast.compat.python_mnist import MNIST

    for name in FOUR:
        (tmp_path / name).mkdir()
        if beside is not None:
            other = images(5, 9) if "images" in name else labels(5, 9)
            put(tmp_path, **{f"{name}/{name if beside == 'own' else beside}": other})
    put(tmp_path, **{re.sub("-(?=idx)", ".", name): FOUR[name] for name in FOUR})
    assert pair(tmp_path) == [{1}, {1}]
    found = MNIST(str(tmp_path)).load_training()
    assert [set(np.ravel(array).tolist()) for array in found] == [{1}, {1}]


@pytest.mark.parametrize(
    "place",
    [
        "MNIST/raw/{}",
        "datasets/fashion-mnist/{}.gz",
        "datasets--user--mnist/snapshots/" + 40 * "a" + "/{}",
        "data/MNIST/raw/{}.gz",
    ],
)
def test_folders_of_other_programs(place, tmp_path, capsys):
    for name, content in FOUR.items():
        packed = gzip.compress(content) if place.endswith("gz") else content
        put(tmp_path, **{place.format(name): packed})
    assert pair(tmp_path) == [{1}, {1}]
    assert pair(tmp_path, "t10k") == [{2}, {2}]
    paths = idxfast.datasets.find(tmp_path, "test")
    assert paths.images == str(tmp_path / place.format("t10k-images-idx3-ubyte"))
    assert main(["info", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert all(place.format(name) in text for name in FOUR)


def test_a_cache_of_links(tmp_path, capsys):
    """The Hugging Face hub has one. The files that it links to are not listed as something else."""
    hub = tmp_path / "datasets--user--mnist"
    for number, (name, content) in enumerate(FOUR.items()):
        put(hub, **{f"blobs/{number:064x}": content})
        snapshot = hub / "snapshots" / (40 * "a")
        snapshot.mkdir(parents=True, exist_ok=True)
        (snapshot / name).symlink_to(f"../../blobs/{number:064x}")
    assert pair(tmp_path) == [{1}, {1}]
    assert main(["info", str(tmp_path)]) == 0
    assert "not IDX" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"train-labels-idx1-ubyte": labels()},
            "train-labels-idx1-ubyte (5 uint8, raw), without images",
        ),
        (
            {"train-images-idx3-ubyte.gz": gzip.compress(images())},
            "train-images-idx3-ubyte.gz (5 x 4 x 3 uint8, gzip), without labels",
        ),
        (
            {"a/train_images.bin": images(), "b/train_labels.bin": labels()},
            "a/train_images.bin (5 x 4 x 3 uint8, raw), without labels; "
            "b/train_labels.bin (5 uint8, raw), without images",
        ),
        (
            {"set.zip": archive("zip", **{"train-images": images()})},
            "set.zip/train-images (5 x 4 x 3 uint8, zip), without labels",
        ),
        ({"notes.txt": b"text"}, "none at all"),
    ],
)
def test_a_missing_partner(files, words, tmp_path):
    put(tmp_path, **files)
    for function in (idxfast.load_dataset, idxfast.datasets.find):
        error = refused(function, tmp_path, kind=FileNotFoundError)
        assert str(error) == (
            f"{tmp_path}: no images with labels of kind 'train'; there are: {words}"
        )


NAMED = [
    ("train-images.bin", "train-labels.bin"),
    ("train-images.idx", "train-labels.idx"),
    ("train-images-idx3-ubyte (1).gz", "train-labels-idx1-ubyte (1).gz"),
    ("train-images-ubyte", "train-labels-ubyte"),
    ("train_images_idx3_ubyte", "train_labels_idx1_ubyte"),
    ("TRAIN-IMAGES-IDX3-UBYTE.GZ", "TRAIN-LABELS-IDX1-UBYTE.GZ"),
    ("Train Images.dat", "Train Labels.dat"),
    ("digits_train_x", "digits_train_y"),
    ("train-images-idx3-ubyte.zip", "train-labels-idx1-ubyte.zip"),
    ("all.zip", "all.zip"),
    ("all.tgz", "all.tgz"),
    ("all.tar.xz", "all.tar.xz"),
]


def packed_as(name, contents):
    """Put contents into an archive, or one content into gzip, as the name of the file says."""
    for ending, kind in ((".zip", "zip"), (".tgz", "tar.gz"), (".tar.xz", "tar.xz")):
        if name.endswith(ending):
            return archive(kind, **contents)
    (content,) = contents.values()
    return gzip.compress(content) if name.lower().endswith(".gz") else content


@pytest.mark.parametrize("names", NAMED, ids=lambda names: names[0])
def test_unusual_names(names, tmp_path):
    wanted = dict(itertools.islice(FOUR.items(), 2))
    if len(set(names)) == 1:
        put(tmp_path, **{names[0]: packed_as(names[0], FOUR)})
    else:
        for name, (inner, content) in zip(names, wanted.items(), strict=True):
            put(tmp_path, **{name: packed_as(name, {inner: content})})
    assert pair(tmp_path) == [{1}, {1}]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("train-images.bin", "train_images.idx", "train-labels.bin"), "train-images.bin, train_im"),
        (
            ("MNIST/raw/train-images", "MNIST/raw/train-labels", "KMNIST/raw/train-images",
             "KMNIST/raw/train-labels"),
            "several sets are of kind 'train': kmnist-train: KMNIST/raw/train-images",
        ),
        (("train-images (1)", "train-images (2)", "train-labels"), "train-images (1), train-im"),
    ],
)  # fmt: skip
def test_ambiguity_is_listed(names, words, tmp_path):
    put(tmp_path, **{n: images(5, 3) if "images" in n else labels() for n in names})
    assert words in str(refused(idxfast.load_dataset, tmp_path, kind=ValueError))


@pytest.mark.parametrize("form", ["fashion-mnist-train-{}-{}-ubyte", "fashion_mnist_train_{}.bin"])
def test_mnist_is_not_fashion_mnist(form, tmp_path):
    put(
        tmp_path,
        **{form.format("images", "idx3"): images(), form.format("labels", "idx1"): labels()},
    )
    error = refused(idxfast.load_dataset, tmp_path, "mnist-train", kind=FileNotFoundError)
    assert "there are: fashion-mnist-train: " in str(error)
    assert pair(tmp_path, "fashion-mnist-train") == pair(tmp_path, "train") == [{1}, {1}]


# Parts of a file, and additions to one.


@pytest.mark.parametrize("pack", PACKERS)
def test_parts(pack, tmp_path):
    pixels = DICE.integers(0, 256, (500, 4, 3), np.uint8)
    classes = DICE.integers(0, 10, 500, np.uint8)
    path = tmp_path / "file"
    path.write_bytes(PACKERS[pack](idxfast.dumps(pixels)))
    same(idxfast.load(path, stop=100), pixels[:100])
    same(idxfast.load(path, start=300, stop=310), pixels[300:310])
    with idxfast.open(path) as file:
        same(file[:100], pixels[:100])
        same(file[::10], pixels[::10])
        same(file[classes == 3], pixels[classes == 3])


@pytest.mark.parametrize("options", [{}, {"compresslevel": 6}, {"seekable": True}])
def test_a_second_save_after_the_first_is_refused(options, tmp_path):
    path = tmp_path / "file"
    array = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
    with path.open("ab") as file:
        idxfast.save(file, array, **options)
    before = path.read_bytes()
    with path.open("ab") as file:
        error = refused(idxfast.save, file, array, kind=ValueError)
    assert "append" in str(error)
    assert path.read_bytes() == before
    same(idxfast.load(path), array)


@pytest.mark.parametrize("name", ["file", "file.gz"])
@pytest.mark.parametrize("code", ["u1", "i4", "f4"])
def test_append(name, code, tmp_path):
    path = tmp_path / name
    array = np.arange(90).astype(code).reshape(10, 3, 3)
    idxfast.save(path, array[:4], seekable=name.endswith(".gz"))
    idxfast.append(path, array[4:9])
    idxfast.append(path, array[9])
    same(idxfast.load(path), array)


# Containers, which are recognised by content.


@pytest.mark.parametrize("name", ["file", "one.zip", "set.tar", "a.gz"])
@pytest.mark.parametrize(
    "pack",
    [
        lzma.compress,
        bz2.compress,
        *(
            lambda data, kind=kind: archive(kind, **{"README": b"text", "a/images": data})
            for kind in ("zip", "tar", "tar.gz", "tar.xz", "tar.bz2")
        ),
        lambda data: archive("zip", **{"images.gz": gzip.compress(data)}),
        pytest.param(
            lambda data: __import__("compression.zstd", fromlist=["zstd"]).compress(data),
            marks=pytest.mark.skipif(sys.version_info < (3, 14), reason="no compression.zstd"),
        ),
    ],
)
def test_a_container_whatever_its_name(pack, name, tmp_path):
    content = header(8, 5, 4, 3) + bytes(range(60))
    expected = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
    path = tmp_path / name
    path.write_bytes(pack(content))
    same(idxfast.load(path), expected)
    same(idxfast.loads(pack(content)), expected)
    same(idxfast.open(path)[2:], expected[2:])
    assert idxfast.read_header(path).shape == (5, 4, 3)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_several_files_in_an_archive_are_listed(kind, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(archive(kind, **{"x/a": images(), "b::c": labels()}))
    for function in (idxfast.load, idxfast.open, idxfast.read_header):
        error = refused(function, path)
        assert error.found == "x/a, b::c"
        example = re.search("name one: '(.*)'", error.reason)[1]
        assert idxfast.load(example).shape == (5, 4, 3)
    assert idxfast.load(f"{kind[:3]}://b::c::{path}").shape == (5,)


# Labels of int64, and of a single class.


@pytest.mark.parametrize(
    ("values", "named"),
    [([0, 9, 255], "uint8"), ([-1, 9, 127], "int8"), ([0, 256], "int16"), ([0, 70_000], "int32")],
)
def test_labels_of_int64(values, named, tmp_path):
    array = np.array(values, np.int64)
    error = refused(idxfast.save, tmp_path / "file", array, kind=TypeError)
    found = re.search(r"astype\(['\"]?(?:np\.)?(u?int\d+)|\b(u?int(?:8|16|32))\b", str(error))
    assert named in found.groups()
    assert not os.path.exists(tmp_path / "file")
    idxfast.save(tmp_path / "file", array.astype(named))
    assert idxfast.load(tmp_path / "file").tolist() == values


@pytest.mark.parametrize("pack", ["raw", "gz", "zip"])
@pytest.mark.parametrize(
    ("values", "remark"),
    [
        ([1] * 20, "; every element is 1: a single class\n"),
        ([0] * 3, "; every element is 0: a single class\n"),
        ([1] * 19 + [2], ""),
    ],
)
def test_labels_of_a_single_class(values, remark, pack, tmp_path, capsys):
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(PACKERS[pack](header(8, len(values)) + bytes(values)))
    assert main(["info", str(path)]) == 0
    line = capsys.readouterr().out
    assert line.endswith(remark) if remark else "single class" not in line


# Files that are read by a header that the caller states.


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize(("dtype", "offset"), [("<i4", 16), ("<f8", 0), (">u2", 7)])
def test_a_stated_header(dtype, offset, pack, tmp_path):
    array = DICE.integers(0, 100, (6, 5)).astype(dtype)
    content = b"\x01" * offset + array.tobytes()
    path = tmp_path / "file"
    path.write_bytes(PACKERS[pack](content))
    stated = {"header": idxfast.Header(dtype, (6, 5)), "offset": offset}
    same(idxfast.load(path, **stated), array)
    same(idxfast.loads(path.read_bytes(), **stated), array)
    same(idxfast.open(path, **stated)[1:4], array[1:4])
    stated["header"] = idxfast.Header(dtype, (6, 6))
    assert refused(lambda: idxfast.load(path, **stated), kind=TruncatedError).hint is None
    stated["header"] = idxfast.Header(dtype, (6, 4))
    assert refused(lambda: idxfast.load(path, **stated), kind=TrailingDataError).hint is None
