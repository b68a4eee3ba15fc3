"""Integer export of whole networks: from a trained one to the graph that hardware and kernels run."""

import itertools
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from models.backbones.resnet import ParameterFreeShortcut
from models.integer_network.float_operations import (
    FloatAveragePool,
    FloatBatchNorm,
    FloatConvolution,
    FloatFlatten,
    FloatLinear,
    FloatMaxPool,
    FloatOperation,
    FloatRelu,
    FloatScale,
    Quantize,
)
from models.integer_network.graph import INPUT, IntegerGraph, infer_all
from models.integer_network.nodes import (
    Add,
    Convolution,
    Flatten,
    Linear,
    MaxPool,
    Node,
    PaddedShortcut,
    Relu,
    Requantize,
    Threshold,
)
from models.integer_network.thresholds import find_thresholds
from models.quantization.accumulators import Packing
from models.quantization.activations import ActivationMode
from models.quantization.layers import QuantConv2d, QuantLayer, QuantLinear
from models.quantization.residual_grid import SUBDIVISIONS, ResidualGrid

_PER_CHANNEL = (FloatScale, FloatBatchNorm, FloatRelu)
_MONOTONE = (FloatRelu, FloatMaxPool, FloatFlatten)


def export_network(network: nn.Module, image_shape: tuple[int, ...]) -> IntegerGraph:
    """The integer graph of a network whose activations are quantized, as evaluation runs it.

    image_shape: (channels, height, width) of the images the network takes.

    Batch norm uses its running statistics. The core's integers are those of the network's own forward pass in
    evaluation mode, bit for bit. Raises ValueError for a module that has no place in such a graph, for a network
    without quantized activations, and for carries that no pass has calibrated.
    """
    trace = _Tracer().trace(network)
    export = _Export(network, image_shape)
    values: dict[fx.Node, _Value] = {}
    for step in trace.nodes:
        sources = [values[source] for source in step.all_input_nodes]
        if step.op == "placeholder":
            values[step] = _Floats(None, ())
        elif step.op == "call_module":
            values[step] = export.module(str(step.target), step.name, sources[0])
        elif step.op == "call_function" and step.target in (operator.add, operator.iadd) and len(sources) == 2:
            values[step] = export.add(step.name, *sources)
        elif step.op == "output":
            return export.finish(sources[0])
        else:
            raise ValueError(f"the network calls {step.target}; allowed are modules and the + of two values")
    raise AssertionError("a trace ends with an output")


@dataclass(frozen=True)
class _Floats:
    """Floats: what `operations` make of the integers of node `source`, or of the images if it is None."""

    source: str | None
    operations: tuple[FloatOperation, ...]


@dataclass(frozen=True)
class _Stream:
    """A residual stream: the integers of node `source`, in units of step / SUBDIVISIONS."""

    source: str
    step: float


_Value = _Floats | _Stream


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        standard: bool = super().is_leaf_module(module, qualified_name)
        return standard or isinstance(module, QuantLayer | ResidualGrid | ParameterFreeShortcut)


class _Export:
    """What has been exported so far."""

    def __init__(self, network: nn.Module, image_shape: tuple[int, ...]) -> None:
        self.network = network
        self.image_shape = image_shape
        self.stem: tuple[FloatOperation, ...] = ()
        self.core: list[Node] = []

    def module(self, path: str, name: str, value: _Value) -> _Value:
        """What the network's module `path` makes of a value; `name` is unique even if the module runs twice."""
        module = self.network.get_submodule(path)
        try:
            if isinstance(module, QuantLayer):
                return self._layer(module, path, value)
            if isinstance(module, ResidualGrid):
                return self._grid(module, path, value)
            if isinstance(module, nn.Identity | nn.Dropout):
                return value
            if isinstance(value, _Stream):
                used = any(node.name == path for node in self.core)
                node = _stream_node(module, name if used else path, value.source)
                if node is not None:
                    return _Stream(self._add(node), value.step)
                value = _Floats(value.source, (FloatScale(factors=_float(_fine_step(value.step)).reshape(1)),))
            return _Floats(value.source, (*value.operations, _float_operation(module)))
        except ValueError as error:
            raise ValueError(f"module {path!r}: {error}") from error

    def add(self, name: str, first: _Value, second: _Value) -> _Value:
        """The sum of two values."""
        if not isinstance(first, _Stream) or not isinstance(second, _Stream):
            raise ValueError(f"the network adds values that no ResidualGrid has put on a grid, at {name!r}")
        if first.step != second.step:
            raise ValueError(f"the network adds values of the steps {first.step} and {second.step}, at {name!r}")
        return _Stream(self._add(Add(name=name, inputs=(first.source, second.source))), first.step)

    def finish(self, value: _Value) -> IntegerGraph:
        """The graph, once its output is known."""
        if isinstance(value, _Stream) or value.source is None or not self.core:
            raise ValueError("the network has no quantized layer followed by float layers")
        if value.source != self.core[-1].name:
            raise ValueError(f"the network's output does not follow from its last quantized operation, {self.core[-1]}")
        return IntegerGraph(image_shape=self.image_shape, stem=self.stem, core=tuple(self.core), head=value.operations)

    def _add(self, node: Node) -> str:
        self.core.append(node)
        return node.name

    def _layer(self, layer: QuantLayer, path: str, value: _Value) -> _Value:
        activation = layer.activation
        smallest, largest, step = int(activation.smallest), int(activation.largest), activation.step.item()
        if activation.mode is not ActivationMode.QUANTIZED:
            raise ValueError(f"activations are {activation.mode.value!r}; an export needs them 'quantized'")
        if isinstance(value, _Floats):
            quantize = Quantize(step=step, smallest=smallest, largest=largest)
            source = self._quantize(path, value, quantize)
        elif value.step == step:
            source = self._add(
                Requantize(
                    name=f"{path}.requantize",
                    inputs=(value.source,),
                    subdivisions=SUBDIVISIONS,
                    smallest=smallest,
                    largest=largest,
                )
            )
        else:
            raise ValueError(f"step is {step}; the residual stream that it reads has {value.step}")
        weight, scale = layer.quantized_weight()
        operation = FloatScale(factors=_float(scale * activation.step))
        return _Floats(self._add(_weighted_node(layer, path, source, weight)), (operation,))

    def _grid(self, grid: ResidualGrid, path: str, value: _Value) -> _Value:
        activation = grid.activation
        if activation.mode is not ActivationMode.QUANTIZED:
            raise ValueError(f"activations are {activation.mode.value!r}; an export needs them 'quantized'")
        if isinstance(value, _Stream):
            raise ValueError("the residual stream is on a grid already")
        limit, step = int(activation.largest) * SUBDIVISIONS, activation.step.item()
        quantize = Quantize(step=_fine_step(step).item(), smallest=-limit, largest=limit)
        return _Stream(self._quantize(path, value, quantize), step)

    def _quantize(self, path: str, value: _Floats, quantize: Quantize) -> str:
        """The name of the integers that a quantizer makes of floats."""
        if value.source is None:
            if self.stem:
                raise ValueError("floats of the first layers are quantized in two places; a graph has one input")
            self.stem = (*value.operations, quantize)
            return INPUT
        per_channel = tuple(itertools.takewhile(lambda item: isinstance(item, _PER_CHANNEL), value.operations))
        following = value.operations[len(per_channel) :]
        for operation in following:
            # What is monotone and the same for all channels may as well follow the quantizer.
            if not isinstance(operation, _MONOTONE):
                kind = type(operation).__name__
                raise ValueError(f"{kind} between accumulator and quantizer cannot be a comparison of integers there")
        source = infer_all(self.image_shape, self.stem, tuple(self.core))[value.source]
        thresholds, directions = find_thresholds(per_channel, quantize, source)
        name = self._add(
            Threshold(
                name=f"{path}.threshold",
                inputs=(value.source,),
                thresholds=thresholds,
                directions=directions,
                lowest=quantize.smallest,
            )
        )
        for operation in following:
            if isinstance(operation, FloatMaxPool):
                name = self._add(
                    MaxPool(
                        name=f"{path}.pool",
                        inputs=(name,),
                        kernel=operation.kernel,
                        stride=operation.stride,
                        padding=operation.padding,
                    )
                )
            elif isinstance(operation, FloatFlatten):
                name = self._add(Flatten(name=f"{path}.flatten", inputs=(name,)))
            elif quantize.smallest < 0:
                name = self._add(Relu(name=f"{path}.relu", inputs=(name,)))
        return name


def _weighted_node(layer: QuantLayer, name: str, source: str, weight: Tensor) -> Node:
    weights = weight.numpy(force=True).astype(np.int8)
    carry_mean = None
    if layer.accumulator.packing is Packing.CARRIES:
        if layer.carry_mean is None:
            raise ValueError("no pass has calibrated its carries yet")
        carry_mean = layer.carry_mean.round().numpy(force=True).astype(np.int32)
    if isinstance(layer, QuantLinear):
        return Linear(
            name=name, inputs=(source,), weights=weights, accumulator=layer.accumulator, carry_mean=carry_mean
        )
    if not isinstance(layer, QuantConv2d):
        raise ValueError(f"{type(layer).__name__} is not supported")
    return Convolution(
        name=name,
        inputs=(source,),
        weights=weights,
        accumulator=layer.accumulator,
        carry_mean=carry_mean,
        stride=_one_size("stride", layer.stride),
        padding=_one_size("padding", layer.padding),
    )


def _stream_node(module: nn.Module, name: str, source: str) -> Node | None:
    """The node for a module that keeps a residual stream on its grid, else None."""
    if isinstance(module, nn.ReLU):
        return Relu(name=name, inputs=(source,))
    if isinstance(module, nn.MaxPool2d):
        return MaxPool(name=name, inputs=(source,), **_pool_sizes(module))
    if isinstance(module, ParameterFreeShortcut):
        return PaddedShortcut(name=name, inputs=(source,), stride=module.stride, channels=module.channels)
    return None


def _float_operation(module: nn.Module) -> FloatOperation:
    if isinstance(module, nn.ReLU):
        return FloatRelu()
    if isinstance(module, nn.Flatten) and (module.start_dim, module.end_dim) == (1, -1):
        return FloatFlatten()
    if isinstance(module, nn.MaxPool2d):
        return FloatMaxPool(**_pool_sizes(module))
    if isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1)):
        return FloatAveragePool()
    if isinstance(module, nn.Linear):
        return FloatLinear(weights=_float(module.weight), bias=_optional(module.bias))
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        return _batch_norm(module)
    if isinstance(module, nn.Conv2d) and module.groups == 1 and module.padding_mode == "zeros":
        _check_dilation(module.dilation)
        return FloatConvolution(
            weights=_float(module.weight),
            bias=_optional(module.bias),
            stride=_one_size("stride", module.stride),
            padding=_one_size("padding", module.padding),
        )
    raise ValueError(f"{module} is not supported there")


def _batch_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> FloatBatchNorm:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("batch norm without running statistics is not supported")
    return FloatBatchNorm(
        mean=_float(norm.running_mean),
        variance=_float(norm.running_var),
        gain=_float(norm.weight if norm.affine else torch.ones_like(norm.running_mean)),
        offset=_float(norm.bias if norm.affine else torch.zeros_like(norm.running_mean)),
        epsilon=norm.eps,
    )


def _pool_sizes(pool: nn.MaxPool2d) -> dict[str, int]:
    if pool.ceil_mode or pool.return_indices:
        raise ValueError("a max pool with ceil_mode or return_indices is not supported")
    _check_dilation(pool.dilation)
    return {
        "kernel": _one_size("kernel", pool.kernel_size),
        "stride": _one_size("stride", pool.stride),
        "padding": _one_size("padding", pool.padding),
    }


def _one_size(name: str, size: object) -> int:
    """A size that is the same in both directions."""
    sizes = set(size) if isinstance(size, tuple) else {size}
    if len(sizes) != 1 or not isinstance(only := sizes.pop(), int):
        raise ValueError(f"{name} is {size!r}; supported is one integer for both directions")
    return only


def _check_dilation(dilation: object) -> None:
    if dilation not in (1, (1, 1)):
        raise ValueError(f"dilation is {dilation!r}; supported is 1")


def _fine_step(step: float) -> Tensor:
    """The unit of a residual stream, rounded as the grid rounds it."""
    return torch.tensor(step) / SUBDIVISIONS


def _float(tensor: Tensor) -> NDArray[Any]:
    return tensor.detach().float().numpy(force=True).copy()


def _optional(tensor: Tensor | None) -> NDArray[Any] | None:
    return None if tensor is None else _float(tensor)
