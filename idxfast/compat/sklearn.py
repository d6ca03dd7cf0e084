"""In place of sklearn.datasets' ``fetch_openml``, for the sets of the MNIST family.

``from idxfast.compat.sklearn import fetch_openml``, and then ``fetch_openml("mnist_784")``,
``fetch_openml("Fashion-MNIST")`` or ``fetch_openml("Kuzushiji-MNIST")``.

What differs:

- The sets are read from their IDX files, first the training images, then the test images. OpenML is
  not asked, so `DESCR` and `details` are our own, and `data_home` holds IDX files.
- Images of several sizes, or without pixels, are an error.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import IdxError
from ._shared.downloads import load_or_download
from ._shared.files import Array, flat

__all__ = ["fetch_openml"]

_NAMES = {"mnist_784": "mnist", "fashion-mnist": "fashion-mnist", "kuzushiji-mnist": "kmnist"}
_IDS = {554: "mnist_784", 40996: "fashion-mnist", 41982: "kuzushiji-mnist"}


def fetch_openml(
    name: str | None = None,
    *,
    version: str | int = "active",
    data_id: int | None = None,
    data_home: str | os.PathLike[str] | None = None,
    target_column: str | list[str] | None = "default-target",
    cache: bool = True,
    return_X_y: bool = False,
    as_frame: bool | str = "auto",
    n_retries: int = 3,
    delay: float = 1.0,
    parser: str = "auto",
    read_csv_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Load a set of the MNIST family as scikit-learn presents those of OpenML.

    Parameters
    ----------
    name : {"mnist_784", "Fashion-MNIST", "Kuzushiji-MNIST"}
    data_id : int, optional
        OpenML's number of a set, instead of its name: 554, 40996 or 41982.
    data_home : str or PathLike, optional
        Its folder "mnist", "fashion-mnist" or "kmnist" holds the four IDX files. Files under other
        names are found as `idxfast.load_dataset` finds them, but not in archives. Missing files are
        downloaded into it as `idxfast.datasets.fetch` does. By default, the user's cache.
    return_X_y : bool
        Return only data and target.
    as_frame : bool or "auto"
        Return pandas objects. "auto" means the same as True.
    parser : {"auto", "pandas", "liac-arff"}
        The dtype of the pixels: float64 for "liac-arff", otherwise int64.
    target_column
        "default-target" or "class".
    version, cache, n_retries, delay, read_csv_kwargs
        Accepted, without effect.

    Returns
    -------
    data, target
        If `return_X_y`: pixels of shape (n, 784), and labels of shape (n,), which are strings. A
        DataFrame and a categorical Series, or ndarrays.
    Bunch
        Otherwise: these two, `frame`, `feature_names`, `target_names`, `categories`, `details`,
        `DESCR` and `url`.

    Raises
    ------
    ValueError
        If there is no such set here, or no such parser.
    IdxError
        If a file is damaged, the numbers of images and labels differ, the images have no pixels, or
        the training and the test images differ in size.
    ImportError
        If pandas or scikit-learn is needed and not installed.
    """
    name, data_id = _identify(name, data_id)
    if target_column not in ("default-target", "class"):
        raise ValueError(f"the target of {name} is 'class', not {target_column!r}")
    if parser not in ("auto", "pandas", "liac-arff") or as_frame not in (True, False, "auto"):
        raise ValueError(f"no parser {parser!r} with as_frame={as_frame!r}")
    folder = None
    if data_home is not None:
        folder = os.path.join(os.path.expanduser(data_home), _NAMES[name])
    (train, train_labels), (test, test_labels) = load_or_download(_NAMES[name], folder)
    _check_images(train, test, folder or _NAMES[name])
    labels = np.concatenate([train_labels, test_labels])
    pixels = _stack(flat(train), flat(test), "f8" if parser == "liac-arff" else "i8")
    features = [f"pixel{number}" for number in range(1, pixels.shape[1] + 1)]
    if as_frame:
        data, target, frame, categories = _as_pandas(pixels, labels, features)
    else:
        data, target, frame, categories = _as_arrays(pixels, labels, parser)
    if return_X_y:
        return data, target
    from sklearn.utils import Bunch

    return Bunch(
        data=data,
        target=target,
        frame=frame,
        categories=categories,
        feature_names=features,
        target_names=["class"],
        DESCR=f"{name} from IDX files: {len(train)} training and {len(test)} test images.",
        details={"id": str(data_id), "name": name, "version": "1"},
        url=f"https://www.openml.org/d/{data_id}",
    )


def _identify(name: str | None, data_id: int | None) -> tuple[str, int]:
    if (name is None) == (data_id is None):
        raise ValueError("give either a name or a data_id")
    numbers = {known: number for number, known in _IDS.items()}
    found = _IDS.get(data_id) if data_id is not None else str(name).lower()
    if found not in numbers:
        raise ValueError(f"no set {name or data_id!r} here; there are {', '.join(numbers)}")
    return found, numbers[found]


def _check_images(train: Array, test: Array, folder: str) -> None:
    """Refuse images that do not fit into one table, before a column is made for each pixel."""
    if train.shape[1:] != test.shape[1:] or not train.size + test.size:
        raise IdxError(
            "training and test images do not make one table",
            part="dimensions",
            filename=folder,
            offset=4,
            expected="images of one size, with pixels",
            found=f"{train.shape} and {test.shape}",
        )


def _stack(train: Array, test: Array, dtype: str) -> Array:
    """Both sets of pixels, converted directly into one array."""
    pixels = np.empty((len(train) + len(test), train.shape[1]), dtype)
    pixels[: len(train)] = train
    pixels[len(train) :] = test
    return pixels


def _as_arrays(pixels: Array, labels: Array, parser: str) -> tuple[Any, Any, Any, Any]:
    """Data, target, no frame, and categories."""
    names = np.array([str(label) for label in range(256)], dtype=object)
    # With liac-arff, the original leaves the categories of the target out.
    categories = {} if parser == "liac-arff" else {"class": names[np.unique(labels)].tolist()}
    return pixels, names[labels], None, categories


def _as_pandas(pixels: Array, labels: Array, features: list[str]) -> tuple[Any, Any, Any, Any]:
    """Data, target, frame, and no categories."""
    import pandas

    data = pandas.DataFrame(pixels, columns=features, copy=False)
    found, codes = np.unique(labels, return_inverse=True)
    names = pandas.Categorical.from_codes(codes, [str(label) for label in found])
    target = pandas.Series(names, name="class")
    return data, target, pandas.concat([data, target], axis="columns"), None
