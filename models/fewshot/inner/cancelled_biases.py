"""Biases that batch norm cancels."""

from functools import partial

import torch
from torch import Tensor, nn

from models.backbones.batch_norm import BatchNorm

_WITH_BIAS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
_NORMS = (BatchNorm, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def biases_before_batch_norm(module: nn.Module, images: Tensor) -> frozenset[str]:
    """Names of the biases of layers whose outputs batch norm takes directly.

    Such a bias changes no output while batch norm takes statistics of its batch, and its gradient is rounding noise.
    Found by passing images (n, channels, height, width) through the module, in evaluation.
    """
    outputs: dict[str, Tensor] = {}
    found: set[str] = set()

    def keep(name: str, _layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        outputs[f"{name}.bias" if name else "bias"] = output

    def compare(_norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found.update(name for name, output in outputs.items() if output is inputs[0])

    hooks = []
    for name, layer in module.named_modules():
        if isinstance(layer, _WITH_BIAS) and layer.bias is not None:
            hooks.append(layer.register_forward_hook(partial(keep, name)))
        elif isinstance(layer, _NORMS):
            hooks.append(layer.register_forward_pre_hook(compare))
    training = module.training
    try:
        with torch.no_grad():
            module.eval()(images)
    finally:
        module.train(training)
        for hook in hooks:
            hook.remove()
    return frozenset(found)
