"""TensorLoader: each image once an epoch, its values after normalisation, and wrong arguments."""

import numpy as np
import pytest

import idxfast


def numbers_of(loader):
    found = []
    for images, labels in loader:
        found.append(images[:, 0, 0].tolist())
        assert labels.tolist() == [number * 7 % 10 for number in found[-1]]
    return found


def flat(lists):
    return [number for some in lists for number in some]


@pytest.mark.parametrize("kind", ["raw", "packed", "images", "IdxFile", "tensor"])
def test_in_order(ours, torch, files, kind):
    made = {
        "IdxFile": lambda: idxfast.open(files.raw),
        "tensor": lambda: torch.from_numpy(files.images),
    }
    images = made[kind]() if kind in made else getattr(files, kind)
    loader = ours.TensorLoader(images, files.packed_labels, 25)
    assert len(loader) == 5
    for _ in range(2):
        assert numbers_of(loader) == [[*range(at, min(at + 25, 103))] for at in range(0, 103, 25)]
    found, labels = next(iter(loader))
    assert found.dtype == torch.uint8 and labels.dtype == torch.int64
    assert np.array_equal(found.numpy(), files.images[:25])


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [1, 25, 103, 104])
def test_sizes(ours, files, batch_size, drop_last):
    loader = ours.TensorLoader(
        files.images, files.labels, batch_size, shuffle=True, drop_last=drop_last
    )
    found = numbers_of(loader)
    assert len(found) == len(loader) == (103 // batch_size if drop_last else -(-103 // batch_size))
    assert all(len(some) == batch_size for some in found[: 103 // batch_size])
    assert (
        len(set(flat(found)))
        == len(flat(found))
        == (103 // batch_size * batch_size if drop_last else 103)
    )


def test_orders(ours, torch, files):
    def epochs(**options):
        loader = ours.TensorLoader(files.images, files.labels, 10, shuffle=True, **options)
        return [flat(numbers_of(loader)) for _ in range(3)]

    first = epochs(seed=1)
    assert all(sorted(numbers) == [*range(103)] for numbers in first)
    assert len({*map(tuple, first)}) == 3
    assert epochs(seed=1) == epochs(seed=np.int64(1)) == first != epochs(seed=2)
    torch.manual_seed(5)
    first = epochs()
    assert epochs() != first
    torch.manual_seed(5)
    assert epochs() == first


def test_batches_are_new(ours, files):
    before = files.images.copy()
    for options in ({}, {"mean": 0.5, "deviation": 2}):
        for images, labels in ours.TensorLoader(files.images, files.labels, 103, **options):
            images[:] = 0
            labels[:] = 0
    assert np.array_equal(files.images, before)
    assert files.labels.any()


def test_normalised(ours, torch, files):
    options = {"mean": 0.2860, "deviation": 0.3530}
    ((images, _),) = ours.TensorLoader(files.images, files.labels, 103, **options)
    one = np.float32
    expected = (files.images.astype(one) / one(255) - one(0.2860)) / one(0.3530)
    assert images.dtype == torch.float32
    assert np.array_equal(images.numpy(), expected)
    for dtype in ("i2", "f4", "f8"):
        ((images, _),) = ours.TensorLoader(
            files.images.astype(dtype), files.labels, 103, mean=100, deviation=50
        )
        assert np.array_equal(images.numpy(), (files.images.astype(one) - one(100)) / one(50))


@pytest.mark.parametrize("device", ["cpu", "meta", "cuda"])
def test_devices(ours, torch, files, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    loader = ours.TensorLoader(
        files.images, files.labels, 60, mean=0, deviation=1, device=torch.device(device)
    )
    for images, labels in loader:
        assert images.device.type == labels.device.type == device
        assert images.shape == (len(labels), 5, 4) and images.dtype == torch.float32
    assert len(labels) == 43


def test_images_on_a_device_stay_there(ours, torch, files):
    loader = ours.TensorLoader(torch.from_numpy(files.images).to("meta"), files.labels, 60)
    assert {tensor.device.type for batch in loader for tensor in batch} == {"meta"}


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 5, "seed": -1, "shuffle": True}, "seed is -1"),
        ({"batch_size": 5, "mean": 0.5}, "belong together"),
        ({"batch_size": 5, "deviation": 0.5}, "belong together"),
        ({"batch_size": 5, "mean": 0.5, "deviation": 0}, "deviation is 0"),
    ],
)
def test_wrong_options(ours, files, options, match):
    with pytest.raises(ValueError, match=match):
        ours.TensorLoader(files.images, files.labels, **options)


def test_wrong_data(ours, files):
    with pytest.raises(TypeError):
        ours.TensorLoader(files.images, files.labels, 2.5)
    with pytest.raises(TypeError, match="images is a list"):
        ours.TensorLoader(files.images.tolist(), files.labels, 5)
    with pytest.raises(idxfast.IdxError, match="not as many labels"):
        ours.TensorLoader(files.raw, files.labels[1:], 5)
    with pytest.raises(idxfast.IdxError, match="no images"):
        ours.TensorLoader(files.images[:0], [], 5)
