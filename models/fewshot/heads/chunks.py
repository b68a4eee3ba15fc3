"""Many tasks on a CPU, in chunks that fit into its cache."""

import mmap
from collections.abc import Iterator

import torch
from torch import Tensor

CHUNK_BYTES = 2 << 20
"""Size of a chunk of tasks. Larger ones leave the cache between one operation and the next."""

HUGE_PAGE_BYTES = 32 << 20
"""Memory from this size on comes fresh from the system each time: the limit of glibc's allocator."""


def chunks(features: Tensor, bytes_of_a_task: int | None = None) -> Iterator[slice]:
    """Slices of the tasks, the first axis of `features`.

    On a CPU a slice takes CHUNK_BYTES, or is a single task. On other devices, one slice holds all tasks.
    bytes_of_a_task: what the work on a task takes; by default its features.
    """
    tasks = len(features)
    size = tasks
    if features.device.type == "cpu":
        size = max(1, CHUNK_BYTES // (bytes_of_a_task or _bytes(features[0])))
    return (slice(first, min(first + size, tasks)) for first in range(0, tasks, size))


def empty_like(features: Tensor) -> Tensor:
    """Memory for the gradient of `features`, in huge pages where the system has them.

    The system clears fresh memory page by page at the first write. In pages of 4 KiB, that takes as long as the product
    that writes it; a loop over tasks, which takes its memory from the allocator again and again, has no such cost.
    """
    size = _bytes(features)
    if features.device.type != "cpu" or size < HUGE_PAGE_BYTES or not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.empty_like(features, memory_format=torch.contiguous_format)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=features.dtype).view(features.shape)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
