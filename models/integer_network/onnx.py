"""An exported network as ONNX: float stem, integer core and float head from standard operators."""

import importlib
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from models.files import write_with
from models.integer_network.core import INPUT
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
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import (
    Add,
    Convolution,
    Flatten,
    Integers,
    Linear,
    MaxPool,
    Node,
    PaddedShortcut,
    Relu,
    Requantize,
    Threshold,
    WeightedNode,
)
from models.quantization.accumulators import Accumulator

OPSET = 18

IMAGES, LOGITS = "images", "logits"

Part = Literal["network", "core"]
Outputs = Literal["last", "all"]

_IR_VERSION = 9
_LARGEST = (1 << 31) - 1
_LARGEST_FLOAT_INTEGER = 1 << 24
_ZERO_POINT = 128


def export_onnx(graph: IntegerGraph, path: Path, *, part: Part = "network", outputs: Outputs = "last") -> None:
    """Writes a graph as an ONNX model of opset 18, with any number of images.

    part: `network` takes `images`, normalised floats (images, channels, height, width), and gives `logits` (images,
    classes), both float32; `core` takes `input`, int32, and gives the last node's integers. outputs: `all` adds the
    int32 integers of every node, under its name (for a network also `input`).

    Integers are int32 between nodes; ConvInteger and MatMulInteger take 8-bit activations and weights. Engines may
    round the float stem and head in their own ways; the core has no room for that.

    Raises ValueError if onnx is not installed, or if the graph's integers are too wide for these operators.
    """
    for name, value, kinds in (("part", part, Part), ("outputs", outputs, Outputs)):
        if value not in get_args(kinds):
            raise ValueError(f"{name} is {value!r}; allowed are {', '.join(get_args(kinds))}")
    try:
        helper = importlib.import_module("onnx.helper")
    except ImportError as error:
        raise ValueError("onnx is not installed; pip install 'wrapmac[onnx]'") from error
    model = _Model(graph, helper).build(part, outputs)
    write_with(path, lambda file: file.write_bytes(model.SerializeToString()))


class _Model:
    """An ONNX graph that grows: nodes and constants."""

    def __init__(self, graph: IntegerGraph, helper: Any) -> None:
        self.graph = graph
        self.helper = helper
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def build(self, part: Part, outputs: Outputs) -> Any:
        graph, types = self.graph, self.helper.np_dtype_to_tensor_dtype
        whole = part == "network"
        if whole:
            floats = self._floats(graph.stem, IMAGES, "stem")
            self.operator("Cast", [floats], result=INPUT, to=types(np.dtype(np.int32)))
        for node in graph.core:
            self._node(node)
        names = [graph.output] if outputs == "last" else list(graph.integers)[0 if whole else 1 :]
        integers = {name: graph.integers[name].shape for name in names}
        if whole:
            floats = self.operator("Cast", [graph.output], to=types(np.dtype(np.float32)))
            floats = self._floats(graph.head, floats, "head")
            self.operator("Identity", [floats], result=LOGITS)
            given = self._value(IMAGES, np.float32, graph.image_shape)
            results = [self._value(LOGITS, np.float32, ("classes",))]
            if outputs == "last":
                integers = {}
        else:
            given = self._value(INPUT, np.int32, graph.integers[INPUT].shape)
            results = []
        results += [self._value(name, np.int32, shape) for name, shape in integers.items()]
        body = self.helper.make_graph(self.nodes, part, [given], results, list(self.constants.values()))
        opsets = [self.helper.make_opsetid("", OPSET)]
        return self.helper.make_model(body, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="wrapmac")

    def operator(self, kind: str, inputs: list[str], *, result: str | None = None, **attributes: Any) -> str:
        """Adds an operator with one result, and returns the result's name."""
        result = result or f"value.{len(self.nodes)}"
        self.nodes.append(self.helper.make_node(kind, inputs, [result], name=f"{result}.{kind}", **attributes))
        return result

    def constant(self, content: NDArray[Any] | np.generic) -> str:
        """Adds an array or a number, and returns its name."""
        value = np.asarray(content)
        name = f"constant.{len(self.constants)}"
        kind = self.helper.np_dtype_to_tensor_dtype(value.dtype)
        little = value.astype(value.dtype.newbyteorder("<"))
        self.constants[name] = self.helper.make_tensor(name, kind, value.shape, little.tobytes(), raw=True)
        return name

    def number(self, value: int, kind: type[np.generic] = np.int32) -> str:
        """Adds an integer, and returns its name."""
        return self.constant(np.array(value, kind))

    def cast(self, value: str, kind: type[np.generic]) -> str:
        """Converts a value."""
        return self.operator("Cast", [value], to=self.helper.np_dtype_to_tensor_dtype(np.dtype(kind)))

    def _value(self, name: str, kind: type[np.generic], shape: tuple[int | str, ...]) -> Any:
        return self.helper.make_tensor_value_info(
            name, self.helper.np_dtype_to_tensor_dtype(np.dtype(kind)), ("images", *shape)
        )

    def _floats(self, operations: tuple[FloatOperation, ...], value: str, part: str) -> str:
        for operation in operations:
            value = self._float(operation, value, part)
        return value

    def _float(self, operation: FloatOperation, value: str, part: str) -> str:
        match operation:
            case FloatConvolution():
                inputs = [value, self.constant(operation.weights)]
                if operation.bias is not None:
                    inputs.append(self.constant(operation.bias))
                return self.operator("Conv", inputs, **_window(operation.stride, operation.padding))
            case FloatLinear():
                inputs = [value, self.constant(operation.weights)]
                if operation.bias is not None:
                    inputs.append(self.constant(operation.bias))
                return self.operator("Gemm", inputs, transB=1)
            case FloatScale():
                return self.operator("Mul", [value, self.constant(self._per_channel(operation.factors, part))])
            case FloatBatchNorm():
                arrays = operation.gain, operation.offset, operation.mean, operation.variance
                inputs = [value, *map(self.constant, arrays)]
                return self.operator("BatchNormalization", inputs, epsilon=operation.epsilon)
            case FloatRelu():
                return self.operator("Relu", [value])
            case FloatMaxPool():
                size = [operation.kernel] * 2
                window = _window(operation.stride, operation.padding)
                return self.operator("MaxPool", [value], kernel_shape=size, **window)
            case FloatAveragePool():
                return self.operator("GlobalAveragePool", [value])
            case FloatFlatten():
                return self.operator("Flatten", [value])
            case Quantize():
                limits = [self.constant(np.float32(limit)) for limit in (operation.smallest, operation.largest)]
                scaled = self.operator("Div", [value, self.constant(np.float32(operation.step))])
                return self.operator("Round", [self.operator("Clip", [scaled, *limits])])
        raise ValueError(f"{type(operation).__name__} has no ONNX form")

    def _per_channel(self, factors: NDArray[Any], part: str) -> NDArray[Any]:
        """Factors shaped to multiply what the part runs on before it is flattened."""
        shape = self.graph.image_shape if part == "stem" else self.graph.integers[self.graph.output].shape
        return factors.reshape(-1, *[1] * (len(shape) - 1))

    def _node(self, node: Node) -> None:
        values = list(node.inputs)
        source = self.graph.integers[node.inputs[0]]
        match node:
            case Convolution() | Linear():
                self._weighted(node, values[0], source)
            case Threshold():
                self._threshold(node, values[0], source)
            case Requantize():
                self._requantize(node, values[0])
            case Add():
                self.operator("Add", values, result=node.name)
            case Relu():
                self.operator("Max", [*values, self.number(0)], result=node.name)
            case MaxPool():
                if max(-source.smallest, source.largest) > _LARGEST_FLOAT_INTEGER:
                    raise ValueError(
                        f"node {node.name!r} pools integers up to {source.largest}; floats do not hold them"
                    )
                window = _window(node.stride, node.padding)
                pooled = self.operator(
                    "MaxPool", [self.cast(values[0], np.float32)], kernel_shape=[node.kernel] * 2, **window
                )
                self.operator("Cast", [pooled], result=node.name, to=self._int32())
            case Flatten():
                self.operator("Flatten", values, result=node.name)
            case PaddedShortcut():
                bounds = [[0, 0], [_LARGEST, _LARGEST], [2, 3], [node.stride, node.stride]]
                kept = self.operator("Slice", [*values, *(self.constant(np.array(bound)) for bound in bounds)])
                around = self.constant(np.array([0, 0, 0, 0, 0, node.channels, 0, 0]))
                self.operator("Pad", [kept, around], result=node.name)
            case _:
                raise ValueError(f"node {node.name!r} is a {type(node).__name__}, which has no ONNX form")

    def _weighted(self, node: Convolution | Linear, value: str, source: Integers) -> None:
        if node.carry_mean is None:
            sums = self._products(node, value, self._weights(node, node.weights), source)
        else:
            sums = self._packed(node, value, source)
        self._fold(node, sums)

    def _weights(self, node: Convolution | Linear, weights: NDArray[Any]) -> str:
        """A node's weights, or others of their shape, as its operator takes them."""
        largest = int(np.abs(weights.astype(np.int64)).max())
        if largest >= _ZERO_POINT:
            raise ValueError(
                f"node {node.name!r} has weights up to {largest}; ConvInteger and MatMulInteger take 8 bits"
            )
        # Unsigned weights around a zero point: signed ones saturate in the engines' kernels for some processors.
        shifted = (weights.astype(np.int16) + _ZERO_POINT).astype(np.uint8)
        return self.constant(shifted.T if isinstance(node, Linear) else shifted)

    def _products(self, node: Convolution | Linear, value: str, weights: str, source: Integers) -> str:
        """The sums of products, int32; `source` is the range of the value."""
        kind: type[np.integer[Any]] = np.int8 if source.smallest < 0 else np.uint8
        if source.smallest < np.iinfo(kind).min or source.largest > np.iinfo(kind).max:
            raise ValueError(
                f"node {node.name!r} multiplies activations {source.smallest} to {source.largest}; ConvInteger and "
                "MatMulInteger take 8 bits"
            )
        operands = [self.cast(value, kind), weights, self.number(0, kind), self.number(_ZERO_POINT, np.uint8)]
        if isinstance(node, Linear):
            return self.operator("MatMulInteger", operands)
        return self.operator("ConvInteger", operands, **_window(node.stride, node.padding))

    def _packed(self, node: Convolution | Linear, value: str, source: Integers) -> str:
        """Sums with the carries that reach them, less those expected, int32 and not wrapped yet.

        A lane's sum is that of all terms with 0 for the weights of other lanes' terms.
        """
        assert node.carry_mean is not None
        lanes = node.accumulator.word_bits // node.accumulator.bits
        period = self.number(1 << node.accumulator.bits, np.int64)
        zero = self.number(_ZERO_POINT, np.uint8)
        length = node.weights[0].size
        signs = Integers(source.shape, 0, 1)
        # Which products are negative: activations of one sign by weights of the other.
        operands = [(value, self._weights(node, node.weights), source)]
        for sign in (1, -1) if source.smallest < 0 else (1,):
            operands.append((self._sign(value, sign), self._weights(node, node.weights * -sign > 0), signs))
        carry = moved = total = self.number(0, np.int64)
        for lane in range(lanes):
            members = (np.arange(length) % lanes == lane).reshape(node.weights.shape[1:])
            chosen = self.constant(members[:, np.newaxis] if isinstance(node, Linear) else members)
            sums, *negatives = (
                self.cast(
                    self._products(node, factor, self.operator("Where", [chosen, weights, zero]), limits), np.int64
                )
                for factor, weights, limits in operands
            )
            total = self.operator("Add", [total, sums])
            if lane == lanes - 1:
                break  # the top lane's carries are lost
            unsigned = self.operator("Add", [sums, carry])
            for count in negatives:
                unsigned = self.operator("Add", [unsigned, self.operator("Mul", [count, period])])
            carry = self.operator("Div", [unsigned, period])
            moved = self.operator("Add", [moved, carry])
        mean = self.constant(node.carry_mean.astype(np.int64))
        result = self.operator("Sub", [self.operator("Add", [total, moved]), mean])
        return self.cast(result, np.int32)

    def _sign(self, value: str, sign: int) -> str:
        """1 where a value has this sign, else 0, int32."""
        compare = "Greater" if sign > 0 else "Less"
        return self.cast(self.operator(compare, [value, self.number(0)]), np.int32)

    def _fold(self, node: WeightedNode, sums: str) -> None:
        accumulator = node.accumulator
        if accumulator.overflow == "exact":
            self.operator("Identity", [sums], result=node.name)
            return
        wrapped = self._wrap(accumulator, sums)
        match accumulator.overflow:
            case "wrap":
                self.operator("Identity", [wrapped], result=node.name)
            case "absolute":
                self.operator("Abs", [wrapped], result=node.name)
            case "relu-like":
                self.operator(
                    "Min", [self.operator("Max", [wrapped, self.number(0)]), self._arm(node, wrapped)], result=node.name
                )
            case "cyclic":
                magnitude = self.operator("Abs", [wrapped])
                folded = self.operator("Min", [magnitude, self._arm(node, magnitude)])
                negated = self.operator("Neg", [folded])
                is_negative = self.operator("Less", [wrapped, self.number(0)])
                self.operator("Where", [is_negative, negated, folded], result=node.name)

    def _wrap(self, accumulator: Accumulator, sums: str) -> str:
        """The sums modulo 2^bits, in two's complement."""
        if accumulator.value_bits > 30:
            raise ValueError(f"accumulators of {accumulator.value_bits} bits; an ONNX export takes up to 30")
        half = self.number(1 << (accumulator.value_bits - 1))
        mask = self.number((1 << accumulator.value_bits) - 1)
        kept = self.operator("BitwiseAnd", [self.operator("Add", [sums, half]), mask])
        return self.operator("Sub", [kept, half])

    def _arm(self, node: WeightedNode, magnitude: str) -> str:
        """slope * (half - magnitude): where the function falls, it is below the magnitude, and above elsewhere."""
        half = 1 << (node.accumulator.value_bits - 1)
        slope = min(node.accumulator.slope, half)  # steeper makes no difference to integers
        if 2 * half * slope > _LARGEST:
            raise ValueError(
                f"node {node.name!r} has the slope {slope} and {node.accumulator.value_bits} bits; 32-bit integers "
                "do not hold their product"
            )
        return self.operator("Mul", [self.operator("Sub", [self.number(half), magnitude]), self.number(slope)])

    def _threshold(self, node: Threshold, value: str, source: Integers) -> None:
        """Counts the thresholds reached by binary search: comparing with all of them at once takes much memory."""
        channels, levels = node.thresholds.shape
        steps = levels.bit_length()
        never = max(-source.smallest, source.largest) + 1
        # One entry per possible count: the last threshold that it takes. What no value reaches fills the rest.
        table = np.full((channels, 1 << steps), never, np.int64)
        table[:, 1 : levels + 1] = node.thresholds.clip(-never, never)
        flat = self.constant(table.astype(np.int32).reshape(-1))
        shape = (-1, *[1] * (len(source.shape) - 1))
        start = np.arange(channels, dtype=np.int32).reshape(shape) << steps
        directed = self.operator("Mul", [value, self.constant(node.directions.astype(np.int32).reshape(shape))])
        # Positions in the table: the channel's start and the count so far.
        position = self.constant(start)
        for step in reversed(range(steps)):
            tried = self.operator("Add", [position, self.number(1 << step)])
            reached = self.operator("GreaterOrEqual", [directed, self.operator("Gather", [flat, tried])])
            position = self.operator("Where", [reached, tried, position])
        offset = self.constant(start - np.int32(node.lowest))
        self.operator("Sub", [position, offset], result=node.name)

    def _requantize(self, node: Requantize, value: str) -> None:
        unit = node.subdivisions
        limits = [self.number(unit * limit) for limit in (node.smallest, node.largest)]
        clipped = self.operator("Clip", [value, *limits])
        # Division rounds towards 0: a multiple of the divisor keeps the dividend positive.
        doubled = self.operator("Mul", [clipped, self.number(2)])
        dividend = self.operator("Add", [doubled, self.number(unit - 2 * unit * node.smallest)])
        quotient = self.operator("Div", [dividend, self.number(2 * unit)])
        self.operator("Add", [quotient, self.number(node.smallest)], result=node.name)

    def _int32(self) -> int:
        kind: int = self.helper.np_dtype_to_tensor_dtype(np.dtype(np.int32))
        return kind


def _window(stride: int, padding: int) -> dict[str, Any]:
    return {"strides": [stride] * 2, "pads": [padding] * 4}
