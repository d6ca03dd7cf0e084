"""The drop-in module for torchvision; where PyTorch is not installed, only that it says so."""

import gzip
import lzma
import os
import shutil
import sys
import zipfile

import numpy as np
import pytest

from idxfast import IdxError
from idxfast.compat import torchvision as ours
from idxfast.compat._shared import downloads


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(params=["raw", "packed"])
def root(request, tmp_path, family):
    """A root with the small set as MNIST, FashionMNIST and KMNIST."""
    for name in ("MNIST", "FashionMNIST", "KMNIST"):
        shutil.copytree(getattr(family, request.param), tmp_path / name / "raw")
    return tmp_path


def test_without_torch(monkeypatch, tmp_path, family):
    monkeypatch.setitem(sys.modules, "torch", None)
    for call in (
        lambda: ours.SN3_PASCALVINCENT_TYPEMAP,
        lambda: ours.read_image_file(family.raw / "train-images-idx3-ubyte"),
        lambda: ours.MNIST(tmp_path),
    ):
        with pytest.raises(ImportError, match="needs PyTorch: pip install torch"):
            call()
    assert ours.EMNIST.classes_split_dict["letters"][:2] == ["N/A", "a"]


def test_other_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = ours.nonsense


def test_get_int():
    assert ours.get_int(b"\0\0\x08\3") == 2051
    assert ours.get_int(b"\xff" * 9) == 2**72 - 1
    with pytest.raises(ValueError):
        ours.get_int(b"")
    with pytest.raises(TypeError):
        ours.get_int(3)


def test_typemap(torch):
    assert {
        8: torch.uint8, 9: torch.int8, 11: torch.int16, 12: torch.int32, 13: torch.float32,
        14: torch.float64,
    } == ours.SN3_PASCALVINCENT_TYPEMAP  # fmt: skip


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("code", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E], ids=hex)
def test_tensors(torch, oracle, tmp_path, code, strict):
    data = oracle.pack(code, (2, 3, 4))
    for name, content in (("a", data), ("b", gzip.compress(data)), ("c.xz", lzma.compress(data))):
        path = tmp_path / name
        path.write_bytes(content)
        tensor = ours.read_sn3_pascalvincent_tensor(str(path), strict=strict)
        assert tensor.dtype == ours.SN3_PASCALVINCENT_TYPEMAP[code]
        oracle.check(tensor.numpy(), data)


@pytest.mark.parametrize("strict", [True, False])
def test_a_file_of_another_size_is_refused(torch, oracle, tmp_path, strict):
    for data in (oracle.pack(0x08, (4,))[:-1], oracle.pack(0x08, (4,)) + b"\0"):
        (tmp_path / "a").write_bytes(data)
        with pytest.raises(IdxError):
            ours.read_sn3_pascalvincent_tensor(tmp_path / "a", strict=strict)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-40], lambda data: data[:100] + b"\xff\xff" + data[102:]]
)
def test_damaged_xz_is_refused(torch, oracle, tmp_path, damage):
    (tmp_path / "a.xz").write_bytes(damage(lzma.compress(oracle.pack(0x0C, (3000,)))))
    with pytest.raises(IdxError, match=r"a\.xz: xz stream 1"):
        ours.read_sn3_pascalvincent_tensor(tmp_path / "a.xz")


def test_a_path_may_be_bytes(torch, family):
    path = os.fsencode(family.raw / "train-labels-idx1-ubyte")
    assert ours.read_label_file(path).tolist() == family.train[1].tolist()


def test_images_and_labels(torch, family):
    images = ours.read_image_file(family.raw / "train-images-idx3-ubyte")
    labels = ours.read_label_file(family.raw / "train-labels-idx1-ubyte")
    assert images.dtype == torch.uint8
    assert labels.dtype == torch.int64
    assert np.array_equal(images.numpy(), family.train[0])
    assert labels.tolist() == family.train[1].tolist()


@pytest.mark.parametrize(
    ("read", "code", "shape", "error"),
    [
        (ours.read_image_file, 0x09, (2, 3, 4), TypeError),
        (ours.read_image_file, 0x08, (2, 3), ValueError),
        (ours.read_label_file, 0x0C, (2,), TypeError),
        (ours.read_label_file, 0x08, (2, 3), ValueError),
    ],
)
def test_other_files_are_refused(torch, oracle, tmp_path, read, code, shape, error):
    (tmp_path / "a").write_bytes(oracle.pack(code, shape))
    with pytest.raises(error):
        read(tmp_path / "a")


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_sets(torch, root, family, name, train):
    dataset = getattr(ours, name)(str(root), train=train)
    images, labels = family.train if train else family.t10k
    assert np.array_equal(dataset.data.numpy(), images)
    assert dataset.targets.tolist() == labels.tolist()
    assert dataset.targets.dtype == torch.int64
    assert len(dataset) == len(labels)
    assert list(dataset.class_to_idx.values()) == list(range(10))
    assert list(dataset.class_to_idx) == dataset.classes


def test_items(torch, root, family):
    image = pytest.importorskip("PIL.Image")
    picture, label = ours.MNIST(root)[2]
    assert isinstance(picture, image.Image)
    assert picture.mode == "L"
    assert np.array_equal(picture, family.train[0][2])
    assert type(label) is int
    assert label == family.train[1][2]
    dataset = ours.MNIST(root, transform=np.sum, target_transform=lambda label: label + 100)
    assert dataset[2] == (family.train[0][2].sum(), label + 100)


def test_a_set_wants_all_four_files(torch, root):
    (path,) = (root / "MNIST" / "raw").glob("t10k-labels-*")
    path.unlink()
    for train in (True, False):
        with pytest.raises(RuntimeError, match="Dataset not found"):
            ours.MNIST(root, train)


def test_sum(torch, root, family):
    both = ours.MNIST(root) + ours.MNIST(root, train=False)
    assert isinstance(both, torch.utils.data.ConcatDataset)
    assert [label for _, label in both] == [*family.train[1], *family.t10k[1]]


def test_a_loader_takes_the_sets(torch, root, family):
    dataset = ours.MNIST(root, transform=np.array)
    images, labels = next(iter(torch.utils.data.DataLoader(dataset, batch_size=7)))
    assert np.array_equal(images.numpy(), family.train[0])
    assert labels.tolist() == family.train[1].tolist()


def test_old_names(torch, root):
    dataset = ours.MNIST(root)
    for old, new in (
        ("train_data", "data"),
        ("test_data", "data"),
        ("train_labels", "targets"),
        ("test_labels", "targets"),
    ):
        with pytest.warns(UserWarning, match=f"{old} has been renamed {new}"):
            assert getattr(dataset, old) is getattr(dataset, new)


def test_files_that_are_not_there(torch, tmp_path, no_download):
    with pytest.raises(RuntimeError, match="Dataset not found"):
        ours.MNIST(tmp_path)
    assert no_download == []
    with pytest.raises(RuntimeError, match="Dataset not found"):
        ours.KMNIST(tmp_path, download=True)
    with pytest.raises(RuntimeError, match="Dataset not found"):
        ours.EMNIST(tmp_path, "letters", download=True)
    for what in ("test50k", "nist"):
        with pytest.raises(RuntimeError, match="Dataset not found"):
            ours.QMNIST(tmp_path, what, download=True)
    assert no_download == [
        ("kmnist", str(tmp_path / "KMNIST" / "raw")),
        ("emnist-letters", str(tmp_path / "EMNIST" / "raw")),
        ("qmnist", str(tmp_path / "QMNIST" / "raw")),
        ("xnist", str(tmp_path / "QMNIST" / "raw")),
    ]


def test_old_processed_files_come_first(torch, root):
    folder = root / "MNIST" / "processed"
    folder.mkdir()
    torch.save((torch.zeros(1, 2, 2, dtype=torch.uint8), torch.tensor([4])), folder / "training.pt")
    torch.save((torch.zeros(1, 2, 2, dtype=torch.uint8), torch.tensor([5])), folder / "test.pt")
    assert ours.MNIST(root).targets.tolist() == [4]
    assert ours.MNIST(root, train=False).targets.tolist() == [5]


@pytest.mark.parametrize("form", ["unpacked", "archive"])
def test_emnist(torch, tmp_path, family, form):
    raw = tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    with zipfile.ZipFile(raw / "gzip.zip", "w") as archive:
        for path in family.raw.iterdir():
            name = f"emnist-letters-{path.name.replace('t10k', 'test')}"
            if form == "unpacked":
                shutil.copy(path, raw / name)
            else:
                archive.writestr(f"gzip/{name}.gz", gzip.compress(path.read_bytes()))
    for train, (images, labels) in ((True, family.train), (False, family.t10k)):
        dataset = ours.EMNIST(tmp_path, "letters", train=train)
        assert np.array_equal(dataset.data.numpy(), images)
        assert dataset.targets.tolist() == labels.tolist()
        assert dataset.targets.dtype == torch.int64
        assert dataset.classes == ["N/A", *"abcdefghijklmnopqrstuvwxyz"]


def test_downloaded_emnist_is_never_read_from_an_unverified_archive(
    torch, tmp_path, family, publish, monkeypatch
):
    """Even if the archive takes the place of the files right after the download."""
    files = {
        f"emnist-letters-{path.name.replace('t10k', 'test')}": path.read_bytes()
        for path in family.packed.iterdir()
    }
    publish("emnist-letters", files)
    download = downloads.download
    swapped = []

    def download_and_swap(name, folder):
        download(name, folder)
        with zipfile.ZipFile(os.path.join(folder, "gzip.zip"), "w") as archive:
            for file in files:
                os.remove(os.path.join(folder, file))
                archive.writestr(f"gzip/{file}", files[file.replace("train", "test")])
        swapped.append(name)

    monkeypatch.setattr(downloads, "download", download_and_swap)
    dataset = ours.EMNIST(tmp_path, "letters", download=True)
    assert swapped == ["emnist-letters"]
    assert np.array_equal(dataset.data.numpy(), family.train[0])
    assert dataset.targets.tolist() == family.train[1].tolist()


def test_splits_of_emnist(torch, tmp_path):
    with pytest.raises(ValueError, match="hiragana"):
        ours.EMNIST(tmp_path, "hiragana")
    counts = {name: len(classes) for name, classes in ours.EMNIST.classes_split_dict.items()}
    assert counts == {
        "byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10, "mnist": 10,
    }  # fmt: skip


@pytest.fixture
def qmnist(tmp_path, oracle):
    raw = tmp_path / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    labels = oracle.pack(0x0C, (10_002, 8))
    images = oracle.pack(0x08, (10_002, 1, 2))
    for name, content in (
        ("qmnist-train", gzip.compress),
        ("qmnist-test", bytes),
        ("xnist", lzma.compress),
    ):
        suffix = {"xnist": ".xz", "qmnist-train": ".gz"}.get(name, "")
        (raw / f"{name}-images-idx3-ubyte{suffix}").write_bytes(content(images))
        (raw / f"{name}-labels-idx2-int{suffix}").write_bytes(content(labels))
    return (
        tmp_path,
        np.frombuffer(images[16:], np.uint8).reshape(-1, 1, 2),
        np.frombuffer(labels[12:], ">i4").reshape(-1, 8),
    )


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({}, slice(None)),
        ({"train": False}, slice(None)),
        ({"what": "test"}, slice(None)),
        ({"what": "test10k"}, slice(10_000)),
        ({"what": "test50k"}, slice(10_000, None)),
        ({"what": "nist"}, slice(None)),
    ],
    ids=str,
)
def test_qmnist(torch, qmnist, options, part):
    root, images, labels = qmnist
    dataset = ours.QMNIST(root, **options)
    assert np.array_equal(dataset.data.numpy(), images[part])
    assert dataset.targets.dtype == torch.int64
    assert np.array_equal(dataset.targets.numpy(), labels[part])


def test_labels_of_qmnist(torch, qmnist):
    root, _, labels = qmnist
    assert ours.QMNIST(root, transform=np.array, target_transform=str)[1][1] == str(labels[1, 0])
    target = ours.QMNIST(root, compat=False, transform=np.array)[1][1]
    assert target.tolist() == labels[1].tolist()
    with pytest.raises(ValueError, match="validation"):
        ours.QMNIST(root, "validation")


def test_labels_of_qmnist_are_a_table(torch, qmnist, oracle):
    root, _, labels = qmnist
    path = root / "QMNIST" / "raw" / "qmnist-test-labels-idx2-int"
    path.write_bytes(oracle.pack(0x0C, (len(labels),)))
    with pytest.raises(ValueError, match="2 dimensions instead of 1"):
        ours.QMNIST(root, train=False)


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST", "QMNIST"])
def test_class_names_are_those_of_torchvision(name):
    theirs = pytest.importorskip("torchvision.datasets.mnist")
    assert getattr(ours, name).classes == getattr(theirs, name).classes
    assert ours.EMNIST.classes_split_dict == theirs.EMNIST.classes_split_dict
    assert set(ours.EMNIST.splits) == set(theirs.EMNIST.splits)
    assert ours.QMNIST.subsets == theirs.QMNIST.subsets


@pytest.mark.parametrize("code", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E], ids=hex)
def test_tensors_are_those_of_torchvision(oracle, tmp_path, code):
    theirs = pytest.importorskip("torchvision.datasets.mnist")
    path = tmp_path / "a"
    path.write_bytes(oracle.pack(code, (2, 3, 4)))
    one, other = (m.read_sn3_pascalvincent_tensor(str(path)) for m in (ours, theirs))
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    assert one.numpy().tobytes() == other.numpy().tobytes()


@pytest.mark.parametrize("train", [True, False])
def test_sets_are_those_of_torchvision(tmp_path, family, train):
    theirs = pytest.importorskip("torchvision.datasets.mnist")
    shutil.copytree(family.raw, tmp_path / "FashionMNIST" / "raw")
    one, other = (module.FashionMNIST(str(tmp_path), train=train) for module in (ours, theirs))
    for name in ("data", "targets"):
        assert getattr(one, name).dtype == getattr(other, name).dtype
        assert (getattr(one, name) == getattr(other, name)).all()
    for name in ("classes", "class_to_idx", "raw_folder", "processed_folder"):
        assert getattr(one, name) == getattr(other, name)
    assert len(one) == len(other)
    for index in range(len(one)):
        assert np.array_equal(one[index][0], other[index][0])
        assert one[index][1] == other[index][1]


@pytest.mark.parametrize("form", ["raw/{}", "{}"])
def test_files_under_other_names_are_found(form, torch_stub, family, same, tmp_path):
    for source in family.raw.iterdir():
        path = tmp_path / "MNIST" / form.format(source.name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
    for train, (images, labels) in ((True, family.train), (False, family.t10k)):
        dataset = ours.MNIST(tmp_path, train)
        np.testing.assert_array_equal(dataset.data, images)
        np.testing.assert_array_equal(dataset.targets, labels)
    with pytest.raises(RuntimeError, match="Dataset not found"):
        ours.FashionMNIST(tmp_path)
    with pytest.raises(RuntimeError, match="Dataset not found"):
        ours.QMNIST(tmp_path)
