"""pack: orders, drawing, and unreadable pictures."""

import gzip

import numpy as np
import pytest
from PIL import Image

from idxfast.errors import IdxError
from idxfast.images.conversion import PLAIN, Conversion
from idxfast.images.listing import list_csv, list_folder
from idxfast.images.packing import pack

PLAINLY = Conversion(steps=PLAIN)


@pytest.fixture
def folder(tmp_path):
    """Three classes of 10, 20 and 30 pictures. Each is of one level, 1 to 60."""
    level = 0
    for label, count in enumerate((10, 20, 30)):
        (tmp_path / "set" / "abc"[label]).mkdir(parents=True)
        for _ in range(count):
            level += 1
            path = tmp_path / "set" / "abc"[label] / f"{level:02}.png"
            Image.new("L", (28, 28), level).save(path)
    return tmp_path / "set"


def read(folder, oracle, kind="train", ndim=3):
    """The levels of the records, and their labels, by an oracle."""
    _, shape, payload = oracle.read((folder / f"{kind}-images-idx{ndim}-ubyte.gz").read_bytes())
    records = np.frombuffer(payload, np.uint8).reshape(shape)
    _, _, labels = oracle.read((folder / f"{kind}-labels-idx1-ubyte.gz").read_bytes())
    assert (records == records[:, :1, :1]).all()
    return records[:, 0, 0].ravel().tolist(), list(labels)


def label_of(level):
    return 0 if level <= 10 else 1 if level <= 30 else 2


def test_all_in_order(folder, tmp_path, oracle):
    out = tmp_path / "out"
    assert pack(list_folder(str(folder)), str(out), PLAINLY) == {"train": 60}
    levels, labels = read(out, oracle)
    assert levels == list(range(1, 61))
    assert labels == [label_of(level) for level in levels]
    assert (out / "classes.txt").read_text() == "a\nb\nc\n"
    assert sorted(path.name for path in out.iterdir()) == [
        "classes.txt",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]


def test_pictures_of_a_label_keep_their_order(folder, tmp_path, oracle):
    csv = tmp_path / "labels.csv"
    rows = [f"{'abc'[label_of(n)]}/{n:02}.png,{label_of(n)}\n" for n in range(60, 0, -1)]
    csv.write_text("".join(rows[::2] + rows[1::2]))
    pack(list_csv(str(folder), str(csv)), str(tmp_path / "out"), PLAINLY, by_label=True)
    levels, labels = read(tmp_path / "out", oracle)
    assert labels == [0] * 10 + [1] * 20 + [2] * 30
    assert levels == [
        level
        for label in range(3)
        for start in (60, 59)
        for level in range(start, 0, -2)
        if label_of(level) == label
    ]


@pytest.mark.parametrize("by_label", [False, True])
def test_training_images_are_drawn(folder, tmp_path, oracle, by_label):
    drawn = []
    for seed in (0, 0, 1):
        out = tmp_path / f"out{len(drawn)}"
        options = {"per_class": 8, "by_label": by_label, "seed": seed}
        assert pack(list_folder(str(folder)), str(out), PLAINLY, **options) == {
            "train": 24,
            "t10k": 36,
        }
        train, test = read(out, oracle), read(out, oracle, "t10k")
        assert sorted(train[0] + test[0]) == list(range(1, 61))
        for levels, labels in (train, test):
            assert labels == [label_of(level) for level in levels]
            assert (labels == sorted(labels)) == by_label
        assert np.bincount(train[1]).tolist() == [8, 8, 8]
        assert np.bincount(test[1]).tolist() == [2, 12, 22]
        drawn.append((train, test))
    assert drawn[0] == drawn[1] != drawn[2]
    assert sorted(drawn[0][0][0]) != sorted(drawn[2][0][0])


def test_too_few_pictures(folder, tmp_path):
    with pytest.raises(IdxError, match=r"the class 'a' has too few readable pictures .*found 10"):
        pack(list_folder(str(folder)), str(tmp_path / "out"), PLAINLY, per_class=11)
    (folder / "a" / "01.png").write_bytes(b"")
    with pytest.raises(IdxError, match=r"the class 'a' has too few readable pictures .*found 9"):
        pack(list_folder(str(folder)), str(tmp_path / "out"), PLAINLY, per_class=10, skip_bad=True)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_unreadable_pictures(folder, tmp_path, oracle):
    (folder / "a" / "03.png").write_bytes(b"text")
    (folder / "c" / "50.png").unlink()
    (folder / "c" / "50.png").symlink_to("nowhere")
    failures, done = [], []
    options = {"failed": failures.append, "progress": lambda *counts: done.append(counts)}
    with pytest.raises(IdxError, match=r"some pictures cannot be read .*found 2"):
        pack(list_folder(str(folder)), str(tmp_path / "out"), PLAINLY, **options)
    expected = [
        "a/03.png: not a picture of a known format",
        "c/50.png: No such file or directory",
    ]
    assert failures == expected
    assert done == sorted(done) and done[-1] == (60, 60)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    pack(list_folder(str(folder)), str(tmp_path / "out"), PLAINLY, skip_bad=True, **options)
    levels, labels = read(tmp_path / "out", oracle)
    assert levels == [level for level in range(1, 61) if level not in (3, 50)]
    assert labels == [label_of(level) for level in levels]


def test_no_readable_picture(tmp_path):
    (tmp_path / "set" / "a").mkdir(parents=True)
    (tmp_path / "set" / "a" / "x.png").touch()
    with pytest.raises(IdxError, match="none of the pictures can be read"):
        pack(list_folder(str(tmp_path / "set")), str(tmp_path / "out"), PLAINLY, skip_bad=True)


def test_colour(folder, tmp_path, oracle):
    pack(list_folder(str(folder)), str(tmp_path / "out"), Conversion(14, True, PLAIN))
    data = (tmp_path / "out" / "train-images-idx4-ubyte.gz").read_bytes()
    assert gzip.decompress(data)[:20].hex() == "000008040000003c0000000e0000000e00000003"
    assert read(tmp_path / "out", oracle, ndim=4)[0] == [n for n in range(1, 61) for _ in range(3)]


def test_the_same_pictures_give_the_same_files(folder, tmp_path):
    for name in ("one", "two"):
        pack(list_folder(str(folder)), str(tmp_path / name), Conversion(), per_class=5)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupt_leaves_nothing(folder, tmp_path, error):
    def stop(done, total):
        raise error

    with pytest.raises(error):
        pack(list_folder(str(folder)), str(tmp_path / "out"), PLAINLY, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
