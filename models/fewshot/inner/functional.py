"""Networks as functions of their parameters."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from torch import Tensor, nn
from torch.func import functional_call

from models.backbones.batch_norm import batch_norm_of

Parameters: TypeAlias = dict[str, Tensor]
"""A network's trainable parameters by name."""

Network: TypeAlias = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""Parameters and images (n, channels, height, width) to logits (n, ways)."""


def functional(module: nn.Module) -> Network:
    """The module as a function of its parameters and images; it keeps its buffers and its training or evaluation mode.

    A call raises ValueError if batch norms are in mode `running` in training: inner steps would move the running
    statistics, which vmap and grad refuse and which would mix tasks.
    """

    def network(parameters: Mapping[str, Tensor], images: Tensor) -> Tensor:
        if module.training and batch_norm_of(module) == "running":
            raise ValueError(
                "batch_norm is 'running' in training; inner steps allow 'episode' and 'support', "
                "and 'running' in evaluation"
            )
        logits: Tensor = functional_call(module, dict(parameters), (images,))
        return logits

    return network


def trainable(module: nn.Module) -> Parameters:
    """The module's parameters that require gradients, cut off from their graphs; they share the module's memory."""
    return {name: tensor.detach() for name, tensor in module.named_parameters() if tensor.requires_grad}


def of_tasks(parameters: Mapping[str, Tensor], tasks: int) -> Parameters:
    """The parameters of a number of tasks, tasks first, which all start from the same ones; memory is shared."""
    return {name: tensor.detach().expand(tasks, *tensor.shape) for name, tensor in parameters.items()}
