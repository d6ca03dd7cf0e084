""".npz files, against numpy."""

import gc
import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from idxfast.cli.conversion.npz import read_npz, write_npz
from idxfast.cli.conversion.table import Table
from idxfast.cli.failures import UsageError
from idxfast.cli.rows import ArrayRows
from idxfast.errors import IdxError

IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
LABELS = np.array([1, 0, 2, 1], np.uint8)


def nothing(done, total):
    """Progress that nobody sees."""


def images_of(table):
    return table.rows.read(0, table.rows.shape[0])


@pytest.mark.parametrize(
    ("kind", "names"), [(None, ["images", "labels"]), ("train", ["x_train", "y_train"])]
)
def test_numpy_reads_what_is_written(kind, names, tmp_path):
    path = str(tmp_path / "file.npz")
    write_npz(path, {kind: Table(ArrayRows(IMAGES), LABELS)}, nothing)
    with np.load(path, allow_pickle=False) as found:
        assert list(found) == names
        np.testing.assert_array_equal(found[names[0]], IMAGES)
        np.testing.assert_array_equal(found[names[1]], LABELS)
    table = read_npz(path, kind)
    np.testing.assert_array_equal(images_of(table), IMAGES)
    np.testing.assert_array_equal(table.labels, LABELS)


def test_equal_arrays_give_equal_files(tmp_path):
    for name in ("a", "b"):
        write_npz(str(tmp_path / name), {None: Table(ArrayRows(IMAGES))}, nothing)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_after_an_error_the_old_file_stays(tmp_path):
    path = tmp_path / "file.npz"
    path.write_text("old")

    def fail(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_npz(str(path), {None: Table(ArrayRows(IMAGES))}, fail)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    ("arrays", "kind", "has_labels"),
    [
        ({"images": IMAGES, "labels": LABELS}, None, True),
        ({"images": IMAGES}, None, False),
        ({"x_test": np.asfortranarray(IMAGES), "y_test": LABELS}, None, True),
        (
            {"x_train": IMAGES[:1], "y_train": LABELS[:1], "x_test": IMAGES, "y_test": LABELS},
            "test",
            True,
        ),
        ({"anything": IMAGES}, None, False),
    ],
)
def test_what_numpy_writes(arrays, kind, has_labels, save, tmp_path):
    path = str(tmp_path / "file.npz")
    save(path, **arrays)
    table = read_npz(path, kind)
    np.testing.assert_array_equal(images_of(table), IMAGES)
    if has_labels:
        np.testing.assert_array_equal(table.labels, LABELS)
    else:
        assert table.labels is None


@pytest.mark.parametrize(
    ("arrays", "kind"),
    [
        ({"x_train": IMAGES, "x_test": IMAGES}, None),
        ({"a": IMAGES, "b": LABELS}, None),
        ({"images": IMAGES}, "train"),
        ({}, None),
    ],
)
def test_which_arrays(arrays, kind, tmp_path):
    path = str(tmp_path / "file.npz")
    np.savez(path, **arrays)
    with pytest.raises(UsageError, match="--kind train means x_train and y_train"):
        read_npz(path, kind)


def archive(content, name="images.npy", method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr(name, content)
    return bytearray(file.getvalue())


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def changed(data, at, value):
    data[at] ^= value
    return data


GOOD = npy(IMAGES)
# Where the directory of the archive says how large the member is, unpacked.
_SIZE = archive(GOOD).rindex(b"PK\1\2") + 24


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\3\4",
        archive(GOOD)[:-5],
        changed(archive(GOOD), len(GOOD), 1),  # the checksum no longer fits
        changed(archive(GOOD), _SIZE + 3, 0x40),  # a gigabyte
        changed(archive(GOOD), _SIZE, 1),
        archive(GOOD[:-1]),
        archive(GOOD + b"x"),
        archive(npy(np.array([{}], object))),
        archive(GOOD, method=zipfile.ZIP_BZIP2),
        archive(b"junk"),
        changed(archive(GOOD), _SIZE - 16, 1),  # encrypted
    ],
    ids=range(12),
)
def test_what_is_refused(data, tmp_path):
    path = tmp_path / "file.npz"
    path.write_bytes(data)
    with pytest.raises(IdxError) as refused:
        read_npz(str(path), None)
    assert str(refused.value).startswith(str(path))


def test_the_checksum_of_much_data(tmp_path):
    path = tmp_path / "file.npz"
    data = archive(npy(np.zeros((3_000, 28, 28), np.uint8)), method=zipfile.ZIP_DEFLATED)
    path.write_bytes(changed(data, data.rindex(b"PK\1\2") + 16, 1))
    with pytest.raises(IdxError, match="CRC"):
        read_npz(str(path), None)


def test_damaged_labels_keep_no_items_in_a_cycle(tmp_path):
    path = tmp_path / "file.npz"
    np.savez(path, images=np.zeros((4 << 20, 1), np.uint8), labels=np.arange(9, dtype=np.uint8))
    data = bytearray(path.read_bytes())
    path.write_bytes(changed(data, data.rindex(bytes(range(9))), 7))
    del data
    gc.disable()
    tracemalloc.start()
    try:
        with pytest.raises(IdxError, match="CRC"):
            read_npz(str(path), None)
        assert tracemalloc.get_traced_memory()[0] < 2 << 20
    finally:
        tracemalloc.stop()
        gc.enable()


def test_nothing_is_allocated_for_an_impossible_size(tmp_path):
    """The header of the array and the directory of the archive agree on 3 GB."""
    path = tmp_path / "file.npz"
    start = GOOD[: GOOD.index(b"{")] + b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,)}"
    data = archive(start % 3_000_000_000, method=zipfile.ZIP_DEFLATED)
    at = data.rindex(b"PK\1\2") + 24
    data[at : at + 4] = (3_000_000_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(IdxError, match="impossible size"):
        read_npz(str(path), None)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_changed_byte_is_noticed_or_does_not_matter(method, tmp_path):
    """Names, dates and flags of the archive may change, the array may not."""
    path = tmp_path / "file.npz"
    data = archive(GOOD, method=method)
    for at in range(len(data)):
        path.write_bytes(changed(bytearray(data), at, 0x10))
        try:
            found = images_of(read_npz(str(path), None))
        except (IdxError, UsageError):
            continue
        np.testing.assert_array_equal(found, IMAGES)
