"""IDX files, the format of the MNIST family, to numpy arrays and back.

The public modules are `errors`, `datasets`, `images`, `integrations` and `compat`; they need no
import of their own, except for the modules in `integrations`. All other modules are internal.
"""

from typing import TYPE_CHECKING, Any


def _check_build() -> None:
    """Say what to do if the compiled modules cannot be imported."""
    try:
        from .native import buffers, deflate, files, inflate  # noqa: F401
    except ImportError as error:
        import os

        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        if os.path.exists(os.path.join(folder, "setup.py")):
            reason = (
                f"idxfast is imported from its source folder, {folder}, where its compiled modules "
                "are not built: run `pip install -e .` there, or start Python in another folder to "
                "import an installed idxfast"
            )
        else:
            reason = (
                f"the compiled modules of the idxfast in {folder} are missing or made for another "
                "Python: install idxfast again with this Python's pip"
            )
        raise ImportError(reason, name=error.name, path=error.path) from error


_check_build()

from .errors import (  # noqa: E402
    ChecksumError,
    FetchError,
    FormatError,
    GzipError,
    HashMismatchError,
    IdxError,
    SizeError,
    TrailingDataError,
    TruncatedError,
)
from .format import Header  # noqa: E402
from .reading.loading import load, loads, read_header  # noqa: E402

__all__ = [
    "ChecksumError",
    "FetchError",
    "FormatError",
    "GzipError",
    "HashMismatchError",
    "Header",
    "IdxAppender",
    "IdxError",
    "IdxFile",
    "IdxWriter",
    "SizeError",
    "TrailingDataError",
    "TruncatedError",
    "append",
    "create",
    "dumps",
    "load",
    "load_dataset",
    "loads",
    "open",
    "read_header",
    "save",
]

__version__ = "0.2.0"

# What `load` needs is imported at once. Everything else is imported when it is first used (PEP
# 562), so that `import idxfast` takes little longer than `import numpy`.
_MODULES = ("compat", "datasets", "errors", "images", "integrations")
_MODULE_OF = {
    "IdxAppender": ".writing.appending",
    "IdxFile": ".lazy.idx_file",
    "IdxWriter": ".writing.idx_writer",
    "append": ".writing.appending",
    "create": ".writing.creating",
    "dumps": ".writing.saving",
    "load_dataset": ".datasets.folder",
    "open": ".reading.opening",
    "save": ".writing.saving",
}

if TYPE_CHECKING:
    from . import compat as compat
    from . import datasets as datasets
    from . import errors as errors
    from . import images as images
    from . import integrations as integrations
    from .datasets.folder import load_dataset
    from .lazy.idx_file import IdxFile
    from .reading.opening import open
    from .writing.appending import IdxAppender, append
    from .writing.creating import create
    from .writing.idx_writer import IdxWriter
    from .writing.saving import dumps, save
else:

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        from .threads.importing import importing

        with importing:
            if name in _MODULES:
                return import_module(f".{name}", __name__)
            if name in _MODULE_OF:
                value = getattr(import_module(_MODULE_OF[name], __name__), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES, "__version__"])
