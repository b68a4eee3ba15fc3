"""Random features of few-shot tasks."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Features:
    """query: (tasks, queries, d). support: (tasks, samples, d), of clusters. labels: int64 (tasks, samples)."""

    query: Tensor
    support: Tensor
    labels: Tensor
    ways: int


def random_features(
    tasks: int = 3,
    ways: int = 4,
    shots: int = 2,
    queries: int = 5,
    dimensions: int = 16,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> Features:
    """Features around a centre for each way, with the support in an order of its own in every task."""
    generator = torch.Generator().manual_seed(seed)
    samples = ways * shots
    order = torch.rand(tasks, samples, generator=generator).argsort(1)
    labels = (torch.arange(samples) % ways).expand(tasks, -1).gather(1, order)
    centres = torch.randn(tasks, ways, dimensions, dtype=dtype, generator=generator)
    noise = torch.randn(tasks, samples, dimensions, dtype=dtype, generator=generator)
    support = centres.gather(1, labels.unsqueeze(-1).expand_as(noise)) + noise
    query = torch.randn(tasks, queries, dimensions, dtype=dtype, generator=generator)
    return Features(query, support, labels, ways)
