"""Many tasks on a CPU, in chunks that fit into its cache."""

import mmap
from collections.abc import Iterator

import torch
from torch import Tensor

CHUNK_BYTES = 4 << 20
"""Size of the features of a chunk of tasks. Larger ones leave the cache between one operation and the next."""

HUGE_PAGE_BYTES = 32 << 20
"""Memory from this size on comes fresh from the system each time: the limit of glibc's allocator."""


def fit_into_cache(*features: Tensor) -> bool:
    """Whether all tasks of `features` make one chunk; on other devices than a CPU they always do."""
    return features[0].device.type != "cpu" or _bytes(*features) <= CHUNK_BYTES


def chunks(*features: Tensor) -> Iterator[slice]:
    """Slices of the tasks, the first axis of `features`, of CHUNK_BYTES each or of a single task."""
    tasks = len(features[0])
    size = max(1, CHUNK_BYTES * tasks // _bytes(*features))
    return (slice(first, min(first + size, tasks)) for first in range(0, tasks, size))


def empty_like(features: Tensor) -> Tensor:
    """Memory for the gradient of `features`, in huge pages where the system has them.

    The system clears fresh memory page by page at the first write. In pages of 4 KiB, that takes as long as the product
    that writes it; a loop over tasks, which takes its memory from the allocator again and again, has no such cost.
    """
    size = features.numel() * features.element_size()
    if size < HUGE_PAGE_BYTES or not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.empty_like(features, memory_format=torch.contiguous_format)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=features.dtype).view(features.shape)


def _bytes(*features: Tensor) -> int:
    return sum(each.numel() * each.element_size() for each in features)
