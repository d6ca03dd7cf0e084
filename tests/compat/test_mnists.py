"""The drop-in module for mnists, against mnists itself."""

import gzip
import hashlib
import io
import os
import pickle
import stat
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from idxfast import FetchError, IdxError, dumps
from idxfast.compat import mnists as ours
from idxfast.compat.mnists.dataset import default_folder
from idxfast.datasets import transfer, verifying
from idxfast.storage.private_folder import private_folder_name

NOBODY = 65534
PARTS = ("train_images", "train_labels", "test_images", "test_labels")
SETS = {"MNIST": "mnist", "FashionMNIST": "fashion-mnist", "KMNIST": "kmnist"}
ANOTHER = b"\0\0\x08\1\0\0\0\3\7\7\7"
SPLITS = ("Balanced", "ByClass", "ByMerge", "Digits", "Letters")


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("mnists")


@pytest.fixture(scope="module")
def emnist(tmp_path_factory, family):
    """A folder with a zip file like EMNIST's, in which each split is the small set."""
    folder = tmp_path_factory.mktemp("emnist")
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for path in family.packed.iterdir():
            name = path.name.replace("t10k", "test")
            for split in SPLITS:
                archive.write(path, f"gzip/emnist-{split.lower()}-{name}")
    return str(folder)


@pytest.fixture
def remote(family, publish):
    """The small set as each of the sets, on the mirror."""
    for name in SETS.values():
        publish(name, {path.name: path.read_bytes() for path in family.packed.iterdir()})


def _parts(dataset):
    return tuple(getattr(dataset, part)() for part in PARTS)


@pytest.mark.parametrize(
    "name", ["MNIST", "FashionMNIST", "KMNIST", "K49", "FMNIST", "KuzushijiMNIST", "Kuzushiji49"]
)
def test_classes(theirs, name):
    one, other = getattr(ours, name), getattr(theirs, name)
    assert one.__name__ == other.__name__
    assert one.classes == other.classes


@pytest.mark.parametrize("name", SPLITS)
def test_classes_of_emnist(theirs, emnist, name):
    one = getattr(ours.EMNIST(emnist, download=False), name)
    other = getattr(theirs.EMNIST(emnist, download=False), name)
    assert one.__name__ == other.__name__
    assert one.classes == other.classes


@pytest.mark.parametrize("name", SETS)
def test_loading(same, family, remote, mirror, name):
    for options in ({}, {"download": False}):
        dataset = getattr(ours, name)(str(family.packed), **options)
        same(_parts(dataset), family.train + family.t10k)
    assert mirror.requests == []


def test_published_files(theirs, same, published):
    one = ours.FashionMNIST(str(published), download=False)
    same(_parts(one), _parts(theirs.FashionMNIST(str(published), download=False)))


@pytest.mark.parametrize("code", [0x08, 0x09])
def test_read_idx_file(theirs, same, oracle, tmp_path, code):
    for name, data in (
        ("a", oracle.pack(code, (2, 3))),
        ("b.gz", gzip.compress(oracle.pack(code, (4,)))),
    ):
        (tmp_path / name).write_bytes(data)
        path = str(tmp_path / name)
        same(ours.read_idx_file(path), theirs.utils.read_idx_file(path))


def test_nothing_is_loaded_unless_told(theirs, published):
    for module in (ours, theirs):
        dataset = module.FashionMNIST(str(published), download=False, load=False)
        with pytest.raises(RuntimeError, match="loaded"):
            dataset.test_labels()
        dataset.load()
        assert dataset.test_labels().shape == (10_000,)


def test_files_that_are_not_there(theirs, tmp_path):
    for module in (ours, theirs):
        with pytest.raises(RuntimeError, match="download=True"):
            module.MNIST(str(tmp_path), download=False)


def test_default_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dataset = ours.KMNIST(download=False, load=False)
    assert dataset.target_dir == os.path.join(tempfile.gettempdir(), "mnists", "KMNIST")
    for folder in (tmp_path / "mnists", tmp_path / "mnists" / "KMNIST"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert ours.EMNIST(download=False).target_dir == str(tmp_path / "mnists" / "EMNIST")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
@pytest.mark.parametrize("name", ["mnists", "mnists/MNIST"])
@pytest.mark.parametrize("module", [ours.MNIST, ours.EMNIST, ours.K49])
def test_a_default_folder_that_others_can_fill_is_refused(name, module, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / name.replace("/MNIST", f"/{module.__name__}")
    folder.mkdir(parents=True, mode=0o700)
    for mode in (0o722, 0o770, 0o777, 0o1777):
        folder.chmod(mode)
        with pytest.raises(
            PermissionError, match=r"others may write to it: .*chmod go-w"
        ) as caught:
            module(download=False)
        assert caught.value.filename == str(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == mode
    folder.chmod(0o755)  # as the original makes it
    assert default_folder(module.__name__).startswith(str(tmp_path))
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="a symbolic link"):
        module(download=False)
    folder.unlink()
    folder.touch()
    with pytest.raises(NotADirectoryError):
        module(download=False)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("name", ["mnists", "mnists/MNIST"])
def test_the_default_folder_of_another_user_is_refused(name, tmp_path, monkeypatch, run_child):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / name
    folder.mkdir(parents=True, mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(PermissionError, match="it belongs to another user: name another folder"):
        ours.MNIST(download=False)
    # The reverse: another user finds a folder of root.
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "mnists").mkdir()
    code = """
import os, sys, tempfile
from idxfast.compat.mnists import MNIST
os.chdir(sys.argv[2])
os.setgid(int(sys.argv[1]))
os.setuid(int(sys.argv[1]))
tempfile.tempdir = "."  # those around are not open to this user
try:
    MNIST(download=False, load=False)
except PermissionError as error:
    print(error.strerror.replace(" ", "-"))
"""
    assert run_child(code, NOBODY, shared) == ["it-belongs-to-another-user:-name-another-folder"]
    (shared / "mnists").rmdir()
    assert run_child(code, NOBODY, shared) == []
    assert (shared / "mnists").stat().st_uid == NOBODY


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("options", [{}, {"download": False, "force_download": True}])
def test_what_is_not_there_is_downloaded(same, family, remote, mirror, tmp_path, name, options):
    labels = "t10k-labels-idx1-ubyte.gz"
    (tmp_path / labels).write_bytes((family.packed / labels).read_bytes())
    same(_parts(getattr(ours, name)(str(tmp_path), **options)), family.train + family.t10k)
    files = {path.name for path in family.packed.iterdir()}
    assert {path for path, _ in mirror.requests} == {
        f"{SETS[name]}/{file}" for file in files - {labels}
    }


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_progress_bar_is_shown_if_verbose(
    family, emnist, remote, publish, tmp_path, monkeypatch, is_shown
):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    publish("emnist-digits", {}, Path(emnist, "gzip.zip").read_bytes())
    monkeypatch.setattr(sys, "stderr", Terminal())
    ours.MNIST(str(tmp_path / "a"), verbose=is_shown)
    ours.EMNIST(str(tmp_path / "a"), verbose=is_shown)
    dataset = ours.FashionMNIST(str(tmp_path / "b"), download=False, load=False)
    dataset.download(force=True, verbose=is_shown)
    assert sys.stderr.getvalue().count("100%") >= (9 if is_shown else 0)
    assert is_shown or not sys.stderr.getvalue()
    assert transfer.shows_progress.get()


def test_a_file_that_is_packed_otherwise_is_not_the_published_one(family, remote, tmp_path):
    for path in family.raw.iterdir():
        (tmp_path / f"{path.name}.gz").write_bytes(path.read_bytes())
    with pytest.raises(IdxError, match=r"not the file of mnist \(.*found another packing\)"):
        ours.MNIST(str(tmp_path), download=False)


def _damage(folder, how):
    path = folder / "t10k-labels-idx1-ubyte.gz"
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-5], "empty": b"", "another": gzip.compress(ANOTHER)}[how])
    return path.name


@pytest.mark.parametrize("how", ["cut", "empty", "another"])
@pytest.mark.parametrize("where", ["default", "named"])
def test_what_is_not_the_published_file_is_replaced(
    same, family, remote, mirror, tmp_path, monkeypatch, where, how
):
    """In the default folder, and by force in one that was named."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "mnists" / "MNIST" if where == "default" else tmp_path / "named"
    options = {} if where == "default" else {"target_dir": str(folder), "force_download": True}
    ours.MNIST(**options)
    name = _damage(folder, how)
    mirror.requests.clear()
    same(_parts(ours.MNIST(**options)), family.train + family.t10k)
    assert mirror.requests == [(f"mnist/{name}", None)]


@pytest.mark.parametrize("how", ["cut", "empty", "another"])
def test_in_a_folder_that_was_named_nothing_is_replaced_without_force(
    remote, mirror, tmp_path, how
):
    ours.MNIST(str(tmp_path))
    name = _damage(tmp_path, how)
    damaged = (tmp_path / name).read_bytes()
    mirror.requests.clear()
    with pytest.raises(FetchError, match=name):
        ours.MNIST(str(tmp_path))
    with pytest.raises(IdxError, match=name):
        ours.MNIST(str(tmp_path), download=False)
    assert (tmp_path / name).read_bytes() == damaged
    assert mirror.requests == []


def test_the_files_of_another_set_are_not_taken(same, family, publish, remote, mirror, tmp_path):
    """They have the same names."""
    images, labels = (255 - array for array in family.train)
    others = {
        "train-images-idx3-ubyte.gz": images,
        "train-labels-idx1-ubyte.gz": labels,
        "t10k-images-idx3-ubyte.gz": images[:2],
        "t10k-labels-idx1-ubyte.gz": labels[:2],
    }
    publish("fashion-mnist", {name: gzip.compress(dumps(a)) for name, a in others.items()})
    ours.MNIST(str(tmp_path))
    mirror.requests.clear()
    with pytest.raises(FetchError, match="not the published file"):
        ours.FashionMNIST(str(tmp_path))
    with pytest.raises(IdxError, match=r"train-images.*the file of fashion-mnist.*found sha256"):
        ours.FashionMNIST(str(tmp_path), download=False)
    assert mirror.requests == []
    same(_parts(ours.MNIST(str(tmp_path))), family.train + family.t10k)
    dataset = ours.FashionMNIST(str(tmp_path), force_download=True)
    same(_parts(dataset), (images, labels, images[:2], labels[:2]))


@pytest.mark.parametrize("name", SPLITS)
def test_emnist_comes_upright(same, emnist, family, mirror, name):
    dataset = getattr(ours.EMNIST(emnist), name)()
    down = 1 if name == "Letters" else 0
    same(
        _parts(dataset),
        tuple(
            array.swapaxes(1, 2) if array.ndim == 3 else array - down
            for array in family.train + family.t10k
        ),
    )
    assert mirror.requests == []
    assert os.listdir(emnist) == ["gzip.zip"]


def test_emnist_as_it_is_stored(same, emnist, family):
    dataset = ours.EMNIST(emnist, download=False).Digits(transpose=False)
    same(_parts(dataset), family.train + family.t10k)


def test_emnist_downloads_its_zip_file(same, emnist, family, publish, mirror, tmp_path):
    """If it is not there, and, by force, if it is not the published one."""
    content = Path(emnist, "gzip.zip").read_bytes()
    publish("emnist-digits", {}, content)
    path = tmp_path / "gzip.zip"
    with pytest.raises(RuntimeError, match=r"gzip\.zip"):
        ours.EMNIST(str(tmp_path), download=False).Letters()
    same(ours.EMNIST(str(tmp_path)).Letters().train_labels(), family.train[1] - 1)
    path.unlink()
    dataset = ours.EMNIST(str(tmp_path), download=False, force_download=True).Letters()
    same(dataset.train_labels(), family.train[1] - 1)
    path.write_bytes(content[:-9])
    with pytest.raises(IdxError, match=r"gzip\.zip: the zip file cannot be read"):
        ours.EMNIST(str(tmp_path)).Letters()
    dataset = ours.EMNIST(str(tmp_path), force_download=True).Letters()
    same(dataset.train_labels(), family.train[1] - 1)
    ours.EMNIST(str(tmp_path), force_download=True)
    assert mirror.requests == [("emnist-digits/gzip.zip", None)] * 3
    assert {path.name for path in tmp_path.iterdir()} == {
        "gzip.zip",
        private_folder_name("idxfast", ""),
    }


def test_nothing_is_taken_from_the_zip_file_with_unzip_false(same, emnist, family):
    digits = ours.EMNIST(emnist, download=False).Digits
    with pytest.raises(RuntimeError, match=r"emnist-digits-train-images.*: use unzip=True"):
        digits(unzip=False)
    same(digits(unzip=False, force_unzip=True).test_labels(), family.t10k[1])


@pytest.mark.parametrize("name", SPLITS)
def test_splits_are_pickled(same, emnist, name):
    for options in ({}, {"load": False}):
        dataset = getattr(ours.EMNIST(emnist), name)(**options)
        again = pickle.loads(pickle.dumps(dataset))
        again.load(transpose=True)
        dataset.load(transpose=True)
        same(_parts(again), _parts(dataset))
        assert again.classes == dataset.classes


def test_each_folder_has_splits_of_its_own(same, emnist, family, tmp_path):
    """Those of the original are in the folder that was named last."""
    here = ours.EMNIST(emnist, download=False)
    ours.EMNIST(str(tmp_path), download=False)
    same(here.Digits().test_labels(), family.t10k[1])


def test_a_zip_file_of_another_name(same, emnist, family, tmp_path):
    splits = ours.EMNIST(str(tmp_path), download=False)
    digits = splits.Digits(zip_filepath=str(Path(emnist, "gzip.zip")))
    same(digits.test_labels(), family.t10k[1])


def test_where_unpacked_splits_are(theirs, tmp_path):
    here, there = str(tmp_path / "here"), str(tmp_path / "there.zip")
    folders = [
        module.EMNIST(here, download=False).Digits(zip_filepath=there, unzip=False, load=False)
        for module in (ours, theirs)
    ]
    assert folders[0].target_dir == folders[1].target_dir == os.path.join(here, "Digits")


def test_files_of_emnist_that_were_unpacked(same, tmp_path, family):
    for path in family.packed.iterdir():
        name = path.name.replace("t10k", "test")
        (tmp_path / f"emnist-digits-{name}").write_bytes(path.read_bytes())
    dataset = ours.EMNIST(str(tmp_path), download=False).Digits(str(tmp_path), transpose=False)
    same(_parts(dataset), family.train + family.t10k)


def test_what_is_loaded_is_what_was_verified(family, remote, swapping, same, tmp_path):
    """During the load, the right labels are replaced by wrong ones, and back."""
    for path in family.packed.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    wrong = gzip.compress(dumps((family.train[1] + 1) % 10))
    right = refused = 0
    with swapping(path, path.read_bytes(), wrong):
        for _ in range(200):
            try:
                dataset = ours.MNIST(str(tmp_path), download=False)
            except IdxError:
                refused += 1
            else:
                same(dataset.train_labels(), family.train[1])
                right += 1
    assert right and refused


def test_what_is_loaded_of_k49_is_what_was_verified(family, swapping, same, tmp_path, monkeypatch):
    for name, array in zip(ours.K49._files, family.train + family.t10k, strict=True):
        np.savez_compressed(tmp_path / name, array)
        digest = hashlib.md5((tmp_path / name).read_bytes()).hexdigest()
        monkeypatch.setitem(ours.K49._md5, name, digest)
    path = tmp_path / "k49-train-labels.npz"
    content = path.read_bytes()
    np.savez_compressed(tmp_path / "wrong.npz", (family.train[1] + 1) % 10)
    wrong = (tmp_path / "wrong.npz").read_bytes()
    right = refused = 0
    with swapping(path, content, wrong):
        for _ in range(200):
            try:
                dataset = ours.K49(str(tmp_path))
            except IdxError:
                refused += 1
            else:
                same(dataset.train_labels(), family.train[1])
                right += 1
    assert right and refused
    hash_file = verifying.hash_file

    def hash_and_swap(file, algorithm):
        found = hash_file(file, algorithm)
        path.write_bytes(wrong)
        return found

    path.write_bytes(content)
    monkeypatch.setattr(verifying, "hash_file", hash_and_swap)
    k49 = ours.K49(str(tmp_path), load=False)
    same(k49._read(path.name), family.train[1])
    assert path.read_bytes() == wrong


def test_k49(same, tmp_path, family, monkeypatch):
    arrays = family.train + family.t10k
    for name, array in zip(ours.K49._files, arrays, strict=True):
        np.savez_compressed(tmp_path / name, array)
        digest = hashlib.md5((tmp_path / name).read_bytes()).hexdigest()
        monkeypatch.setitem(ours.K49._md5, name, digest)
    k49 = ours.K49(str(tmp_path))
    same(_parts(k49), arrays)
    k49.load(transpose=True)
    same(_parts(k49), arrays)
    (tmp_path / "k49-test-imgs.npz").unlink()
    with pytest.raises(RuntimeError, match="k49-test-imgs"):
        ours.K49(str(tmp_path))


def test_files_of_k49_are_those_of_the_original(theirs):
    assert ours.K49._md5 == dict(theirs.K49.resources.values())


@pytest.mark.parametrize("content", [b"junk", b"", {"arr_0": np.zeros((3, 28, 28), np.uint8)}])
def test_another_file_than_that_of_k49(tmp_path, content):
    path = tmp_path / "k49-train-imgs.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.savez(path, **content)
    reason = "not the file of Kuzushiji-49 .*, expected md5:7ac088b20481.*, found md5:"
    with pytest.raises(IdxError, match=f"k49-train-imgs.npz: {reason}"):
        ours.K49(str(tmp_path))


def test_images_and_labels_belong_together(tmp_path, family, publish):
    other = {"train-labels-idx1-ubyte.gz": "t10k-labels-idx1-ubyte.gz"}
    packed = {
        path.name: (family.packed / other.get(path.name, path.name)).read_bytes()
        for path in family.packed.iterdir()
    }
    publish("mnist", packed)
    with pytest.raises(IdxError, match="not as many"):
        ours.MNIST(str(tmp_path))
