"""Folders of PNG files."""

import os
import struct
import zlib

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image", reason="needs Pillow")

from idxfast.errors import FormatError  # noqa: E402
from idxfast.images.png_folder import read_folder, write_folder  # noqa: E402


def nothing(done, total):
    """Progress that nobody sees."""


def pictures(count, channels=()):
    return np.random.default_rng(2).integers(0, 256, (count, 4, 5, *channels), np.uint8)


def save(path, pixels, **options):
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.fromarray(pixels).save(path, **options)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_what_is_written_is_read_back(channels, tmp_path):
    images, labels = pictures(12, channels), np.array([3, 10, 3, 0] * 3)
    done = []
    write_folder(
        str(tmp_path / "out"), [images[:7], images[7:]], labels, lambda *now: done.append(now)
    )
    assert done == [(n + 1, 12) for n in range(12)]
    assert sorted(os.listdir(tmp_path)) == ["out"]
    assert sorted(os.listdir(tmp_path / "out")) == ["00", "03", "10"]
    assert sorted(os.listdir(tmp_path / "out" / "10")) == ["01.png", "05.png", "09.png"]
    with Image.open(tmp_path / "out" / "10" / "05.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), images[5])
    rows, found, names = read_folder(str(tmp_path / "out"))
    assert (rows.shape, rows.dtype, names) == (images.shape, np.uint8, {})
    np.testing.assert_array_equal(rows.read(0, 12), images)
    np.testing.assert_array_equal(rows.read(5, 7), images[5:7])
    np.testing.assert_array_equal(found, labels)


def test_folders_with_names_are_numbered_in_their_order(tmp_path):
    images = pictures(3)
    save(tmp_path / "dog" / "a.png", images[0])
    save(tmp_path / "cat" / "z.PNG", images[1])
    save(tmp_path / "cat" / "b.png", images[2])
    (tmp_path / "cat" / ".DS_Store").touch()
    (tmp_path / "classes.txt").touch()
    rows, labels, names = read_folder(str(tmp_path))
    np.testing.assert_array_equal(rows.read(0, 3), images[[2, 1, 0]])
    assert labels.tolist() == [0, 0, 1]
    assert names == {0: "cat", 1: "dog"}


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    for path, error in ((tmp_path / "out", "not empty"), (tmp_path / "out" / "mine", "Not a dir")):
        with pytest.raises(OSError, match=error) as refused:
            write_folder(str(path), [pictures(1)], np.array([0]), nothing)
        assert str(path) in str(refused.value)
    assert os.listdir(tmp_path / "out") == ["mine"]


def test_an_empty_folder_may_be_there(tmp_path):
    (tmp_path / "out").mkdir()
    write_folder(f"{tmp_path / 'out'}/", [pictures(1)], np.array([0]), nothing)
    assert os.listdir(tmp_path / "out") == ["0"]


def test_a_link_is_left_alone(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    with pytest.raises(OSError, match="a link"):
        write_folder(str(tmp_path / "link"), [pictures(1)], np.zeros(1, int), nothing)
    assert sorted(os.listdir(tmp_path)) == ["empty", "link"]


def test_missing_parents_are_made(tmp_path):
    write_folder(str(tmp_path / "missing" / "x"), [pictures(1)], np.zeros(1, int), nothing)
    assert os.listdir(tmp_path / "missing" / "x" / "0") == ["0.png"]


@pytest.mark.skipif(not hasattr(os, "sync"), reason="needs sync")
def test_pictures_are_on_the_disk_before_the_folder_appears(tmp_path, monkeypatch):
    events = []
    monkeypatch.setattr(os, "sync", lambda: events.append(os.listdir(tmp_path)))
    write_folder(str(tmp_path / "x"), [pictures(1)], np.zeros(1, int), nothing)
    ((private,),) = events
    assert private.startswith(".x.")


def test_after_an_error_nothing_is_left(tmp_path):
    def fail():
        yield pictures(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(str(tmp_path / "out"), fail(), np.array([0, 0]), nothing)
    assert os.listdir(tmp_path) == []


def damaged(path):
    save(path, pictures(1)[0])
    path.write_bytes(path.read_bytes()[:-20])


def flipped(path):
    """In the checksum of the pixels."""
    save(path, pictures(1)[0])
    data = bytearray(path.read_bytes())
    data[-13] ^= 1
    path.write_bytes(data)


def other_size(path):
    save(path, pictures(1)[0][1:])


def colour(path):
    save(path, pictures(1, (3,))[0])


def palette(path):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pictures(1)[0]).convert("P").save(path)


def sixteen_bits(path):
    save(path, pictures(1)[0].astype(np.uint16))


def transparent(path):
    save(path, pictures(1)[0], transparency=0)


def animated(path):
    first, *others = map(Image.fromarray, pictures(2))
    path.parent.mkdir(exist_ok=True)
    first.save(path, save_all=True, append_images=others)


def jpeg(path):
    save(path, pictures(1)[0], format="JPEG")


def bomb(path):
    """A small file of many pixels, all equal."""
    path.parent.mkdir(exist_ok=True)
    Image.new("L", (20_000, 20_000)).save(path)


@pytest.mark.parametrize(
    "make",
    [
        damaged,
        flipped,
        other_size,
        colour,
        palette,
        sixteen_bits,
        transparent,
        animated,
        jpeg,
        bomb,
    ],
)
def test_what_is_refused(make, tmp_path):
    save(tmp_path / "0" / "0.png", pictures(1)[0])
    make(tmp_path / "0" / "1.png")
    rows, _, _ = read_folder(str(tmp_path))
    with pytest.raises(FormatError) as refused:
        rows.read(0, 2)
    assert refused.value.filename == str(tmp_path / "0" / "1.png")


@pytest.mark.parametrize("first", [(), ((b"tEXt", b"Comment\0" + bytes(range(8, 16))),)])
def test_sixteen_bits_of_colour_are_refused(first, tmp_path):
    """Pillow drops the lower eight."""
    path = tmp_path / "0" / "0.png"
    path.parent.mkdir()
    size = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    chunks = (*first, (b"IHDR", size), (b"IDAT", zlib.compress(bytes(13))), (b"IEND", b""))
    data = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    with pytest.raises(FormatError, match="another chunk" if first else "16 bits"):
        read_folder(str(tmp_path))


def test_names_of_many_digits_are_no_labels(tmp_path):
    for name in ("1" * 20, "2" * 20):
        save(tmp_path / name / "0.png", pictures(1)[0])
    _, labels, names = read_folder(str(tmp_path))
    assert (labels.tolist(), names) == ([0, 1], {0: "1" * 20, 1: "2" * 20})


def test_other_files_are_refused(tmp_path):
    save(tmp_path / "0" / "0.png", pictures(1)[0])
    (tmp_path / "0" / "1.jpg").touch()
    with pytest.raises(FormatError, match=r"1\.jpg: not a PNG file; `idxfast pack`"):
        read_folder(str(tmp_path))


def test_folders_without_pictures(tmp_path):
    save(tmp_path / "0.png", pictures(1)[0])
    (tmp_path / "0").mkdir()
    with pytest.raises(FormatError, match="one for each class"):
        read_folder(str(tmp_path))
