"""In place of keras.datasets: ``from idxfast.compat.keras import mnist, fashion_mnist``.

What differs:

- MNIST is read from IDX files, where Keras has an .npz file.
- Arrays are writable.
- Files that are damaged or do not belong together are errors.

Files are looked for below Keras's own folder, ``$KERAS_HOME/datasets`` or ``~/.keras/datasets``:
those of Fashion-MNIST in ``fashion-mnist``, as in the original, and those of MNIST in ``mnist``.
If they have other names, they are found as `idxfast.load_dataset` finds them, but not in archives.
Missing files are downloaded there as `idxfast.datasets.fetch` does.
"""

from . import fashion_mnist, mnist

__all__ = ["fashion_mnist", "mnist"]
