"""Mini-batches of a task's support, as Reptile takes them."""

import torch
from torch import Generator, Tensor


def minibatches(tasks: int, images: int, size: int, steps: int, generator: Generator) -> Tensor:
    """Indices of the images of each task and step: int64 (tasks, steps, size).

    Each task goes through its images in random order, and again in another order when they are used up; a batch may
    hold the end of one pass and the start of the next (Nichol and Schulman, 2018). A size above the number of images
    means all of them at each step. Raises ValueError for numbers below 1.
    """
    for name, number in (("tasks", tasks), ("images", images), ("size", size), ("steps", steps)):
        if number < 1:
            raise ValueError(f"{name} is {number}; allowed are 1 and more")
    size = min(size, images)
    passes = -(-steps * size // images)
    order = torch.rand(tasks, passes, images, generator=generator, dtype=torch.float64).argsort(-1)
    return order.flatten(1)[:, : steps * size].view(tasks, steps, size)


def whole_support(tasks: int, images: int, steps: int) -> Tensor:
    """All images of each task at each step, as MAML takes them: int64 (tasks, steps, images)."""
    return torch.arange(images).expand(tasks, steps, images)
