"""IdxDataset under torch's DataLoader: the values, the batches, the workers, and what goes wrong."""

import io
import os
import pickle

import numpy as np
import pytest

import idxfast

# Newer Pythons warn of each fork of a process with threads, which torch's loader makes.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")

SOURCES = [
    "raw", "packed", "raw str", "IdxFile", "array", "tensor", "read-only", "reversed", "big-endian",
    "mapped",
]  # fmt: skip


@pytest.fixture
def source(request, files, torch):
    """The images in each form, by its name."""
    return {
        "raw": lambda: files.raw,
        "packed": lambda: files.packed,
        "raw str": lambda: str(files.raw),
        "IdxFile": lambda: idxfast.open(files.packed),
        "array": lambda: files.images,
        "tensor": lambda: torch.from_numpy(files.images),
        "read-only": lambda: np.frombuffer(files.images.tobytes(), np.uint8).reshape(-1, 5, 4),
        "reversed": lambda: files.images[::-1].copy()[::-1],
        "big-endian": lambda: files.images.astype(">i4"),
        "mapped": lambda: idxfast.load(files.packed, mmap_mode="r"),
    }[request.param]()


@pytest.mark.parametrize("source", SOURCES, indirect=True)
def test_items(ours, torch, files, source):
    dataset = ours.IdxDataset(source, files.packed_labels)
    assert isinstance(dataset, torch.utils.data.Dataset)
    assert len(dataset) == len(files.labels)
    for number in (0, 57, -1, np.int64(3), torch.tensor(4)):
        image, label = dataset[number]
        assert np.array_equal(image.numpy(), files.images[number])
        assert image.dtype == (torch.int32 if dataset[0][0].itemsize == 4 else torch.uint8)
        assert label.dtype == torch.int64 and label.shape == ()
        assert label == files.labels[number]
    for number in (103, -104):
        with pytest.raises(IndexError):
            dataset[number]
        with pytest.raises(IndexError):
            dataset.__getitems__([0, number])
    assert [int(label) for _, label in dataset] == files.labels.tolist()


@pytest.mark.parametrize("source", SOURCES, indirect=True)
def test_batches(ours, torch, files, source):
    dataset = ours.IdxDataset(source, files.labels)
    for rows in ([5, 3, 3, 102, -1], [7], [], list(range(103))):
        batch = dataset.__getitems__(rows)
        assert len(batch) == len(rows)
        if rows:
            for images, labels in (dataset[rows], torch.utils.data.default_collate(batch)):
                assert np.array_equal(images.numpy(), files.images[rows])
                assert labels.dtype == torch.int64
                assert labels.tolist() == files.labels[rows].tolist()
    loader = torch.utils.data.DataLoader(dataset, batch_size=25)
    found = [*loader]
    assert [len(labels) for _, labels in found] == [25, 25, 25, 25, 3]
    assert np.array_equal(torch.cat([images for images, _ in found]).numpy(), files.images)


def test_memory_is_shared_with_arrays(ours, torch, files):
    for images in (files.images, torch.from_numpy(files.images)):
        dataset = ours.IdxDataset(images, files.labels)
        image, _ = dataset[7]
        image[1, 1] = files.images[7, 1, 1] ^ 1
        assert image[1, 1] == files.images[7, 1, 1]
        batch, _ = dataset[[7, 8]]
        batch[:] = 0
        assert files.images[8].any()


def test_a_batch_is_a_list_of_samples(ours, torch, files):
    batch = ours.IdxDataset(files.images, files.labels).__getitems__([4, 9, 2])
    assert [int(image[0, 0]) for image, _ in batch] == [4, 9, 2]
    assert [int(batch[-1][0][0, 0]), len(batch[1:])] == [2, 2]
    assert [int(image[0, 0]) for image, _ in batch[1:]] == [9, 2]
    # A collate function that looks at each sample gets them.
    loader = torch.utils.data.DataLoader(
        ours.IdxDataset(files.images, files.labels),
        batch_size=50,
        collate_fn=lambda samples: [int(image[0, 0]) for image, _ in samples],
    )
    assert [*loader] == [[*range(50)], [*range(50, 100)], [100, 101, 102]]


def test_transforms_get_one_item_at_a_time(ours, torch, files):
    shapes = []

    def transform(image):
        shapes.append(image.shape)
        return image.float() + 1

    plain = torch.from_numpy(files.images)
    for options, images, labels in (
        ({"transform": transform}, plain.float() + 1, files.labels),
        ({"target_transform": lambda label: label * 2}, plain, files.labels * 2),
        ({"transform": transform, "target_transform": int}, plain.float() + 1, files.labels),
    ):
        dataset = ours.IdxDataset(files.raw, files.labels, **options)
        for found in (dataset[[3, 5]], next(iter(torch.utils.data.DataLoader(dataset, 2)))):
            assert found[0].dtype == images.dtype and found[1].dtype == torch.int64
        assert torch.equal(found[0], images[:2])
        assert found[1].tolist() == labels[:2].tolist()
        assert torch.equal(dataset[3][0], images[3])
    assert set(shapes) == {(5, 4)}


def test_inside_other_data_sets(ours, torch, files):
    data = torch.utils.data
    dataset = ours.IdxDataset(files.packed, files.labels)
    some, others = data.random_split(dataset, [60, 43], torch.Generator().manual_seed(1))
    both = [
        int(x)
        for part in (some, others)
        for x in next(iter(data.DataLoader(part, 103)))[0][:, 0, 0]
    ]
    assert sorted(both) == [*range(103)] and both != [*range(103)]
    (images, labels), *_ = data.DataLoader(dataset + dataset, 206)
    assert torch.equal(images[:103], images[103:])
    assert labels.tolist() == [*files.labels, *files.labels]


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2],
        np.array([0, 1, 2], ">i2"),
        np.array([2, 1, 0], np.uint64)[::-1],
        np.arange(3),
        np.array([0, 1, 2]).astype(np.int8),
    ],
    ids=repr,
)
def test_labels_are_int64(ours, torch, files, labels):
    found = ours.IdxDataset(files.images[:3], labels).labels
    assert found.dtype == torch.int64 and found.tolist() == [0, 1, 2]


def test_labels_of_all_kinds(ours, torch, files, tmp_path):
    for labels in (
        files.raw_labels, str(files.packed_labels), idxfast.open(files.raw_labels),
        torch.from_numpy(files.labels),
    ):  # fmt: skip
        assert ours.IdxDataset(files.raw, labels).labels.tolist() == files.labels.tolist()
    table = np.arange(8 * 103, dtype="i4").reshape(103, 8)
    idxfast.save(tmp_path / "table", table)
    _, rows = ours.IdxDataset(files.raw, tmp_path / "table")[[4, 2]]
    assert rows.tolist() == table[[4, 2]].tolist()


def test_labels_that_are_no_integers(ours, torch, files, tmp_path):
    idxfast.save(tmp_path / "floats", np.zeros(103, "f4"))
    for labels in (
        tmp_path / "floats", np.zeros(103), torch.zeros(103), ["3"] * 103,
        torch.zeros(103, dtype=torch.complex64),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="labels are whole numbers, not"):
            ours.IdxDataset(files.raw, labels)


def test_images_of_another_type(ours, files):
    for images in (files.images.tolist(), files.images.tobytes(), 3, None):
        with pytest.raises(TypeError, match=r"images is a .*, not a path"):
            ours.IdxDataset(images, files.labels)


def test_numbers_that_differ(ours, files, tmp_path):
    for count in (102, 104, 0):
        idxfast.save(tmp_path / "labels", np.zeros(count, "u1"))
        with pytest.raises(idxfast.IdxError, match="not as many labels as images") as caught:
            ours.IdxDataset(files.raw, tmp_path / "labels")
        error = caught.value
        assert (error.filename, error.expected, error.found) == (
            str(tmp_path / "labels"),
            103,
            count,
        )
    with pytest.raises(idxfast.IdxError, match="<ndarray>: there are not as many"):
        ours.IdxDataset(files.raw, files.labels[1:])


def test_no_images(ours, tmp_path):
    idxfast.save(tmp_path / "images", np.empty((0, 5, 4), "u1"))
    for images, name in ((tmp_path / "images", "images"), (np.empty((0, 5, 4), "u1"), "<ndarray>")):
        with pytest.raises(idxfast.IdxError, match=f"{name}: there are no images") as caught:
            ours.IdxDataset(images, [])
        assert caught.value.part == "dimensions"
    idxfast.save(tmp_path / "scalar", np.uint8(3))
    with pytest.raises(idxfast.IdxError, match="not as many labels"):
        ours.IdxDataset(tmp_path / "scalar", [1])


def test_pickles_hold_no_array_of_a_file(ours, torch, files):
    dataset = pickle.loads(pickle.dumps(ours.IdxDataset(files.raw, files.labels)))
    assert isinstance(dataset.images, idxfast.IdxFile)
    assert torch.equal(dataset[[3, 1]][0], torch.from_numpy(files.images[[3, 1]]))


def epoch(loader):
    """The numbers of the images of an epoch, whose labels have to fit."""
    numbers = []
    for images, labels in loader:
        numbers += images[:, 0, 0].tolist()
        assert labels.tolist() == [number * 7 % 10 for number in images[:, 0, 0].tolist()]
    return numbers


@pytest.mark.parametrize("small", [0, 1 << 20])
@pytest.mark.parametrize("kind", ["raw", "packed", "images"])
def test_workers(ours, torch, files, monkeypatch, kind, small):
    monkeypatch.setattr("idxfast.integrations.torch.sending.SMALL", small)
    dataset = ours.IdxDataset(getattr(files, kind), files.labels)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=10, shuffle=True, num_workers=2, persistent_workers=True
    )
    epochs = [epoch(loader) for _ in range(3)]
    assert all(sorted(numbers) == [*range(103)] for numbers in epochs)
    assert epochs[0] != epochs[1]
    images, labels = next(iter(loader))
    assert type(images) is type(labels) is torch.Tensor
    images[0], labels[0] = 3, 4  # the memory is the receiver's own
    assert (images[0] == 3).all() and labels[0] == 4


def test_a_worker_sends_types_that_numpy_does_not_have(ours, torch, files):
    dataset = ours.IdxDataset(torch.arange(20, dtype=torch.bfloat16), list(range(20)))
    loader = torch.utils.data.DataLoader(dataset, batch_size=10, num_workers=1, timeout=60)
    images = torch.cat([images for images, _ in loader])
    assert images.dtype == torch.bfloat16
    assert images.tolist() == [*range(20)]


def test_a_worker_sends_what_a_caller_makes_of_a_batch(ours, torch, files):
    def collate(samples):
        batch = torch.utils.data.default_collate(samples)
        batch[0] = batch[0].to(torch.bfloat16)
        batch += ["name", np.arange(3)]
        return batch

    loader = torch.utils.data.DataLoader(
        ours.IdxDataset(files.raw, files.labels),
        batch_size=103,
        num_workers=1,
        collate_fn=collate,
        multiprocessing_context="fork",
        timeout=60,
    )
    ((images, labels, name, array),) = loader
    assert torch.equal(images, torch.from_numpy(files.images).to(torch.bfloat16))
    assert labels.tolist() == files.labels.tolist()
    assert name == "name"
    assert type(array) is np.ndarray and array.tolist() == [0, 1, 2]


def test_a_worker_saves_a_batch(ours, torch, files):
    """What torch writes of a batch has no names of ours, and can be read by torch alone."""

    def collate(samples):
        file = io.BytesIO()
        torch.save(torch.utils.data.default_collate(samples), file)
        return file.getvalue()

    loader = torch.utils.data.DataLoader(
        ours.IdxDataset(files.raw, files.labels), 103, num_workers=1, collate_fn=collate, timeout=60
    )
    (saved,) = loader
    images, labels = torch.load(io.BytesIO(saved), weights_only=True)
    assert torch.equal(images, torch.from_numpy(files.images))
    assert labels.tolist() == files.labels.tolist()


def test_tensors_that_a_caller_makes_of_a_batch_are_sent_as_ever(ours, torch, files):
    def collate(samples):
        images, labels = torch.utils.data.default_collate(samples)
        return {
            "images": images, "first": images[:5], "shared": labels.share_memory_(),
            "learned": torch.nn.Parameter(images.float()), "others": torch.arange(3),
        }  # fmt: skip

    (batch,) = torch.utils.data.DataLoader(
        ours.IdxDataset(files.raw, files.labels), 103, num_workers=1, collate_fn=collate, timeout=60
    )
    images = torch.from_numpy(files.images)
    assert torch.equal(batch["images"], images) and torch.equal(batch["first"], images[:5])
    assert batch["shared"].tolist() == files.labels.tolist()
    assert torch.equal(batch["learned"], images.float()) and batch["learned"].requires_grad
    assert batch["others"].tolist() == [0, 1, 2]
    are_shared = {name: tensor.is_shared() for name, tensor in batch.items()}
    assert are_shared.pop("images") is False and set(are_shared.values()) == {True}


def test_workers_that_are_started_anew(ours, torch, files):
    dataset = ours.IdxDataset(files.packed, files.labels)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=60, num_workers=1, multiprocessing_context="spawn"
    )
    assert epoch(loader) == [*range(103)]


@pytest.fixture
def in_worker(torch, monkeypatch):
    """A loader with workers. After an error, torch waits 5 seconds for each of them."""
    monkeypatch.setattr("torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL", 0.1)

    def in_worker(dataset, **options):
        return torch.utils.data.DataLoader(dataset, batch_size=10, num_workers=2, **options)

    return in_worker


def test_a_worker_whose_path_is_gone(ours, in_worker, files):
    # The pickled data set opens the file in the worker.
    dataset = pickle.loads(pickle.dumps(ours.IdxDataset(files.raw, files.labels)))
    files.raw.unlink()
    with pytest.raises(FileNotFoundError, match="images-raw"):
        next(iter(in_worker(dataset)))


@pytest.mark.parametrize("is_persistent", [True, False])
def test_a_file_that_changes_between_epochs(ours, in_worker, files, is_persistent):
    loader = in_worker(ours.IdxDataset(files.raw, files.labels), persistent_workers=is_persistent)
    assert epoch(loader) == [*range(103)]
    content = files.raw.read_bytes()
    files.raw.write_bytes(content[:-1])
    os.utime(files.raw, (1, 1))
    with pytest.raises(idxfast.IdxError, match=r"images-raw: .*written to") as caught:
        epoch(loader)
    # torch makes the error anew from its text, which has several lines.
    assert "in DataLoader worker process" in str(caught.value).split("\n")[0]
    assert str(caught.value).count("\n") > 5


def test_a_file_that_is_replaced_between_epochs(ours, in_worker, files):
    dataset = pickle.loads(pickle.dumps(ours.IdxDataset(files.raw, files.labels)))
    idxfast.save(files.raw, files.images[::-1])
    os.utime(files.raw, (1, 1))
    with pytest.raises(idxfast.IdxError, match="replaced or written to"):
        epoch(in_worker(dataset))


def test_a_damaged_file_in_a_worker(ours, torch, in_worker, files):
    data = bytearray(files.packed.read_bytes())
    data[-8] ^= 1
    files.packed.write_bytes(data)
    dataset = ours.IdxDataset(files.packed, files.labels)
    with pytest.raises(idxfast.ChecksumError, match=r"images-packed\.gz"):
        epoch(in_worker(dataset))
    with pytest.raises(idxfast.ChecksumError) as caught:
        epoch(torch.utils.data.DataLoader(dataset))
    assert caught.value.filename == str(files.packed)
