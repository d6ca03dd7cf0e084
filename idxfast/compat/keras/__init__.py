"""In place of keras.datasets: ``from idxfast.compat.keras import mnist, fashion_mnist``.

The IDX files are looked for below Keras's own folder, ``$KERAS_HOME/datasets`` or
``~/.keras/datasets``: those of Fashion-MNIST in ``fashion-mnist``, where Keras puts them; those of
MNIST, of which Keras has only an .npz file, in ``mnist``. What is not there is downloaded into the
folder by `idxfast.datasets.fetch`.

What differs: arrays are writable; files that are damaged or do not belong together are errors.
"""

from . import fashion_mnist, mnist

__all__ = ["fashion_mnist", "mnist"]
