"""In place of sklearn.datasets' ``fetch_openml``, for the sets of the MNIST family.

``from idxfast.compat.sklearn import fetch_openml``; then ``fetch_openml("mnist_784")``, or
"Fashion-MNIST" or "Kuzushiji-MNIST", from their IDX files: the training images, then the test
images. What differs: nothing is asked of OpenML, so `DESCR` and `details` are of our own making,
and `data_home` holds other files. Images of several sizes, or without pixels, are an error.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import IdxError
from ._shared.downloads import load_four
from ._shared.files import Array, flat

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
    """Load a set of the MNIST family the way scikit-learn presents those of OpenML.

    Parameters
    ----------
    name : {"mnist_784", "Fashion-MNIST", "Kuzushiji-MNIST"}
    data_id : int, optional
        OpenML's number, instead of a name: 554, 40996, 41982.
    data_home : str or PathLike, optional
        Its folder "mnist", "fashion-mnist" or "kmnist" holds the four IDX files. What is not there
        is downloaded into it by `idxfast.datasets.fetch`.
    return_X_y : bool
        Return data and target alone.
    as_frame : bool or "auto"
        Whether to return pandas objects; "auto" means yes.
    parser : {"auto", "pandas", "liac-arff"}
        Decides the type of the pixels: float64 for "liac-arff", else int64.
    target_column
        "default-target" or "class".
    version, cache, n_retries, delay, read_csv_kwargs
        Accepted, and of no effect.

    Returns
    -------
    data, target
        If `return_X_y`: (n, 784) pixels and (n,) labels, which are strings; a DataFrame and a
        categorical Series, or ndarrays.
    Bunch
        Otherwise, with these two, `frame`, `feature_names`, `target_names`, `categories`,
        `details`, `DESCR` and `url`.

    Raises
    ------
    ValueError
        If there is no such set here, or no such parser.
    IdxError
        If a file is damaged, or the images have no pixels or are not all of one size.
    ImportError
        If pandas or scikit-learn is needed and not there.
    """
    name, data_id = _identify(name, data_id)
    if target_column not in ("default-target", "class"):
        raise ValueError(f"the target of {name} is 'class', not {target_column!r}")
    if parser not in ("auto", "pandas", "liac-arff") or as_frame not in (True, False, "auto"):
        raise ValueError(f"no parser {parser!r} with as_frame={as_frame!r}")
    folder = None if data_home is None else os.path.join(data_home, _NAMES[name])
    (train, train_labels), (test, test_labels) = load_four(_NAMES[name], folder)
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
    """Refuse images that do not make one table: its columns are made of their size alone."""
    if train.shape[1:] != test.shape[1:] or not train.size + test.size:
        raise IdxError(
            "training and test images do not make one table",
            filename=folder,
            offset=4,
            expected="images of one size, with pixels",
            found=f"{train.shape} and {test.shape}",
        )


def _stack(train: Array, test: Array, dtype: str) -> Array:
    """Both sets of pixels in one array of another type, without a copy between."""
    pixels = np.empty((len(train) + len(test), train.shape[1]), dtype)
    pixels[: len(train)] = train
    pixels[len(train) :] = test
    return pixels


def _as_arrays(pixels: Array, labels: Array, parser: str) -> tuple[Any, Any, Any, Any]:
    """Data, target, no frame, and categories."""
    names = np.array([str(label) for label in range(256)], dtype=object)
    # The original's parser for liac-arff leaves those of the target out.
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
