"""Graphs whose parts do not fit each other are refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.integer_network.float_operations import FloatFlatten, FloatLinear, FloatRelu, Quantize
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import Add, Convolution, Flatten, Integers, Linear, SumPool
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


def test_a_core_that_reads_pixels_has_no_stem() -> None:
    convolution = Convolution(
        name="first",
        inputs=("input",),
        weights=np.array([[[[1, -3]]]], np.int8),
        accumulator=Accumulator(bits=32, overflow="exact"),
        stride=1,
        padding=1,
        zero_point=40,
    )
    whole: dict[str, Any] = {"image_shape": (1, 1, 2), "stem": (), "core": (convolution,)}
    with pytest.raises(ValueError, match=r"the head gives the shape .1, 3, 3.; logits have one axis"):
        small_graph(**whole, white=255, head=())
    flat = Flatten(name="flat", inputs=("first",))
    graph = small_graph(**whole | {"core": (convolution, flat)}, white=100, head=())
    assert graph.integer
    assert graph.integers["first"] == Integers((1, 3, 3), -40 - 3 * 60, 60 + 3 * 40)
    assert not small_graph(**whole | {"core": (convolution, flat)}, white=100, head=(FloatRelu(),)).integer
    for message, changes in (
        ("white is 256; allowed are the integers 1 to 255", {"white": 256}),
        ("white is True; allowed are", {"white": True}),
        ("the core reads pixels, and yet there is a float stem", {"white": 255, "stem": small_graph().stem}),
        ("zero point is 40; activations are 0 to 39", {"white": 39}),
    ):
        with pytest.raises(ValueError, match=message):
            small_graph(**{**whole, "white": 255, "head": (), "core": (convolution, flat), **changes})

    with pytest.raises(ValueError, match="zero point is -1; allowed are the integers 0 to 255"):
        replace(convolution, zero_point=-1)


def test_sums_of_maps_that_do_not_fit_32_bits_are_refused() -> None:
    pool = SumPool(name="pool", inputs=("input",))
    assert pool.infer(Integers((3, 4, 5), -2, 7)) == Integers((3, 1, 1), -40, 140)
    with pytest.raises(ValueError, match="sums from 0 to 2147483648 do not fit 32 bits"):
        pool.infer(Integers((1, 1 << 12, 1 << 12), 0, 1 << 7))


def test_nodes_with_too_few_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"node 'sum' reads \('input',\); it needs 2 of them"):
        small_graph(core=(Add(name="sum", inputs=("input",)),))
