"""idxfast convert: each format, each way."""

import gzip
import os
import subprocess
import sys

import numpy as np
import pytest

import idxfast
from idxfast.cli import main

COMMAND = [sys.executable, "-P", "-m", "idxfast"]

COUNT = 12
IMAGES = np.random.default_rng(8).integers(0, 256, (COUNT, 4, 4), np.uint8)
LABELS = np.array([3, 1, 10] * 4, np.uint8)


@pytest.fixture
def folder(tmp_path, oracle):
    """Images in gzip, and their labels beside them."""
    path = tmp_path / "in"
    path.mkdir()
    packed = gzip.compress(oracle.pack(8, IMAGES.shape, IMAGES.tobytes()))
    (path / "train-images-idx3-ubyte.gz").write_bytes(packed)
    (path / "train-labels-idx1-ubyte").write_bytes(oracle.pack(8, (COUNT,), LABELS.tobytes()))
    (tmp_path / "out").mkdir()
    return tmp_path


@pytest.fixture
def images(folder):
    return folder / "in" / "train-images-idx3-ubyte.gz"


def check(path, array, oracle):
    """The file holds the array, as a reader finds that shares no code with idxfast."""
    name, shape, payload = oracle.read(path.read_bytes())
    assert (name, shape) == (array.dtype.name, array.shape)
    assert payload == array.tobytes()


def convert(*words):
    assert main(["convert", *map(str, words)]) == 0


@pytest.mark.parametrize("between", ["x.csv", "x.npz", "x/", "x_train.npy", "x-images"])
def test_there_and_back(between, folder, images, oracle, command):
    if between == "x/":
        pytest.importorskip("PIL", reason="needs Pillow")
    middle, back = f"{folder}/{between}", folder / "out" / "t10k-images-idx3-ubyte"
    status, out, err = command("convert", images, middle)
    assert (status, out[:1], err) == (0, [f"{middle}: 12 x 4 x 4 uint8"], [])
    status, out, err = command("convert", middle, back)
    assert (status, out[:1], err) == (0, [f"{back}: 12 x 4 x 4 uint8"], [])
    check(back, IMAGES, oracle)
    labels = folder / "out" / "t10k-labels-idx1-ubyte"
    if between.endswith(("csv", "npz", "/")):
        assert out[1:] == [f"{labels}: 12 labels"]
        check(labels, LABELS, oracle)
    else:
        assert not labels.exists()


@pytest.mark.parametrize(("name", "options"), [("x.gz", []), ("x.gz", ["--seekable"]), ("x", [])])
def test_containers(name, options, folder, images, oracle):
    path = folder / "out" / name
    convert(images, path, *options)
    check(path, IMAGES, oracle)
    start = path.read_bytes()[:4]
    assert start == (b"\0\0\x08\3" if name == "x" else b"\x1f\x8b\x08\4" if options else start)
    with idxfast.open(path) as file:
        assert file.container == ("raw" if name == "x" else "seekable gzip" if options else "gzip")


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (["--start", "5"], range(5, 12)),
        (["--stop", "5"], range(5)),
        (["--start", "3", "--stop", "5"], range(3, 5)),
        (["--class", "3"], range(0, 12, 3)),
        (["--class", "3", "--start", "1"], range(3, 12, 3)),
        (["--class", "10", "--class", "3", "--stop", "7"], [0, 2, 3, 5, 6]),
    ],
)
@pytest.mark.parametrize("source", ["idx", "npz", "csv", "npy"])
def test_parts_and_classes(source, options, rows, folder, images, oracle):
    labels = ["--labels", images.with_name("train-labels-idx1-ubyte")]
    if source != "idx":
        convert(images, folder / f"in.{source}")
        images = folder / f"in.{source}"
    output = folder / "out" / "x-images-idx3-ubyte"
    convert(images, output, *options, *(labels if source == "npy" else []))
    rows = np.array(rows, int)
    check(output, IMAGES[rows], oracle)
    if source != "idx" or "--class" in options:
        check(folder / "out" / "x-labels-idx1-ubyte", LABELS[rows], oracle)


def test_classes_by_their_names(folder, images, oracle, capsys):
    names = ["zero", "boot", "two", "coat\x1b[m"]
    (folder / "in" / "classes.txt").write_text("\n".join(names))
    output = folder / "out" / "boots"
    convert(images, output, "--class", "boot")
    check(output, IMAGES[1::3], oracle)
    assert capsys.readouterr().out == f"{output}: 4 x 4 x 4 uint8\nclasses: 1 boot\n"
    convert(images, output, "--class", "3")
    capsys.readouterr()
    (folder / "in" / "classes.txt").write_text("3\n" + "\n".join(names[1:]))
    convert(images, output, "--class", "3")  # a number is a label, whatever the names are
    check(output, IMAGES[::3], oracle)
    capsys.readouterr()
    (folder / "in" / "classes.txt").write_text("\n".join(names))
    assert main(["convert", str(images), str(output), "--class", "bot"]) == 2
    assert capsys.readouterr().err == (
        "idxfast: there is no class 'bot'; there are: zero, boot, two, coat\\x1b[m\n"
    )


@pytest.mark.parametrize("options", [["--class", "99"], ["--class", "1", "--class", "99"]])
def test_a_class_that_no_item_has(folder, images, options, capsys):
    output = folder / "out" / "x-images-idx3-ubyte"
    assert main(["convert", str(images), str(output), *options]) == 2
    assert capsys.readouterr().err == (
        f"idxfast: {images}: no item has the class '99'; the labels are 1, 3, 10\n"
    )
    assert list(output.parent.iterdir()) == []


def test_labels_by_their_class(folder, images, oracle):
    output = folder / "out" / "labels"
    convert(images.with_name("train-labels-idx1-ubyte"), output, "--class", "1", "--class", "3")
    check(output, LABELS[LABELS < 10], oracle)


def test_kinds_of_an_archive(folder, images, oracle):
    arrays = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:3], "y_test": LABELS[:3]}
    np.savez(folder / "mnist.npz", **arrays)
    output = folder / "out" / "x-images-idx3-ubyte"
    convert(folder / "mnist.npz", output, "--kind", "test")
    check(output, IMAGES[:3], oracle)
    check(folder / "out" / "x-labels-idx1-ubyte", LABELS[:3], oracle)
    convert(images, folder / "keras.npz", "--kind", "train")
    with np.load(folder / "keras.npz") as found:
        np.testing.assert_array_equal(found["y_train"], LABELS)


def test_a_folder_of_idx_files(folder, images, oracle, capsys):
    idxfast.save(folder / "in" / "t10k-images-idx3-ubyte", IMAGES[:5])
    idxfast.save(folder / "in" / "t10k-labels-idx1-ubyte", LABELS[:5])
    convert(folder / "in", folder / "mnist.npz")
    assert capsys.readouterr().out.splitlines() == [
        f"{folder}/mnist.npz: train, 12 x 4 x 4 uint8",
        f"{folder}/mnist.npz: test, 5 x 4 x 4 uint8",
    ]
    with np.load(folder / "mnist.npz") as found:
        assert list(found) == ["x_train", "y_train", "x_test", "y_test"]
        np.testing.assert_array_equal(found["x_train"], IMAGES)
        np.testing.assert_array_equal(found["y_test"], LABELS[:5])
    output = folder / "out" / "test-images"
    convert(folder / "in", output, "--kind", "test", "--start", "2")
    check(output, IMAGES[2:5], oracle)
    check(folder / "out" / "test-labels", LABELS[2:5], oracle)
    assert main(["convert", str(folder / "in"), "x"]) == 2
    assert "add --kind train or --kind test" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
        ("images", "labels"),
        ("x_train.npy", "y_train.npy"),
        ("X_train", "y_train"),
    ],
)
def test_where_labels_go(images, labels, folder):
    np.savez(folder / "in.npz", images=IMAGES, labels=LABELS.astype("i8"))
    convert(folder / "in.npz", folder / "out" / images)
    assert sorted(os.listdir(folder / "out")) == sorted([images, labels])
    convert(folder / "in.npz", folder / "out" / "a", "--labels-output", folder / "out" / "b")
    assert idxfast.load(folder / "out" / "b").dtype == np.uint8


def test_images_without_pixels_make_no_pictures(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    np.savez("in.npz", images=np.zeros((2, 0, 3), np.uint8), labels=np.zeros(2, np.uint8))
    assert main(["convert", "in.npz", "x/"]) == 2
    assert capsys.readouterr().err.startswith("idxfast: in.npz: a PNG file has at least one pixel")
    assert not (folder / "x").exists()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ([], "out-labels"),
        (["--labels-output", "missing/labels"], "missing/labels"),
        (["--labels-output", "in.npz/labels"], "in.npz/labels"),
        pytest.param(
            ["--labels-output", "link"],
            "link",
            marks=pytest.mark.skipif(os.name != "posix", reason="needs symbolic links"),
        ),
        (["--labels-output", ""], "Is a directory"),
    ],
)
def test_without_a_place_for_the_labels_the_items_stay_as_they_are(
    options, name, folder, monkeypatch, capsys
):
    monkeypatch.chdir(folder)
    np.savez(folder / "in.npz", images=IMAGES, labels=LABELS)
    (folder / "out-labels").mkdir()
    if name == "link":
        (folder / "link").symlink_to("missing/labels")
    (folder / "out-images").write_text("old")
    assert main(["convert", "in.npz", "out-images", *options]) == 1
    output, error = capsys.readouterr()
    assert (output, error.count("\n")) == ("", 1)
    assert error.startswith(f"idxfast: {name}")
    assert (folder / "out-images").read_text() == "old"


def test_the_type_that_was_written_is_said(folder, oracle, capsys):
    np.save(folder / "in.npy", LABELS.astype("i8"))
    output = folder / "out" / "values"
    convert(folder / "in.npy", output)
    assert capsys.readouterr().out == f"{output}: 12 uint8\n"
    check(output, LABELS, oracle)


def test_labels_of_a_type_that_idx_does_not_have(folder, capsys):
    np.savez(folder / "in.npz", images=IMAGES, labels=LABELS.astype("i8") + (1 << 60))
    assert main(["convert", str(folder / "in.npz"), str(folder / "out" / "images")]) == 1
    assert "in.npz: no type of IDX holds all values of this int64" in capsys.readouterr().err
    assert os.listdir(folder / "out") == []


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.arange(3), "uint8"),
        (np.array([-1, 300]), "int16"),
        (np.array([True, False]), "uint8"),
        (np.float16([0.5]), "float32"),
        (np.arange(3, dtype=np.float32), "float32"),
        (np.array(5), "uint8"),
    ],
)
def test_types_that_idx_does_not_have(array, dtype, folder):
    np.save(folder / "in.npy", array)
    convert(folder / "in.npy", folder / "out" / "x")
    found = idxfast.load(folder / "out" / "x")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, array)


def test_a_stated_header(folder, oracle):
    (folder / "raw").write_bytes(b"junk" + IMAGES.astype("<i2").tobytes())
    words = ["--dtype", "<i2", "--shape", "12,4,4", "--offset", "4"]
    convert(folder / "raw", folder / "out" / "x", *words)
    check(folder / "out" / "x", IMAGES.astype(np.int16), oracle)
    convert(folder / "raw", folder / "out" / "x", *words, "--start", "2", "--stop", "3")
    check(folder / "out" / "x", IMAGES[2:3].astype(np.int16), oracle)


@pytest.mark.parametrize("target", ["x", "x.gz", "x.npy", "x.npz", "x.csv", "x/"])
@pytest.mark.parametrize("source", ["raw", "gzip", "seekable"])
def test_files_larger_than_memory(source, target, folder, images, oracle, monkeypatch, run_child):
    """In pieces: the same as at once."""
    if target == "x/":
        pytest.importorskip("PIL", reason="needs Pillow")
    path = folder / "in" / "x-images-idx3-ubyte.gz"
    if source == "raw":
        path = path.with_suffix("")
    idxfast.save(path, IMAGES, seekable=source == "seekable")
    idxfast.save(folder / "in" / "x-labels-idx1-ubyte", LABELS)
    whole, pieces = f"{folder}/out/a{target}", f"{folder}/out/b{target}"
    convert(path, whole, "--start", "1", *(["--seekable"] if target == "x.gz" else []))
    monkeypatch.setattr("idxfast.cli.rows.WHOLE", 0)
    monkeypatch.setattr("idxfast.cli.conversion.idx.WHOLE", 0)
    monkeypatch.setattr("idxfast.cli.rows.STEP", 40)
    convert(path, pieces, "--start", "1")
    if target == "x/":
        for name in os.listdir(whole):
            assert os.listdir(whole + name) == os.listdir(pieces + name)
        return
    with open(whole, "rb") as first, open(pieces, "rb") as second:
        if target == "x.gz":
            assert oracle.read(first.read()) == oracle.read(second.read())
        else:
            assert first.read() == second.read()


def test_what_can_only_be_read_whole(folder, monkeypatch, oracle):
    import lzma

    (folder / "x.xz").write_bytes(lzma.compress(oracle.pack(8, IMAGES.shape, IMAGES.tobytes())))
    monkeypatch.setattr("idxfast.cli.rows.WHOLE", 0)
    monkeypatch.setattr("idxfast.reading.opening.CACHE_BYTES", 0)
    convert(folder / "x.xz", folder / "out" / "x")
    check(folder / "out" / "x", IMAGES, oracle)


def test_a_file_can_be_converted_onto_itself(images, oracle):
    convert(images, images, "--seekable", "--stop", "4")
    check(images, IMAGES[:4], oracle)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["in.gz", "x", "--seekable"], "--seekable is for an OUTPUT that ends in .gz"),
        (["in.gz", "x", "--kind", "train"], "--kind is for .npz files and for folders"),
        (["in.gz", "x.csv.gz"], "x.csv.gz: .csv.gz is not written; OUTPUT may be"),
        (["in.gz", "x.PNG"], "x.PNG: .PNG is not written"),
        (["in.npz", "x", "--labels-output", "y.xz"], "y.xz: .xz is not written"),
        (["in.gz", "x", "--start", "13"], "in.gz: rows 13 to 12 are not all among"),
        (["in.gz", "x", "--stop", "13"], "in.gz: rows 0 to 13 are not all among"),
        (["in.gz", "x", "--class", "1"], "no labels are found beside the file"),
        (["in.gz", "x/"], "no labels are found beside the file"),
        (["in.gz", "x.csv", "--labels-output", "y"], "--labels-output is for an OUTPUT without"),
        (["in.gz", "x", "--labels-output", "y"], "in.gz has no labels; name their file"),
        (["in.npz", "x"], "name the file for the labels with --labels-output"),
        (["in.npz", "x", "--labels-output", "./x"], "--labels-output is the same file as OUTPUT"),
        (["in.npz", "x", "--labels-output", "y.npz"], "--labels-output takes IDX, .npy and .csv"),
        (["f-images", "x/"], "f-images: folders of PNG files are named by whole numbers"),
        (["in.gz", "x/", "--labels", "negative"], "in.gz: folders of PNG files are named by"),
        (["in.npz", "x", "--labels", "y"], "--labels is for files without labels in them"),
        (["in.npz", "x", "--dtype", "u1", "--shape", "3"], "--dtype, --shape and --offset are for"),
        (["in.gz", "x", "--dtype", "u1"], "a stated header needs both --dtype and --shape"),
        (["float", "x/"], "float: PNG files hold images of uint8, in grey or in RGB, not 4 x 4 float32"),
    ],
)  # fmt: skip
def test_wrong_usage(words, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    idxfast.save("in.gz", IMAGES)
    idxfast.save("float", IMAGES.astype(np.float32))
    idxfast.save("f-images", IMAGES)
    idxfast.save("f-labels", LABELS.astype(np.float32) + 0.5)
    idxfast.save("negative", LABELS.astype(np.int8) - 2)
    np.savez("in.npz", images=IMAGES, labels=LABELS)
    assert main(["convert", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"idxfast: {message}") or message in err
    assert err.count("\n") == 1
    assert not os.path.exists("x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.array([1 << 40]), "in.npy: no type of IDX holds all values of this int64 exactly"),
        (np.longdouble([1]) / 3, "in.npy: no type of IDX holds all values"),
        (np.array(["a"]), "in.npy: the elements are not numbers"),
    ],
)
def test_what_cannot_be_converted(content, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    np.save("in.npy", content)
    assert main(["convert", "in.npy", "x"]) == 1
    assert capsys.readouterr().err.startswith(f"idxfast: {message}")
    assert not os.path.exists("x")


def test_labels_of_another_number(folder, images, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    idxfast.save("y", LABELS[:5])
    assert main(["convert", str(images), "x.csv", "--labels", "y"]) == 1
    assert capsys.readouterr().err == (
        "idxfast: y: labels of shape (5,) and type uint8 do not belong to 12 items\n"
    )
    assert not os.path.exists("x.csv")


@pytest.mark.parametrize("target", ["x.csv", "x.npz"])
@pytest.mark.parametrize("damage", ["fewer", "shorter", "no IDX", "two"])
def test_labels_that_cannot_be_used_are_not_left_out(target, damage, folder, images, command):
    labels = folder / "in" / "train-labels-idx1-ubyte"
    if damage == "fewer":
        idxfast.save(labels, LABELS[1:])
    elif damage == "two":
        idxfast.save(folder / "in" / "train_labels-idx1-ubyte", LABELS[::-1])
    else:
        labels.write_bytes(labels.read_bytes()[:-1] if damage == "shorter" else b"label")
    status, out, err = command("convert", images, folder / target)
    assert (status, out, len(err)) == (1, [], 1)
    assert "labels" in err[0]
    assert not (folder / target).exists()


@pytest.mark.parametrize("through", ["file", "pipe"])
def test_standard_output_holds_the_file_alone(through, folder, images):
    if not os.path.exists("/dev/stdout"):
        pytest.skip("needs /dev/stdout")
    words = [*COMMAND, "convert", str(images), "/dev/stdout"]
    if through == "pipe":
        child = subprocess.run(words, capture_output=True, check=True)
        found, said = child.stdout, child.stderr
    else:
        with open(folder / "x", "wb") as file:
            said = subprocess.run(words, stdout=file, stderr=subprocess.PIPE, check=True).stderr
        found = (folder / "x").read_bytes()
    assert found == idxfast.dumps(IMAGES)
    assert said == b"/dev/stdout: 12 x 4 x 4 uint8\n"


def test_classes_of_the_same_name(folder, images):
    (folder / "in" / "classes.txt").write_text("a\nb\nc\nb\n")
    convert(images, folder / "x.npz", "--class", "b")
    with np.load(folder / "x.npz") as archive:
        np.testing.assert_array_equal(archive["labels"], LABELS[LABELS < 4])


def test_a_damaged_input_leaves_the_output_alone(folder, images, command):
    data = bytearray(images.read_bytes())
    data[-6] ^= 1
    images.write_bytes(data)
    output = folder / "out" / "x.npy"
    output.write_text("old")
    status, out, err = command("convert", images, output)
    assert (status, out, len(err)) == (1, [], 1)
    assert "CRC-32" in err[0]
    assert output.read_text() == "old"
    assert os.listdir(folder / "out") == ["x.npy"]
