"""The drop-in module for Keras: its results are compared with the facts about the original."""

import pytest

from idxfast.compat.keras import fashion_mnist, mnist


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "datasets"


@pytest.mark.parametrize(
    ("load", "folder"),
    [
        (mnist.load_data, "mnist"),
        (lambda: mnist.load_data("mine.npz"), "mine"),
        (fashion_mnist.load_data, "fashion-mnist"),
    ],
)
def test_keras_reads_from_its_own_folder(keras_home, family, same, no_download, load, folder):
    keras_home.mkdir()
    (keras_home / folder).symlink_to(family.packed)
    same(load(), (family.train, family.t10k))
    assert no_download == []


def test_keras_reads_files_under_other_names(keras_home, family, same, no_download):
    for source in family.raw.iterdir():
        path = keras_home / "fashion-mnist" / source.name / source.name
        path.parent.mkdir(parents=True)
        path.write_bytes(source.read_bytes())
    same(fashion_mnist.load_data(), (family.train, family.t10k))
    assert no_download == []


def test_modules_of_keras(family, same):
    from idxfast.compat.keras import fashion_mnist, mnist
    from idxfast.compat.keras.fashion_mnist import load_data as load_fashion_mnist
    from idxfast.compat.keras.mnist import load_data

    assert load_data is mnist.load_data
    assert load_fashion_mnist is fashion_mnist.load_data
    same(load_data(family.packed), (family.train, family.t10k))


@pytest.mark.parametrize(
    ("load", "name", "folder"),
    [
        (mnist.load_data, "mnist", "mnist"),
        (fashion_mnist.load_data, "fashion-mnist", "fashion-mnist"),
    ],
)
def test_keras_downloads_what_is_not_there(keras_home, no_download, load, name, folder):
    with pytest.raises(FileNotFoundError):
        load()
    assert no_download == [(name, str(keras_home / folder))]
