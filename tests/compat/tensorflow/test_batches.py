"""The batches of the drop-in module for TensorFlow 1."""

import numpy as np
import pytest

from idxfast.compat.tensorflow.batches import DataSet


def _numbered(count, **options):
    """Images that show their number, and labels that are their number."""
    labels = np.arange(count, dtype=np.uint8)
    images = np.broadcast_to(labels[:, None, None, None], (count, 2, 3, 1))
    return DataSet(images, labels, dtype=np.uint8, **options)


def test_images_and_labels_belong_together():
    with pytest.raises(ValueError, match="3 images, but 2 labels"):
        DataSet(np.zeros((3, 2, 2, 1), np.uint8), np.zeros(2, np.uint8))


def test_no_batch_of_no_images():
    with pytest.raises(ValueError, match="there are no images"):
        _numbered(0).next_batch(1)


def test_batches_in_order():
    data = _numbered(5)
    batches = [data.next_batch(2, shuffle=False) for _ in range(4)]
    assert [labels.tolist() for _, labels in batches] == [[0, 1], [2, 3], [4, 0], [1, 2]]
    assert data.epochs_completed == 1
    for images, labels in batches:
        assert images.shape == (2, 6)
        assert (images == labels[:, None]).all()


def test_batches_are_shuffled_at_first_and_each_epoch():
    data = _numbered(50, seed=1)
    # The order that permuting all images by numpy's generator would give.
    twister = np.random.RandomState(1)
    expected, order = [], np.arange(50)
    for _ in range(3):
        permutation = np.arange(50)
        twister.shuffle(permutation)
        order = order[permutation]
        expected += order.tolist()
    taken = []
    for _ in range(5):
        images, labels = data.next_batch(30)
        assert (images == labels[:, None]).all()
        taken += labels.tolist()
    assert taken == expected
    assert data.epochs_completed == 2


def test_a_batch_of_several_epochs():
    assert _numbered(3).next_batch(8, shuffle=False)[1].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]


def test_seeding_leaves_the_global_generator_alone():
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    _numbered(3, seed=1).next_batch(2)
    assert np.random.random() == expected
