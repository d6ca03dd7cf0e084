"""Replacements for other loaders, with the same names and arguments, that return the same arrays.

There is one module for each loader: `idx2numpy`, `mnist`, `python_mnist`, `mnist_reader`,
`mlxtend`, `torchvision`, `keras`, `tensorflow`, `mnists`, `emnist`, `pylearn2` and `sklearn`. The
top of each module lists what differs from the original. `patch` puts these readers into installed
originals.
"""

from ._patching import patch, unpatch

__all__ = ["patch", "unpatch"]
