"""An encoder as a list of functions of plain torch, which needs no class of ours to run."""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

IMAGES, FEATURES = "images", "features"
"""Names of the first value and the last."""


@dataclass(frozen=True)
class Operation:
    """A call of a function of torch.nn.functional, or of torch where that has none of this name.

    result: names the value. function: its name. inputs: the first arguments, values by name. tensors: the next ones,
    parameters and buffers of the encoder by name. arguments: the others, by keyword.
    """

    result: str
    function: str
    inputs: tuple[str, ...] = ()
    tensors: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**vars(self), "inputs": list(self.inputs), "tensors": list(self.tensors)}


def operations_of(encoder: nn.Module) -> list[Operation]:
    """The operations of an encoder in evaluation mode, in order: from `IMAGES` to `FEATURES`.

    Raises ValueError, naming it, for a layer or function that has no plain form.
    """
    names: dict[fx.Node, str] = {}
    found: list[Operation] = []
    for node in _Tracer().trace(encoder).nodes:
        if node.op == "placeholder":
            names[node] = IMAGES
        elif node.op != "output":
            operation = _layer(encoder, node) if node.op == "call_module" else _function(node)
            inputs = tuple(names[one] for one in node.all_input_nodes)
            names[node] = inputs[0] if operation is None else node.name
            if operation is not None:
                found.append(replace(operation, result=node.name, inputs=inputs))
    return [*found[:-1], replace(found[-1], result=FEATURES)]


def tensors_of(encoder: nn.Module, operations: Iterable[Operation]) -> dict[str, Tensor]:
    """The parameters and buffers that operations use, by name, float32 on the CPU."""
    state = {**dict(encoder.named_parameters()), **dict(encoder.named_buffers())}
    used = dict.fromkeys(name for operation in operations for name in operation.tensors)
    return {name: state[name].detach().cpu().float().contiguous() for name in used}


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, _BatchNorm) or super().is_leaf_module(m, module_qualified_name)


def _layer(encoder: nn.Module, node: fx.Node) -> Operation | None:
    """A layer; None for the identity."""
    name = str(node.target)
    layer = encoder.get_submodule(name)
    if isinstance(layer, nn.Identity | nn.Dropout):
        return None
    if isinstance(layer, nn.Conv2d) and layer.padding_mode == "zeros":
        shape = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups}
        return Operation(name, "conv2d", tensors=_weights(layer, name), arguments=_plain(shape))
    if isinstance(layer, nn.Linear):
        return Operation(name, "linear", tensors=_weights(layer, name))
    if isinstance(layer, _BatchNorm) and layer.track_running_stats:
        tensors = f"{name}.running_mean", f"{name}.running_var", *_weights(layer, name)
        return Operation(name, "batch_norm", tensors=tensors, arguments={"eps": layer.eps})
    if isinstance(layer, nn.ReLU):
        return Operation(name, "relu")
    if isinstance(layer, nn.MaxPool2d) and not layer.ceil_mode:
        shape = {"kernel_size": layer.kernel_size, "stride": layer.stride, "padding": layer.padding}
        return Operation(name, "max_pool2d", arguments=_plain(shape))
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return Operation(name, "adaptive_avg_pool2d", arguments=_plain({"output_size": layer.output_size}))
    if isinstance(layer, nn.Flatten) and layer.end_dim == -1:
        return Operation(name, "flatten", arguments={"start_dim": layer.start_dim})
    raise ValueError(f"layer {name} of the encoder, {type(layer).__name__}, has no plain form")


_SUMS: tuple[Callable[..., Any], ...] = (operator.add, torch.add)


def _function(node: fx.Node) -> Operation | None:
    """A function or method of values; None for the identity."""
    if node.target in _SUMS and len(node.all_input_nodes) == 2:
        return Operation(node.name, "add")
    if node.target in ("flatten", torch.flatten) and node.args[1:] == (1,):
        return Operation(node.name, "flatten", arguments={"start_dim": 1})
    if node.target in (nn.functional.relu, torch.relu, "relu"):
        return Operation(node.name, "relu")
    if node.target in ("mean", torch.mean) and node.args[1:] == ((2, 3),) and not node.kwargs:
        return Operation(node.name, "mean", arguments={"dim": [2, 3]})
    if node.target == "contiguous":  # the order of values in memory
        return None
    raise ValueError(f"function {node.target} of the encoder has no plain form")


def _weights(layer: nn.Module, name: str) -> tuple[str, ...]:
    return tuple(f"{name}.{one}" for one, value in layer.named_parameters(recurse=False) if value is not None)


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Tuples as lists, as JSON has them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
