"""In place of python-mnist: ``from idxfast.compat.python_mnist import MNIST``.

What differs:

- `MNIST.load_training_in_batches` reads the files once and ends after the last image. The original
  gives one more batch, an empty one, if the batch size divides the number of images. Our last batch
  has as many images as labels.
- A damaged file, numbers of images and labels that differ, and images without pixels are an
  `idxfast.IdxError`, which is a ValueError.
- Python's garbage collector does not visit the lists of pixels, which makes every later collection
  fast. If you put an object into such a list that leads back to the list, both are never freed.
- ``return_type`` may be any string equal to "numpy". The original compares by identity.
- Compressed files are recognised by their content. `gz` only decides the name.
- Files that are missing under their usual names are found as `idxfast.load_dataset` finds them,
  but not in archives.
- `MNIST.process_images` takes arrays of pixels as well as lists, and does not change them.
- `img_packer` and `label_packer` refuse data that would make a damaged file: another magic number,
  pixels or labels outside 0 to 255, or images of another size than announced.
- ``from idxfast.compat.python_mnist import *`` works.
"""

from .loader import MNIST, MNISTException
from .packer import img_packer, label_packer

__all__ = ["MNIST", "MNISTException", "img_packer", "label_packer"]
