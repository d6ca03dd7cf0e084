"""The loaders that people use today: the same names and arguments, and the same arrays, but faster.

One module for each: `idx2numpy`, `mnist`, `python_mnist`, `mnist_reader`, `mlxtend`, `torchvision`,
`keras`, `tensorflow`, `mnists`, `emnist`, `sklearn`. Each says what differs from the original.
`patch` puts them into the installed originals.
"""

from ._shared.patching import patch, unpatch

__all__ = ["patch", "unpatch"]
