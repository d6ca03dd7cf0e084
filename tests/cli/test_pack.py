"""idxfast pack, as a command of its own."""

import gzip
import os
import re
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import idxfast
from idxfast import images

COMMAND = [sys.executable, "-P", "-m", "idxfast", "pack"]


def run(*arguments, **options):
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@pytest.fixture
def folder(tmp_path):
    """Two classes of three pictures: black rectangles, whose sizes differ, on white."""
    for label, name in enumerate(("bag", "shoe")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(3):
            pixels = np.full((100, 80, 3), 255, np.uint8)
            # 56 pixels high and 28 or 14 wide, so that it shrinks to half without a blur.
            width = 14 * (2 - label)
            pixels[20:76, 30 : 30 + width] = 0
            Image.fromarray(pixels).save(tmp_path / "set" / name / f"{number}.png")
    return tmp_path / "set"


def rectangle(width):
    record = np.zeros((28, 28), np.uint8)
    record[:, 14 - width // 2 : 14 - width // 2 + width] = 255
    return record


def test_a_folder(folder, tmp_path):
    out = tmp_path / "out"
    child = run(folder, "-o", out)
    assert child.stdout == f"{out}: 6 training images of 28 x 28 pixels, 2 classes\n"
    assert (child.returncode, child.stderr) == (0, "")
    records = idxfast.load(out / "train-images-idx3-ubyte.gz")
    labels = idxfast.load(out / "train-labels-idx1-ubyte.gz")
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    for record, label in zip(records, labels, strict=True):
        assert np.array_equal(record, rectangle(7 * (2 - label)))
    assert (out / "classes.txt").read_text() == "bag\nshoe\n"


def test_a_traceback_only_for_those_who_ask(tmp_path):
    for options, is_traced in ((), False), (("--debug",), True):
        child = run(tmp_path / "nothing", "-o", tmp_path / "out", *options)
        assert child.returncode == 1
        assert child.stderr.splitlines()[-1].startswith(f"idxfast: {tmp_path}/nothing: ")
        assert ("Traceback" in child.stderr) is is_traced
        assert child.stderr.count("\n") == 1 or is_traced


def test_training_and_test_images(folder, tmp_path):
    out = tmp_path / "out"
    child = run(folder, "-o", out, "--per-class", 2, "--sort-by-label", "--seed", 5)
    assert child.stdout == (
        f"{out}: 4 training images and 2 test images of 28 x 28 pixels, 2 classes\n"
    )
    assert idxfast.load(out / "train-labels-idx1-ubyte.gz").tolist() == [0, 0, 1, 1]
    records, labels = idxfast.load_dataset(out, "test")
    assert labels.tolist() == [0, 1]
    assert np.array_equal(records[1], rectangle(7))


def test_a_csv(folder, tmp_path):
    csv = tmp_path / "labels.csv"
    csv.write_text("name,label\nshoe/1.png,7\nbag/0.png,3\n")
    assert run(folder, "-o", tmp_path / "out", "--labels", csv).returncode == 0
    assert idxfast.load(tmp_path / "out" / "train-labels-idx1-ubyte.gz").tolist() == [7, 3]
    csv.write_text("../../secret.png,1\n")
    child = run(folder, "-o", tmp_path / "other", "--labels", csv)
    assert child.returncode == 1
    assert (
        child.stderr == f"idxfast: {csv}: line 1 names nothing below the folder: ../../secret.png\n"
    )
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("options", "convert"),
    [
        (["--plain"], images.plain),
        (["--steps", "resize"], images.plain),
        (["--plain", "--colour"], lambda path: images.plain(path, colour=True)),
        (["--size", "20", "--colour"], lambda path: images.to_fashion(path, size=20, colour=True)),
        (
            ["--steps", "trim,resize,extend"],
            lambda path: images.to_fashion(path, sharpen=None, negate=None),
        ),
    ],
)
def test_other_conversions(folder, tmp_path, options, convert):
    assert run(folder, "-o", tmp_path / "out", *options).returncode == 0
    (path,) = (tmp_path / "out").glob("train-images-idx*")
    records = idxfast.load(path)
    assert path.name == f"train-images-idx{records.ndim}-ubyte.gz"
    assert np.array_equal(records[5], convert(folder / "shoe" / "2.png"))


def test_unreadable_pictures(folder, tmp_path):
    (folder / "bag" / "1.png").write_bytes(b"text")
    (folder / "bag" / "\x1b]0;title.png").write_bytes(b"")
    (folder / "notes.txt").touch()
    child = run(folder, "-o", tmp_path / "out")
    assert (child.returncode, child.stdout) == (1, "")
    lines = [
        "idxfast: bag/\\x1b]0;title.png: not a picture of a known format",
        "idxfast: bag/1.png: not a picture of a known format",
    ]
    assert child.stderr.splitlines() == [
        *lines,
        f"idxfast: {folder}: 2 pictures cannot be read, so nothing was written: "
        "--skip-bad leaves them out",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    child = run(folder, "-o", tmp_path / "out", "--skip-bad")
    assert child.stdout == (f"{tmp_path / 'out'}: 5 training images of 28 x 28 pixels, 2 classes\n")
    assert child.stderr.splitlines() == [
        *lines,
        "left out: 2 pictures that cannot be read",
        "left out: 1 file of other kinds, such as notes.txt",
    ]


def test_a_bomb(folder, tmp_path):
    Image.new("1", (10_000, 9_500)).save(folder / "bag" / "x.png")
    child = run(folder, "-o", tmp_path / "out")
    assert child.returncode == 1
    assert child.stderr.splitlines()[0] == (
        "idxfast: bag/x.png: the picture has more pixels than PIL.Image.MAX_IMAGE_PIXELS"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing", "-o", "out"], "idxfast: missing: No such file or directory\n"),
        (["set", "-o", "set"], "idxfast: set: the folder is not empty\n"),
        (["set", "-o", "out", "--per-class", "4"], "idxfast: set: the class 'bag' has too few "),
        (["--explain", "missing", "-o", "out"], "idxfast: missing: No such file or directory\n"),
    ],
)
def test_an_error_is_one_line(folder, tmp_path, arguments, message):
    child = run(
        *arguments, cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert (child.returncode, child.stdout) == (1, "")
    assert child.stderr.startswith(message) and child.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["set"],
        ["-o", "out"],
        ["set", "-o", "out", "--explain", "x.png"],
        ["set", "-o", "out", "--size", "0"],
        ["set", "-o", "out", "--size", "99999"],
        ["set", "-o", "out", "--per-class", "-1"],
        ["set", "-o", "out", "--steps", "trim,blur"],
        ["set", "-o", "out", "--steps", "trim"],
        ["set", "-o", "out", "--steps", "resize", "--plain"],
    ],
)
def test_wrong_usage(arguments):
    child = run(*arguments)
    assert child.returncode == 2
    assert re.fullmatch("idxfast pack: .*; see idxfast pack --help\n", child.stderr)


def test_a_folder_without_folders(tmp_path):
    child = run(tmp_path, "-o", tmp_path / "out")
    text = f"idxfast: {tmp_path}: the folder holds no folders; each class has one\n"
    assert (child.returncode, child.stderr) == (1, text)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_nobody_reads_what_it_says(unbuffered, folder, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    command = [*COMMAND, str(folder), "-o", str(tmp_path / "out")]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open(writing, "wb") as output:
        child = subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, env=environment, timeout=60
        )
    assert (child.returncode, child.stderr) == (141, b"")
    assert len(idxfast.load(tmp_path / "out" / "train-labels-idx1-ubyte.gz")) == 6


def test_a_figure_is_a_png_file(folder, tmp_path):
    child = run("--explain", folder / "bag" / "0.png", "-o", tmp_path / "steps.JPG")
    assert child.returncode == 2
    assert child.stderr == (
        f"idxfast: {tmp_path}/steps.JPG: .JPG is not written; the picture is a PNG file: NAME.png\n"
    )
    assert not list(tmp_path.glob("steps*"))


def test_the_figure_of_the_steps(folder, tmp_path):
    """Each column shows a picture on a ground that no picture has, and a caption below."""
    path = tmp_path / "steps.png"
    child = run("--explain", folder / "bag" / "0.png", "-o", path)
    assert (child.returncode, child.stdout, child.stderr) == (0, f"{path}\n", "")
    figure = np.asarray(Image.open(path))
    assert figure.shape == (272, 16 + 7 * 212, 3)
    ground = figure[0, 0].tolist()
    columns = [figure[16:212, 16 + 212 * i : 212 + 212 * i] for i in range(7)]
    colours = [
        {tuple(pixel) for pixel in column.reshape(-1, 3).tolist()} - {tuple(ground)}
        for column in columns
    ]
    black, white = (0, 0, 0), (255, 255, 255)
    # Trimming, resizing and sharpening leave the black rectangle alone.
    assert colours == [{black, white}, *[{black}] * 3, *[{black, white}] * 3]
    # The last record, magnified sevenfold.
    assert np.array_equal(columns[6][::7, ::7, 0], rectangle(14))
    captions = figure[212:]
    for i in range(7):
        assert (captions[:, 16 + 212 * i : 212 + 212 * i] == 0).all(-1).any()


@pytest.fixture
def many(tmp_path):
    """A folder of 3,000 pictures, which are one file under many names."""
    folder = tmp_path / "many" / "a"
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (73, 51, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "0.png")
    for number in range(1, 3000):
        os.link(folder / "0.png", folder / f"{number}.png")
    return folder.parent


@pytest.fixture
def pseudo_terminal():
    """Both ends of a pseudo-terminal of 24 x 100 characters."""
    termios = pytest.importorskip("termios", reason="needs a pseudo-terminal")
    main, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    return main, terminal


def test_progress_on_a_terminal(many, tmp_path, pseudo_terminal):
    """The bar appears after a second, so the pictures are large."""
    pytest.importorskip("tqdm")
    main, terminal = pseudo_terminal
    Image.effect_noise((1000, 1000), 50).save(many / "a" / "0.png")
    command = [*COMMAND, str(many), "-o", str(tmp_path / "out")]
    child = subprocess.Popen(command, stderr=terminal, start_new_session=True)
    os.close(terminal)
    shown = read_until(main, lambda shown: re.search(rb" [1-9]\d*/3000 \[.*picture/s\]", shown))
    assert re.match(rb"\rmany: +\d+%", shown)
    os.killpg(child.pid, signal.SIGINT)
    shown += read_until(main, lambda shown: False)
    os.close(main)
    assert child.wait(timeout=60) == 130
    # The bar is wiped away at the end.
    assert not shown.split(b"\r")[-1].strip() or not shown.split(b"\r")[-2].strip()


def read_until(descriptor, is_enough):
    """What is written to a pseudo-terminal until it is enough, or the other end is closed."""
    shown = b""
    while not is_enough(shown):
        assert select.select([descriptor], [], [], 60)[0]
        try:
            some = os.read(descriptor, 1 << 16)
        except OSError:  # Linux's end of a pseudo-terminal
            some = b""
        if not some:
            break
        shown += some
    return shown


def test_no_progress_elsewhere(many, tmp_path):
    child = run(many, "-o", tmp_path / "out")
    assert (child.returncode, child.stderr) == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing(many, tmp_path, number, status):
    command = [*COMMAND, str(many), "-o", str(tmp_path / "out")]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out.*/train-images*")) and not list(
        tmp_path.glob(".out.*/.train-images*")
    ):
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.001)
    os.killpg(child.pid, number)
    assert child.communicate(timeout=60)[1] == b""
    assert child.returncode == status
    assert [path.name for path in tmp_path.iterdir()] == ["many"]


def test_the_same_set_on_one_core_and_on_several(many, tmp_path):
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two cores, and Linux's affinity")
    one_core = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}});"
    code = f"{one_core} from idxfast.cli import main; main()"
    arguments = ["pack", str(many), "-o", str(tmp_path / "one")]
    subprocess.run([sys.executable, "-P", "-c", code, *arguments], check=True, timeout=120)
    assert run(many, "-o", tmp_path / "all").returncode == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "all" / path.name).read_bytes()
    with gzip.open(tmp_path / "all" / "train-images-idx3-ubyte.gz") as file:
        assert len(file.read()) == 16 + 3000 * 784
