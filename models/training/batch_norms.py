"""Batch norms that would have nothing to normalise over."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.data.sources import batch_sizes


def check_batch_norms(
    build: Callable[[], nn.Module],
    image_shape: tuple[int, int, int],
    *,
    images: int,
    batch_size: int,
    processes: int = 1,
) -> None:
    """Raises ValueError if a batch norm of a network, in training, sees a single value per channel.

    build: makes the network, if batches are so small that it matters. images: number of training images. batch_size:
    images in a batch, over all processes. Batches too small to give each of several processes two images are not
    trained on; if all are, that raises ValueError as well.
    """
    given = f"training images: {images}, batch size: {batch_size}, processes: {processes}"
    sizes = [size for size in batch_sizes(images, batch_size) if processes == 1 or size >= 2 * processes]
    if not sizes:
        raise ValueError(f"batch norm needs 2 images in each process's batch; {given}")
    smallest = min(sizes) // processes
    if smallest > 1:
        return
    for name, shape in _batch_norm_inputs(build(), image_shape).items():
        values = smallest * shape[2:].numel()
        if values < 2:
            size = " x ".join(map(str, shape[1:]))
            raise ValueError(
                f"batch norm of layer {name}, of {size}, needs 2 values per channel, and a batch of {smallest} image "
                f"gives it {values}; {given}"
            )


def _batch_norm_inputs(network: nn.Module, image_shape: tuple[int, int, int]) -> dict[str, torch.Size]:
    """The shapes (1, channels, ...) of what reaches each batch norm for one image."""
    found: dict[str, torch.Size] = {}

    def look(name: str, _module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        found[name] = arguments[0].shape

    norms = {name: module for name, module in network.named_modules() if isinstance(module, _BatchNorm)}
    hooks = [module.register_forward_pre_hook(partial(look, name)) for name, module in norms.items()]
    network.eval()
    try:
        with torch.no_grad():
            network(torch.zeros(1, *image_shape))
    finally:
        for hook in hooks:
            hook.remove()
    return found
