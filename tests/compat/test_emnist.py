"""The drop-in module for emnist: its results are compared with the facts about the original."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from idxfast import IdxError
from idxfast.compat import emnist
from idxfast.storage.private_folder import private_folder_name


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.fixture
def content(family):
    """A zip file like EMNIST's."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for packed in family.packed.iterdir():
            name = packed.name.replace("t10k", "test")
            for split in ("letters", "digits"):
                archive.write(packed, f"gzip/emnist-{split}-{name}")
    return data.getvalue()


@pytest.fixture
def cached(home, content):
    path = home / ".cache" / "emnist" / "emnist.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def remote(content, publish):
    publish("emnist-digits", {}, content)
    return content


def test_list_datasets(cached):
    assert sorted(emnist.list_datasets()) == ["digits", "letters"]


def test_the_package_gives_the_same(cached, emnist_package, same):
    assert emnist.list_datasets() == emnist_package.list_datasets()
    for dataset in emnist.list_datasets():
        for name in ("extract_training_samples", "extract_test_samples"):
            same(getattr(emnist, name)(dataset), getattr(emnist_package, name)(dataset))


@pytest.mark.parametrize("code", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E], ids=hex)
def test_the_package_parses_the_same(emnist_package, oracle, same, code):
    for shape in ((3,), (0, 4), (2, 3, 4)):
        data = oracle.pack(code, shape)
        same(emnist.parse_idx(data), emnist_package.parse_idx(data))


def test_samples_come_upright(cached, family, same):
    for extract, (images, labels) in (
        (emnist.extract_training_samples, family.train),
        (emnist.extract_test_samples, family.t10k),
    ):
        same(extract("digits"), (images.swapaxes(1, 2), labels))
    same(emnist.extract_samples("letters", "test")[1], family.t10k[1])
    same(emnist.extract_data("digits", "train", "labels"), family.train[1])


def test_names_that_do_not_exist(cached):
    with pytest.raises(ValueError, match=r"Unrecognized value 'valid' for usage"):
        emnist.extract_data("digits", "valid", "images")
    with pytest.raises(ValueError, match=r"Unrecognized value 'names' for component"):
        emnist.extract_data("digits", "train", "names")
    with pytest.raises(KeyError):
        emnist.extract_data("hiragana", "train", "images")


@pytest.mark.parametrize("code", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E], ids=hex)
def test_parse_idx(oracle, code):
    data = oracle.pack(code, (2, 3))
    array = emnist.parse_idx(data)
    assert array.dtype == np.dtype(oracle.types[code][0]).newbyteorder(">")
    assert array.shape == (2, 3)
    assert array.tobytes() == data[12:]


def test_parse_idx_refuses_other_data():
    for data in (b"\1\0\x08\1", b"\0\0\x0a\1", b"\0\0\x08\1\0\0\0\2\1"):
        with pytest.raises(ValueError):
            emnist.parse_idx(data)


def test_the_zip_file_is_downloaded_if_it_is_not_there_or_empty(home, remote, mirror, family, same):
    folder = home / ".cache" / "emnist"
    path = str(folder / "emnist.zip")
    same(emnist.extract_test_samples("digits")[1], family.t10k[1])
    assert emnist.get_cached_data_path() == emnist.ensure_cached_data() == path
    assert {p.name for p in folder.iterdir()} == {"emnist.zip", private_folder_name("idxfast", "")}
    (folder / "emnist.zip").write_bytes(b"")
    assert sorted(emnist.list_datasets()) == ["digits", "letters"]
    assert (folder / "emnist.zip").read_bytes() == remote
    assert mirror.requests == [("emnist-digits/gzip.zip", None)] * 2


def test_the_zip_file_is_not_downloaded_if_it_is_there(cached, mirror):
    assert emnist.ensure_cached_data() == str(cached)
    assert mirror.requests == []


def test_what_was_cleared_is_downloaded_again(home, remote, mirror, family, same):
    for _ in range(2):
        same(emnist.extract_training_samples("letters")[1], family.train[1])
        emnist.clear_cached_data()
    assert mirror.requests == [("emnist-digits/gzip.zip", None)] * 2


def test_clearing(cached):
    private = cached.parent / private_folder_name("idxfast", "")
    private.mkdir()
    for name in (private / "emnist.zip.part", "emnist.zip_partial", "other"):
        (cached.parent / name).write_bytes(gzip.compress(b""))
    emnist.clear_cached_data()
    assert {path.name for path in cached.parent.iterdir()} == {"other", private.name}
    assert list(private.iterdir()) == []
    emnist.clear_cached_data()


def test_a_damaged_zip_file(cached):
    cached.write_bytes(cached.read_bytes()[:-1])
    for read in (emnist.list_datasets, lambda: emnist.extract_data("digits", "test", "labels")):
        with pytest.raises(IdxError, match=r"emnist\.zip: the zip file cannot be read"):
            read()


def test_inspecting(cached, family, monkeypatch, capsys):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    shown = []
    monkeypatch.setattr(pyplot, "imshow", shown.append)
    monkeypatch.setattr(pyplot, "show", lambda block: None)
    emnist.inspect()
    assert np.array_equal(shown, family.t10k[0].swapaxes(1, 2))
    expected = [f"LABEL: {label}" for label in family.t10k[1]]
    assert capsys.readouterr().out.splitlines() == expected
