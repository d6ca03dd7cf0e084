"""For PyTorch: a data set, a sampler and a loader over IDX files."""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        "idxfast.integrations.torch needs PyTorch: pip install torch", name=error.name
    ) from error

from .dataset import IdxDataset
from .loader import TensorLoader
from .sampler import BlockShuffleSampler

__all__ = ["BlockShuffleSampler", "IdxDataset", "TensorLoader"]
