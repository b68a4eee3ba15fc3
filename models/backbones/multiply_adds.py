"""Counts the multiply-adds of a running network."""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


@torch.no_grad()
def multiply_adds(model: nn.Module, height: int, width: int, channels: int = 3) -> int:
    """Multiply-adds of convolutions and matrix products for one image, attention's two products included.

    The model runs in evaluation mode on an image of this size without values, so that nothing is computed; every
    operation that it calls is counted. Its mode and weights stay as they are. Raises ValueError for a height or a width
    below 1.
    """
    for name, value in (("height", height), ("width", width)):
        if value < 1:
            raise ValueError(f"{name} is {value}; allowed is an integer of at least 1")
    shapes = {
        name: torch.empty_like(tensor, device="meta")
        for name, tensor in (*model.named_parameters(), *model.named_buffers())
    }
    dtype = next((tensor.dtype for tensor in model.parameters()), torch.float32)
    images = torch.empty(1, channels, height, width, dtype=dtype, device="meta")
    counter = FlopCounterMode(display=False)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        # Fused attention is one operation; the plain form shows its two matrix products.
        with counter, sdpa_kernel(SDPBackend.MATH):
            functional_call(model, shapes, (images,))
    finally:
        for module, training in modes.items():
            module.training = training
    return int(counter.get_total_flops()) // 2
