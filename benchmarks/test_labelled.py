"""Which data sets the studies read, and which they refuse."""

from __future__ import annotations

import argparse
import struct
from pathlib import Path

import numpy as np
import pytest
from idx import Array
from labelled import SYNTHETIC, add_options, chosen, read

_CODES = {"uint8": 0x08, "float32": 0x0D}

IMAGES = np.arange(48, dtype=np.uint8).reshape(4, 3, 4)
LABELS = np.array([3, 250, 3, 250], np.uint8)


def save(folder: Path, train: tuple[Array, Array], test: tuple[Array, Array]) -> Path:
    """Write a labelled set without idxfast."""
    folder.mkdir(parents=True)
    for kind, arrays in (("train", train), ("t10k", test)):
        for what, array in zip(("images", "labels"), arrays, strict=True):
            head = struct.pack(
                f">4B{array.ndim}I", 0, 0, _CODES[array.dtype.name], array.ndim, *array.shape
            )
            data = array.astype(array.dtype.newbyteorder(">")).tobytes()
            (folder / f"{kind}-{what}-idx{array.ndim}-ubyte").write_bytes(head + data)
    return folder


def choose(*arguments: str) -> dict[str, object]:
    """Return what the options choose: the source and the name of each data set."""
    parser = argparse.ArgumentParser("study")
    add_options(parser)
    found = chosen(parser, parser.parse_args(arguments))
    return {source: data.name for source, data in found.items()}


def test_images_are_rows_of_pixels(tmp_path: Path) -> None:
    data = read(str(save(tmp_path / "mine", (IMAGES, LABELS), (IMAGES[:2], LABELS[:2]))))
    assert (data.name, data.shape) == ("mine", (3, 4))
    assert data.train_images.tolist() == np.arange(48).reshape(4, 12).tolist()
    assert data.test_images.tolist() == np.arange(24).reshape(2, 12).tolist()
    assert data.train_labels.tolist() == [3, 250, 3, 250]
    assert data.test_labels.tolist() == [3, 250]


def test_a_published_set_has_its_name_wherever_its_link_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "elsewhere", (IMAGES, LABELS), (IMAGES, LABELS))
    (tmp_path / "mnist").symlink_to("elsewhere")
    monkeypatch.setenv("IDXFAST_DATA", str(tmp_path))
    assert choose() == {str(tmp_path / "mnist"): "mnist"}
    assert choose("--datasets", "mnist", SYNTHETIC) == {
        str(tmp_path / "mnist"): "mnist",
        SYNTHETIC: SYNTHETIC,
    }


def test_a_folder_of_ones_own_is_used_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(tmp_path / "mine", (IMAGES, LABELS), (IMAGES, LABELS))
    monkeypatch.chdir(folder)
    assert choose("--data", ".") == {str(folder): "mine"}


def test_synthetic_digits_without_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDXFAST_DATA", str(tmp_path))
    assert choose() == {SYNTHETIC: SYNTHETIC}


def test_two_folders_of_the_same_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "published" / "mnist", (IMAGES, LABELS), (IMAGES, LABELS))
    mine = save(tmp_path / "mine" / "mnist", (IMAGES, LABELS), (IMAGES, LABELS))
    monkeypatch.setenv("IDXFAST_DATA", str(tmp_path / "published"))
    with pytest.raises(SystemExit):
        choose("--datasets", "mnist", "--data", str(mine))
    assert "the folders have the same name" in capsys.readouterr().err


@pytest.mark.parametrize(
    "train, test, reason",
    [
        ((IMAGES[:0], LABELS[:0]), (IMAGES, LABELS), "there are no training images"),
        ((IMAGES, LABELS), (IMAGES[:0], LABELS[:0]), "there are no test images"),
        ((IMAGES, LABELS.reshape(4, 1)[:, :0]), (IMAGES, LABELS), "there are no training labels"),
        ((IMAGES, LABELS), (IMAGES.reshape(4, 4, 3), LABELS),
         "training images have the shape (3, 4), and test images (4, 3)"),
        ((IMAGES, LABELS.astype(np.float32)), (IMAGES, LABELS),
         "training labels are float32, and not integers"),
        ((IMAGES, LABELS), (np.full((4, 3, 4), np.nan, np.float32), LABELS),
         "test images have pixels that are not finite"),
        ((IMAGES, LABELS), (IMAGES, np.array([3, 3, 7, 7], np.uint8)),
         "fewer than two classes have both training and test images"),
    ],
)  # fmt: skip
def test_sets_that_cannot_be_studied_are_refused(
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = save(tmp_path / "mine", train, test)
    with pytest.raises(SystemExit):
        choose("--data", str(folder))
    assert capsys.readouterr().err.endswith(f"study: error: {folder}: {reason}\n")


def test_a_folder_without_test_files_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save(tmp_path / "mine", (IMAGES, LABELS), (IMAGES, LABELS))
    (folder / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(SystemExit):
        choose("--data", str(folder))
    assert "no images with labels of kind 'test'" in capsys.readouterr().err
