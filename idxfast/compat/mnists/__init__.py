"""In place of mnists: ``from idxfast.compat.mnists import MNIST``, or another of its sets.

What differs:

- Files are verified by SHA-256 instead of MD5 (but for `K49`'s, of which no other hash is
  published); those of MNIST and Fashion-MNIST may be packed anew.
- In a folder that you name, a file that is not the published one is an error: it is replaced only
  with `force_download`. Files that are the published ones are not downloaded again.
- The default folder is the user's alone: it is made so, and refused (a PermissionError) if it is
  there and is another user's, a symbolic link, or one where others may write.
- `read_idx_file` gives numbers of more than one byte their right values: the original takes them
  for the machine's own byte order. Arrays are writable.
- EMNIST is read straight out of its zip file; nothing is unpacked into the folder. Files that are
  there already, the zip file or others, are not verified. The members of the zip file have to be
  stored or deflated, and no larger than files of images and labels are.
- `K49` is not downloaded: its .npz files have to be there.
- Whatever is wrong with a file is an `idxfast.IdxError`; if it is there already when it is to be
  downloaded, an `idxfast.FetchError`. Files that are not there, and are not to be downloaded, are a
  RuntimeError.
"""

from .sets import (
    FMNIST,
    K49,
    KMNIST,
    MNIST,
    FashionMNIST,
    Kuzushiji49,
    KuzushijiMNIST,
    read_idx_file,
)
from .splits import EMNIST

__all__ = [
    "EMNIST",
    "FMNIST",
    "K49",
    "KMNIST",
    "MNIST",
    "FashionMNIST",
    "Kuzushiji49",
    "KuzushijiMNIST",
    "read_idx_file",
]
