"""Translates modules and additions, as a network runs them, into stem, core and head of an integer graph."""

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.integer_network.affine import ChannelAffine, fold_affine
from models.integer_network.core import INPUT, Core, pixel_integers, stem_integers
from models.integer_network.float_modules import float_operation, to_array
from models.integer_network.float_operations import (
    FloatBatchNorm,
    FloatFlatten,
    FloatMaxPool,
    FloatOperation,
    FloatRelu,
    FloatScale,
    Quantize,
)
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import Add, Flatten, MaxPool, Node, Relu, Requantize, SumPool, Threshold
from models.integer_network.quantized_modules import (
    pixel_node,
    quantizer_settings,
    score_node,
    stream_node,
    weighted_node,
)
from models.integer_network.thresholds import find_thresholds
from models.integer_network.values import Floats, Scores, Stream, Value
from models.quantization.edges import PixelConv2d, ScoreLinear
from models.quantization.layers import QuantLayer
from models.quantization.residual_grid import SUBDIVISIONS, ResidualGrid, ResidualPool

_PER_CHANNEL = (FloatScale, FloatBatchNorm, FloatRelu)
_MONOTONE = (FloatRelu, FloatMaxPool, FloatFlatten)


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedLayer:
    """Facts about a weighted node that the graph does not hold.

    weight_bits: width of the weights' format, 1 for -1 and +1. affine: scale and batch norm of each channel, from the
    accumulator up to the first operation of another kind.
    """

    weight_bits: int
    affine: ChannelAffine


@dataclass(frozen=True, eq=False, kw_only=True)
class Translation:
    """A network in integers. layers: facts about its weighted nodes, by name."""

    graph: IntegerGraph
    layers: Mapping[str, WeightedLayer]


class Translator:
    """Translates one network; takes its modules and additions in the order in which they run."""

    def __init__(self, network: nn.Module, image_shape: tuple[int, ...]) -> None:
        self.network = network
        self.image_shape = image_shape
        self.stem: tuple[FloatOperation, ...] = ()
        self.white: int | None = None
        self.core: Core | None = None  # until the stem ends
        self.weight_bits: dict[str, int] = {}
        self.layers: dict[str, WeightedLayer] = {}

    def module(self, path: str, name: str, value: Value) -> Value:
        """The result of the network's module `path`; `name` is unique even if the module runs twice."""
        module = self.network.get_submodule(path)
        try:
            if isinstance(value, Scores):
                raise ValueError("follows the scores, which are a network's result")
            match module:
                case QuantLayer():
                    return self._layer(module, path, value)
                case PixelConv2d():
                    return self._pixels(module, path, value)
                case ScoreLinear():
                    return self._scores(module, path, value)
                case ResidualGrid():
                    return self._grid(module, path, value)
                case ResidualPool():
                    return self._pool(module, path, value)
                case nn.Identity() | nn.Dropout():
                    return value
            if isinstance(value, Stream):
                node = stream_node(module, name if path in self._begun.integers else path, value.source)
                if node is not None:
                    return Stream(self._add(node), value.step)
                value = Floats(value.source, (FloatScale(factors=to_array(_fine_step(value.step)).reshape(1)),))
            return Floats(value.source, (*value.operations, float_operation(module)))
        except ValueError as error:
            raise ValueError(f"module {path!r}: {error}") from error

    def add(self, name: str, first: Value, second: Value) -> Value:
        """The sum of two values."""
        if not isinstance(first, Stream) or not isinstance(second, Stream):
            raise ValueError(f"the network adds values that no ResidualGrid has put on a grid, at {name!r}")
        if first.step != second.step:
            raise ValueError(f"the network adds values of steps {first.step} and {second.step}, at {name!r}")
        return Stream(self._add(Add(name=name, inputs=(first.source, second.source))), first.step)

    def finish(self, value: Value) -> Translation:
        """The whole network, once its output is known."""
        if isinstance(value, Stream) or value.source is None or self.core is None or not self.core.nodes:
            raise ValueError("the network has no quantized layer followed by float layers, or by scores")
        nodes = tuple(self.core.nodes)
        last = nodes[-1].name
        if value.source != last:
            raise ValueError(f"the network's output does not follow from its last quantized operation, {last!r}")
        head = () if isinstance(value, Scores) else value.operations
        self._record_layer(value.source, head)
        graph = IntegerGraph(image_shape=self.image_shape, white=self.white, stem=self.stem, core=nodes, head=head)
        return Translation(graph=graph, layers=self.layers)

    @property
    def _begun(self) -> Core:
        if self.core is None:
            raise AssertionError("integers come after the stem")
        return self.core

    def _add(self, node: Node) -> str:
        self._begun.add(node)
        return node.name

    def _pixels(self, layer: PixelConv2d, path: str, value: Floats | Stream) -> Value:
        if self.core is not None or value != Floats(None, ()):
            raise ValueError("a convolution of pixels has to read the images themselves")
        self.white = int(layer.pixels.white)
        self.core = Core(pixel_integers(self.image_shape, self.white))
        weight, scale = layer.quantized_weight()
        name = self._add(pixel_node(layer, path, weight))
        self.weight_bits[name] = layer.weight_quantizer.format.bits
        return Floats(name, (FloatScale(factors=to_array(scale * layer.pixels.step)),))

    def _scores(self, layer: ScoreLinear, path: str, value: Floats | Stream) -> Value:
        if isinstance(value, Stream):
            raise ValueError("scores of a residual stream need its average first")
        step, smallest, largest = quantizer_settings(layer.activation)
        source = self._quantize(path, value, Quantize(step=step, smallest=smallest, largest=largest))
        name = self._add(score_node(path, source, layer.quantized_weight()[0]))
        self.weight_bits[name] = layer.format.bits
        return Scores(name)

    def _pool(self, pool: ResidualPool, path: str, value: Floats | Stream) -> Value:
        step, *_ = quantizer_settings(pool.activation)
        if not isinstance(value, Stream) or value.step != step:
            raise ValueError(f"pools a residual stream of step {step}; there is none")
        _, *sizes = self._begun.integers[value.source].shape
        name = self._add(SumPool(name=path, inputs=(value.source,)))
        factor = _fine_step(step) / math.prod(sizes)
        return Floats(name, (FloatScale(factors=to_array(factor).reshape(1)),))

    def _layer(self, layer: QuantLayer, path: str, value: Floats | Stream) -> Value:
        step, smallest, largest = quantizer_settings(layer.activation)
        if isinstance(value, Floats):
            source = self._quantize(path, value, Quantize(step=step, smallest=smallest, largest=largest))
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
        name = self._add(weighted_node(layer, path, source, weight))
        self.weight_bits[name] = layer.weight_format.bits
        return Floats(name, (FloatScale(factors=to_array(scale * layer.activation.step)),))

    def _grid(self, grid: ResidualGrid, path: str, value: Floats | Stream) -> Value:
        step, _, largest = quantizer_settings(grid.activation)
        if isinstance(value, Stream):
            raise ValueError("the residual stream is on a grid already")
        limit = largest * SUBDIVISIONS
        quantize = Quantize(step=_fine_step(step).item(), smallest=-limit, largest=limit)
        return Stream(self._quantize(path, value, quantize), step)

    def _quantize(self, path: str, value: Floats, quantize: Quantize) -> str:
        """Quantizes floats; returns the name of the integers."""
        if value.source is None:
            if self.core is not None:
                raise ValueError("floats of the first layers are quantized in two places; a graph has one input")
            self.stem = (*value.operations, quantize)
            self.core = Core(stem_integers(self.image_shape, self.stem))
            return INPUT
        self._record_layer(value.source, value.operations)
        per_channel = tuple(itertools.takewhile(lambda one: isinstance(one, _PER_CHANNEL), value.operations))
        following = value.operations[len(per_channel) :]
        _check_monotone(following)
        thresholds, directions = find_thresholds(per_channel, quantize, self._begun.integers[value.source])
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
            node = _after_quantizer(operation, path, name, signed=quantize.smallest < 0)
            name = name if node is None else self._add(node)
        return name

    def _record_layer(self, source: str, operations: tuple[FloatOperation, ...]) -> None:
        if source in self.weight_bits and source not in self.layers:
            affine = fold_affine(operations, self._begun.integers[source].shape[0])
            self.layers[source] = WeightedLayer(weight_bits=self.weight_bits[source], affine=affine)


def _check_monotone(operations: Iterable[FloatOperation]) -> None:
    # Operations that are monotone and the same for all channels may as well follow the quantizer.
    for operation in operations:
        if not isinstance(operation, _MONOTONE):
            kind = type(operation).__name__
            raise ValueError(f"{kind} between accumulator and quantizer cannot become a comparison of integers")


def _after_quantizer(operation: FloatOperation, path: str, source: str, *, signed: bool) -> Node | None:
    """The node that a monotone operation becomes once its inputs are quantized; None if it changes nothing."""
    match operation:
        case FloatMaxPool(kernel=kernel, stride=stride, padding=padding):
            return MaxPool(name=f"{path}.pool", inputs=(source,), kernel=kernel, stride=stride, padding=padding)
        case FloatFlatten():
            return Flatten(name=f"{path}.flatten", inputs=(source,))
    return Relu(name=f"{path}.relu", inputs=(source,)) if signed else None


def _fine_step(step: float) -> Tensor:
    """The unit of a residual stream, rounded as the grid rounds it."""
    return torch.tensor(step) / SUBDIVISIONS
