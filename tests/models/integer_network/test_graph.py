"""Graphs whose parts do not fit each other are refused."""

from typing import Any

import numpy as np
import pytest

from models.integer_network.float_operations import FloatFlatten, FloatLinear, FloatRelu, Quantize
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import Add, Convolution, Linear
from models.quantization.accumulators import Accumulator


def small_graph(**changes: Any) -> IntegerGraph:
    linear = Linear(name="linear", inputs=("input",), weights=np.ones((2, 4), np.int8), accumulator=Accumulator(bits=8))
    parts: dict[str, Any] = {
        "image_shape": (1, 2, 2),
        "stem": (FloatFlatten(), Quantize(step=0.5, smallest=0, largest=7)),
        "core": (linear,),
        "head": (FloatLinear(weights=np.ones((3, 2), np.float32), bias=None),),
    }
    return IntegerGraph(**{**parts, **changes})


def test_parts_that_do_not_fit_are_refused() -> None:
    assert small_graph().integers["linear"].largest == 28
    linear = small_graph().core[0]
    for message, changes in (
        ("the stem does not end with a Quantize", {"stem": (FloatRelu(),)}),
        ("the core has no nodes", {"core": ()}),
        ("image shape is", {"image_shape": (2, 2)}),
        ("two nodes are called 'linear'", {"core": (linear, linear)}),
        ("node 'linear': weights take .4,. features; there are .8,.", {"image_shape": (2, 2, 2)}),
        ("the head does not fit the shape", {"head": (FloatLinear(weights=np.ones((3, 5), np.float32), bias=None),)}),
    ):
        with pytest.raises(ValueError, match=message):
            small_graph(**changes)
    with pytest.raises(ValueError, match="packing is 'carries' and carry_mean is missing; only 'carries' takes one"):
        Linear(
            name="linear",
            inputs=("input",),
            weights=np.ones((2, 4), np.int8),
            accumulator=Accumulator(packing="carries"),
        )
    with pytest.raises(ValueError, match="weights has the shape"):
        Convolution(
            name="c",
            inputs=("input",),
            weights=np.ones((2, 4), np.int8),
            accumulator=Accumulator(),
            stride=1,
            padding=0,
        )


def test_nodes_with_too_few_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"node 'sum' reads \('input',\); it needs 2 of them"):
        small_graph(core=(Add(name="sum", inputs=("input",)),))
