"""Whole batches of torchvision's drop-in: each item is the one that the data set gives by itself."""

import pickle
import shutil

import numpy as np
import pytest

from idxfast.compat import torchvision as ours

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torchvision", reason="torchvision is not installed")
transforms = pytest.importorskip("torchvision.transforms")
v2 = pytest.importorskip("torchvision.transforms.v2")
Image = pytest.importorskip("PIL.Image")

MEAN_AND_STD = (0.1307,), (0.3081,)
RECOGNISED = {
    "ToTensor": lambda: transforms.ToTensor(),
    "Compose": lambda: transforms.Compose([transforms.ToTensor()]),
    "Normalize": lambda: transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(*MEAN_AND_STD)]
    ),
    "Normalize in place": lambda: transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(0.5, 0.25, inplace=True)]
    ),
    "Compose in Compose": lambda: transforms.Compose(
        [
            transforms.Compose([transforms.ToTensor()]),
            transforms.Normalize(*MEAN_AND_STD),
            transforms.Normalize(*MEAN_AND_STD),
        ]
    ),
    "v2": lambda: v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]),
    "v2, ToImage": lambda: v2.ToImage(),
    "v2, Normalize": lambda: v2.Compose(
        [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(*MEAN_AND_STD)]
    ),
    "v2, three channels": lambda: v2.Compose(
        [v2.ToImage(), v2.ToDtype(torch.float64, scale=True), v2.Normalize([0.1] * 3, [2.0] * 3)]
    ),
    "v2, not scaled": lambda: v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32)]),
    "v2, int": lambda: v2.Compose([v2.ToImage(), v2.ToDtype(torch.int32, scale=True)]),
    "v2, half": lambda: v2.Compose([v2.ToImage(), v2.ToDtype(torch.float16, scale=True)]),
    "both": lambda: transforms.Compose(
        [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), transforms.Normalize(*MEAN_AND_STD)]
    ),
    "v2 after v1": lambda: v2.Compose(
        [transforms.ToTensor(), v2.ToDtype(torch.float64), v2.Normalize(*MEAN_AND_STD)]
    ),
}


class Mine(transforms.ToTensor):
    """A user's own transform."""

    def __call__(self, picture):
        return super().__call__(picture) + 1


def _hooked():
    normalize = transforms.Normalize(*MEAN_AND_STD)
    normalize.register_forward_hook(lambda module, given, result: result + len(given[0]))
    return transforms.Compose([transforms.ToTensor(), normalize])


def _replaced():
    """A step whose method a script has replaced: each picture gets the mean 0."""
    normalize = transforms.Normalize(*MEAN_AND_STD)
    normalize.forward = lambda picture: picture - picture.mean()
    return transforms.Compose([transforms.ToTensor(), normalize])


OTHERS = {
    "Normalize with another method": _replaced,
    "a subclass": Mine,
    "a subclass in Compose": lambda: transforms.Compose([Mine()]),
    "a function": lambda: np.array,
    "a function after ToTensor": lambda: transforms.Compose([transforms.ToTensor(), torch.neg]),
    "Normalize with a hook": _hooked,
    "a picture that is turned": lambda: transforms.Compose(
        [transforms.RandomRotation((90, 90)), transforms.ToTensor()]
    ),
    "a tensor that is cropped": lambda: transforms.Compose(
        [transforms.ToTensor(), transforms.CenterCrop(2)]
    ),
    "a mean for each pixel": lambda: transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(torch.rand(4, 5), torch.rand(4, 5))]
    ),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory, family):
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(family.packed, root / "MNIST" / "raw")
    return root


@pytest.fixture
def pictures(monkeypatch):
    """The pictures that are made, by their sizes."""
    made = []
    fromarray = Image.fromarray

    def counting(array, *arguments, **options):
        made.append(array.shape)
        return fromarray(array, *arguments, **options)

    monkeypatch.setattr(Image, "fromarray", counting)
    return made


def _check(items, expected):
    """Assert that all items are the same, bit for bit, and of the same types."""
    assert len(items) == len(expected)
    for (image, target), (other, label) in zip(items, expected, strict=True):
        assert type(image) is type(other)
        if isinstance(image, torch.Tensor):
            assert image.dtype == other.dtype and image.shape == other.shape
            image, other = image.numpy(), other.numpy()
        assert np.array(image).tobytes() == np.array(other).tobytes()
        assert type(target) is type(label) and np.array_equal(target, label)


@pytest.mark.parametrize("name", RECOGNISED)
def test_a_recognised_transform(root, pictures, name):
    dataset = ours.MNIST(root, transform=RECOGNISED[name]())
    expected = [dataset[i] for i in (3, 1, 1, 6)]
    pictures.clear()
    for _ in range(2):
        _check(dataset.__getitems__([3, 1, 1, 6]), expected)
        _check(dataset.__getitems__(np.array([3, 1, 1, 6])), expected)
    assert pictures == [(16, 16)] * 2


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_transform_gets_pictures(root, pictures, name):
    dataset = ours.MNIST(root, transform=OTHERS[name]())
    expected = [dataset[i] for i in (3, 1, 1, 6)]
    pictures.clear()
    _check(dataset.__getitems__([3, 1, 1, 6]), expected)
    assert pictures.count((4, 5)) == 4


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (200, 200)], ids=str)
def test_a_large_batch(root, shape):
    """It goes through the transform in parts."""
    dataset = ours.MNIST(root, transform=RECOGNISED["v2, Normalize"]())
    dataset.data = torch.randint(0, 256, (100, *shape), dtype=torch.uint8)
    dataset.targets = torch.arange(100)
    indices = torch.randperm(100).tolist()
    _check(dataset.__getitems__(indices), [dataset[i] for i in indices])


def test_images_without_pixels(root):
    dataset = ours.MNIST(root, transform=transforms.ToTensor())
    dataset.data = dataset.data[:, :0]
    images = [image for image, _ in dataset.__getitems__([1, 2])]
    assert [tuple(image.shape) for image in images] == [(1, 0, 5)] * 2


def test_without_a_transform(root):
    dataset = ours.MNIST(root)
    items = dataset.__getitems__([2, 0])
    assert all(isinstance(image, Image.Image) for image, _ in items)
    _check(items, [dataset[2], dataset[0]])


@pytest.mark.parametrize("name", ["Normalize", "v2, Normalize"])
@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_of_torchvision(tmp_path, family, name, workers):
    """Of all bytes that a picture can have, and with the last batch incomplete."""
    theirs = pytest.importorskip("torchvision.datasets")
    shutil.copytree(family.raw, tmp_path / "MNIST" / "raw")
    data = torch.randint(0, 256, (530, 4, 5), dtype=torch.uint8)
    batches = []
    for module in (ours, theirs):
        dataset = module.MNIST(tmp_path, transform=RECOGNISED[name](), target_transform=np.sqrt)
        dataset.data, dataset.targets = data, torch.arange(530)
        generator = torch.Generator().manual_seed(3)
        loader = torch.utils.data.DataLoader(
            dataset, 256, shuffle=True, num_workers=workers, generator=generator
        )
        batches.append(list(loader))
    for one, other in zip(*batches, strict=True):
        for part, same in zip(one, other, strict=True):
            assert type(part) is type(same) and part.dtype == same.dtype
            assert torch.equal(part, same)


def test_a_subset_asks_for_batches_too(root, pictures):
    dataset = ours.MNIST(root, transform=transforms.ToTensor())
    subset = torch.utils.data.Subset(dataset, [4, 2, 0])
    _check(subset.__getitems__([2, 0]), [dataset[0], dataset[4]])
    assert pictures.count((4, 5)) == 2


def test_a_class_with_a_method_of_its_own(root):
    class Inverted(ours.MNIST):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return 1 - image, -label

    shutil.copytree(root / "MNIST", root / "Inverted", dirs_exist_ok=True)
    dataset = Inverted(root, transform=transforms.ToTensor())
    _check(dataset.__getitems__([2, 5]), [dataset[2], dataset[5]])
    assert dataset.__getitems__([2])[0][1] == -ours.MNIST(root).targets[2]


class Around:
    """A script's own data set, which asks the one within for whatever it does not have."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __getitem__(self, index):
        image, label = self.dataset[index]
        return 1 - image, -label

    def __len__(self):
        return len(self.dataset)

    def __getattr__(self, name):
        return getattr(vars(self)["dataset"], name)


def test_a_data_set_around_another(root):
    dataset = Around(ours.MNIST(root, transform=transforms.ToTensor()))
    assert torch.equal(dataset.targets, ours.MNIST(root).targets)
    ((images, labels),) = torch.utils.data.DataLoader(dataset, len(dataset))
    assert torch.equal(images, torch.stack([dataset[i][0] for i in range(len(dataset))]))
    assert torch.equal(labels, -dataset.targets)
    assert hasattr(ours.MNIST, "__getitems__")


def test_a_method_that_a_script_replaces(root, monkeypatch):
    dataset = ours.MNIST(root, transform=transforms.ToTensor())
    monkeypatch.setattr(ours.MNIST, "__getitem__", lambda self, index: (index, self.train))
    assert dataset.__getitems__([2, 5]) == [(2, True), (5, True)]


def test_a_transform_that_a_script_has_changed(root, pictures, monkeypatch):
    """It is torchvision's own class, but makes other tensors."""
    call = transforms.ToTensor.__call__
    monkeypatch.setattr(transforms.ToTensor, "__call__", lambda self, picture: -call(self, picture))
    dataset = ours.MNIST(root, transform=transforms.ToTensor())
    _check(dataset.__getitems__([2, 5]), [dataset[2], dataset[5]])
    assert pictures.count((4, 5)) == 4


def test_a_transform_that_changes(root):
    steps = transforms.Compose([transforms.ToTensor()])
    dataset = ours.MNIST(root, transform=steps)

    def check():
        _check(dataset.__getitems__([2, 5]), [dataset[2], dataset[5]])

    check()
    steps.transforms.append(transforms.Normalize(*MEAN_AND_STD))
    check()
    steps.transforms[1].mean = (0.5,)
    check()
    steps.transforms.append(transforms.CenterCrop(2))
    check()
    dataset.transform = transforms.ToTensor()
    check()
    dataset.transform = None
    check()
    dataset.transform = transforms.ToTensor()
    torch.set_default_dtype(torch.float64)
    try:
        check()
    finally:
        torch.set_default_dtype(torch.float32)
    check()


def test_images_and_labels_that_a_script_replaces(root):
    dataset = ours.MNIST(root, transform=transforms.ToTensor())
    dataset.data, dataset.targets = dataset.data[2:], dataset.targets[2:]
    _check(dataset.__getitems__([2, 0]), [dataset[2], dataset[0]])
    for targets in (
        dataset.targets.tolist(),
        dataset.targets.numpy(),
        dataset.targets.float() + 0.5,
    ):
        dataset.targets = targets
        items = dataset.__getitems__([2, 0])
        _check(items, [dataset[2], dataset[0]])
        assert [type(label) for _, label in items] == [int, int]
    colours = torch.randint(0, 256, (5, 4, 5, 3), dtype=torch.uint8)
    binary = dataset.data > 127
    for data in (colours, dataset.data.float(), binary):
        dataset.data = data
        _check(dataset.__getitems__([2, 0]), [dataset[2], dataset[0]])
    # As in torchvision, pixels are bytes from 0 to 255, and True is 1.
    assert torch.equal(dataset[2][0], binary[2][None] / 255)


@pytest.mark.parametrize("options", [{}, {"compat": False}], ids=str)
def test_labels_of_qmnist(tmp_path, oracle, options):
    raw = tmp_path / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "qmnist-train-images-idx3-ubyte").write_bytes(oracle.pack(0x08, (9, 4, 5)))
    (raw / "qmnist-train-labels-idx2-int").write_bytes(oracle.pack(0x0C, (9, 8)))
    dataset = ours.QMNIST(tmp_path, transform=transforms.ToTensor(), **options)
    _check(dataset.__getitems__([8, 3]), [dataset[8], dataset[3]])


def test_unusual_indices(root):
    dataset = ours.MNIST(root, transform=transforms.ToTensor())
    for indices in ([-1, 2], [torch.tensor(3), 2], np.array([3, 1], np.uint8), range(2, 5)):
        _check(dataset.__getitems__(indices), [dataset[i] for i in indices])
    assert dataset.__getitems__([]) == []
    for indices in ([7], [0, -8], [1, 2**40]):
        with pytest.raises(IndexError):
            dataset.__getitems__(indices)


def test_errors_are_those_of_the_transform(root):
    for bad in (transforms.Normalize(0.5, 0.0), transforms.Normalize([0.5] * 3, [0.5] * 3)):
        dataset = ours.MNIST(root, transform=transforms.Compose([transforms.ToTensor(), bad]))
        with pytest.raises((ValueError, RuntimeError)) as single:
            dataset[0]
        with pytest.raises(single.type) as batch:
            dataset.__getitems__([0, 1])
        assert str(batch.value) == str(single.value)


def test_a_data_set_that_gave_a_batch_is_pickled(root):
    dataset = ours.MNIST(root, transform=RECOGNISED["v2, Normalize"]())
    items = dataset.__getitems__([4, 2])
    _check(pickle.loads(pickle.dumps(dataset)).__getitems__([4, 2]), items)
