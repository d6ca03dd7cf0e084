"""In place of TensorFlow 1's reader: ``from idxfast.compat.tensorflow import read_data_sets``.

What differs:

- `DataSet` shuffles the order in which images are taken, not the images. With the same seed, the
  order is the original's. numpy's global generator is neither used nor seeded.
- A batch may be larger than the number of images: it takes as many epochs as it needs.
- Files that are damaged or do not belong together are errors. A label that is not less than the
  number of classes is an IndexError, raised before memory is taken for one-hot labels. So is a
  negative label.
- The number of classes of `dense_to_one_hot` is 10 unless it is given, as in TensorFlow 0.6.
- Files that are missing under their usual names are found as `idxfast.load_dataset` finds them,
  but not in archives.
- `fake_data` needs no files, as in the original. `source_url` only says which set to download if
  the folder does not hold the files. The download is that of `idxfast.datasets.fetch`.
"""

from .batches import DataSet
from .input_data import (
    DEFAULT_SOURCE_URL,
    Datasets,
    dense_to_one_hot,
    extract_images,
    extract_labels,
    load_mnist,
    read_data_sets,
)

__all__ = [
    "DEFAULT_SOURCE_URL",
    "DataSet",
    "Datasets",
    "dense_to_one_hot",
    "extract_images",
    "extract_labels",
    "load_mnist",
    "read_data_sets",
]
