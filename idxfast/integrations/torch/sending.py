"""What a worker process of a DataLoader sends: small tensors as arrays.

torch moves each tensor to new shared memory, and asks the worker for its descriptor.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from multiprocessing.reduction import ForkingPickler
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch.multiprocessing.reductions import reduce_tensor
from torch.utils.data import get_worker_info

# Larger tensors are sent through shared memory. With two workers, epochs of batches of 0.2 and 0.8
# MB took 0.4 and 0.7 of the processor time. With batches of 3 MB, an epoch took 0.8 of it, but more
# time by the clock, because one process reads what all workers write.
SMALL = 1 << 20

# The tensors that may be sent as arrays, by their ids. The thread that sends looks for them later.
_marked: WeakValueDictionary[int, torch.Tensor] = WeakValueDictionary()


def send_as_arrays(tensors: Iterable[torch.Tensor]) -> None:
    """In a worker process, let torch's queues send these tensors as arrays, if they are small.

    Only these objects are sent in another way, and only by queues and pipes. What `torch.save` and
    pickle write of them is the same as ever.
    """
    if get_worker_info() is None:
        return
    ForkingPickler.register(torch.Tensor, _reduce)
    for tensor in tensors:
        _marked[id(tensor)] = tensor


def _reduce(tensor: torch.Tensor) -> Any:
    """How a tensor is pickled for another process."""
    # A caller's own `collate_fn` may have changed the tensor. An error on the thread that sends
    # would leave the loader waiting.
    if id(tensor) in _marked and tensor.nbytes <= SMALL and not tensor.is_shared():
        with contextlib.suppress(TypeError, RuntimeError):  # numpy has no such type
            return _receive, (tensor.numpy(),)
    return reduce_tensor(tensor)


def _receive(array: Any) -> torch.Tensor:
    return torch.from_numpy(array)
