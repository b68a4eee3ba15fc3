"""Finds where in a model numbers stop being finite."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn


@torch.no_grad()
def not_finite(model: nn.Module, compute: Callable[[], object]) -> str:
    """Names the layer of `model` that first holds or produces a number that is not finite, in a few words.

    compute: repeats the computation that failed.
    """
    for name, parameter in model.named_parameters():
        if not torch.isfinite(parameter).all():
            return f"parameter {name} is not finite"
    found: list[str] = []

    def look(name: str, _module: nn.Module, arguments: tuple[object, ...], output: object) -> None:
        if any(isinstance(part, Tensor) and not torch.isfinite(part).all() for part in arguments):
            found.append(f"what layer {name} takes in is not finite")
        elif isinstance(output, Tensor) and not torch.isfinite(output).all():
            found.append(f"layer {name} is the first whose output is not finite")

    leaves = [(name, module) for name, module in model.named_modules() if not list(module.children())]
    hooks = [module.register_forward_hook(partial(look, name)) for name, module in leaves]
    try:
        compute()
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else "every layer's output is finite, so it arises in the loss itself"


@torch.no_grad()
def broken_tensor(model: nn.Module) -> str | None:
    """The name of the first parameter or buffer of `model` that is not finite, or None."""
    tensors = {name: tensor for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
    if not tensors:
        return None
    finite = torch.stack([torch.isfinite(tensor).all() for tensor in tensors.values()]).tolist()  # one wait for all
    return next((name for name, right in zip(tensors, finite, strict=True) if not right), None)
