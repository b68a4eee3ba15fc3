"""Runs functions of Core ML programs in torch, operation by operation."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from models.attention.deployment.coreml import layers, shapes
from models.attention.deployment.coreml.arguments import Arguments, Value
from models.attention.deployment.coreml.program import Function, Name, Operation

Result = Tensor | tuple[Tensor, ...]


def _binary(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Arguments], Result]:
    return lambda given: function(given.tensor("x"), given.tensor("y"))


def _unary(function: Callable[[Tensor], Tensor]) -> Callable[[Arguments], Result]:
    return lambda given: function(given.tensor("x"))


def _reduction(function: Callable[..., Tensor]) -> Callable[[Arguments], Result]:
    def reduced(given: Arguments) -> Tensor:
        values = given.tensor("x")
        axes = given.integers("axes", list(range(values.ndim)))
        return function(values, axes, keepdim=given.flag("keep_dims"))

    return reduced


KINDS: Mapping[str, Callable[[Arguments], Result]] = MappingProxyType(
    {
        "add": _binary(torch.add),
        "sub": _binary(torch.sub),
        "mul": _binary(torch.mul),
        "real_div": _binary(torch.true_divide),
        "pow": _binary(torch.pow),
        "maximum": _binary(torch.maximum),
        "relu": _unary(torch.relu),
        "sigmoid": _unary(torch.sigmoid),
        "sqrt": _unary(torch.sqrt),
        "square": _unary(torch.square),
        "identity": _unary(torch.clone),
        "rsqrt": lambda given: (given.tensor("x") + given.number("epsilon", 1e-12)).rsqrt(),
        "select": lambda given: torch.where(given.tensor("cond"), given.tensor("a"), given.tensor("b")),
        "softmax": lambda given: given.tensor("x").softmax(given.integer("axis", -1)),
        "reduce_mean": _reduction(torch.mean),
        "reduce_sum": _reduction(torch.sum),
        "conv": layers.convolution,
        "avg_pool": layers.average_pool,
        "batch_norm": layers.batch_norm,
        "layer_norm": layers.layer_norm,
        "linear": layers.linear,
        "matmul": layers.matrix_product,
        "scaled_dot_product_attention": layers.attention,
        "gelu": layers.gelu,
        "reshape": shapes.reshape,
        "transpose": shapes.transpose,
        "slice_by_index": shapes.sliced,
        "concat": shapes.concatenated,
        "split": shapes.split,
        "pad": shapes.padded,
        "expand_dims": shapes.expanded,
        "squeeze": shapes.squeezed,
        "cast": shapes.cast,
    }
)
"""What the evaluator knows, by Core ML's names."""


@torch.no_grad()
def evaluate(function: Function, inputs: Mapping[str, Tensor]) -> list[Tensor]:
    """The outputs of a function in order. Raises ValueError for an operation that the evaluator does not know."""
    values: dict[str, Value] = dict(inputs)
    for operation in function.operations:
        values.update(_results(operation, values))
    return [value for value in (values[name] for name in function.outputs) if isinstance(value, Tensor)]


def _results(operation: Operation, values: Mapping[str, Value]) -> dict[str, Value]:
    given = {
        name: tuple(values[one.text] if isinstance(one, Name) else one for one in argument)
        for name, argument in operation.arguments.items()
    }
    if operation.kind == "const":
        return {operation.outputs[0]: given["val"][0]}
    if operation.kind not in KINDS:
        raise ValueError(f"the program holds the operation {operation.kind!r}; the evaluator knows {', '.join(KINDS)}")
    result = KINDS[operation.kind](Arguments(given))
    return dict(zip(operation.outputs, result if isinstance(result, tuple) else (result,), strict=True))
