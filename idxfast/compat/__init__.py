"""The loaders that people use today, by their own names and with their own results, but faster.

One module for each: `idx2numpy`, `mnist`, `python_mnist`, `mnist_reader`, `mlxtend`, `torchvision`,
`keras`, `tensorflow`, `mnists`, `emnist`, `sklearn`. Each says what differs from the original. Or
leave a script as it is, and `patch` the loader that it uses.
"""

from .patching import patch, unpatch

__all__ = ["patch", "unpatch"]
