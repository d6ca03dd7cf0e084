"""In place of mnists: ``from idxfast.compat.mnists import MNIST``, or another of its sets.

What differs:

- Files are verified by SHA-256 instead of MD5. Those of `K49` are verified by MD5, because no other
  hash of them is published. Files of MNIST and Fashion-MNIST may be packed anew.
- In a folder that you name, a file that is not the published one is an error. It is replaced only
  with `force_download`. A published file that is already there is not downloaded again.
- The default folder is the user's alone. It is made so, and it is refused with a PermissionError if
  it is another user's, a symbolic link, or open to others for writing.
- `read_idx_file` gives numbers of more than one byte their right values. The original takes them to
  be in the machine's own byte order. Arrays are writable.
- EMNIST is read directly from its zip file, and nothing is unpacked into the folder. The zip file
  and unpacked files that are already there are not verified. The members of the zip file have to be
  stored or deflated, and no larger than files of images and labels can be.
- `K49` is not downloaded: its .npz files have to be there.
- Whatever is wrong with a file is an `idxfast.IdxError`. If a file should be downloaded but another
  file has its place, the error is an `idxfast.FetchError`. Missing files that are not to be
  downloaded are a RuntimeError.
"""

from .emnist import EMNIST
from .k49 import K49
from .sets import FMNIST, KMNIST, MNIST, FashionMNIST, KuzushijiMNIST, read_idx_file

Kuzushiji49 = K49

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
