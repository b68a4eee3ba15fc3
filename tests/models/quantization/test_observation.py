"""Layers record what is asked of them, and nothing once nobody asks."""

import pytest
import torch

from models.quantization.accumulators import Accumulator
from models.quantization.activations import ActivationMode
from models.quantization.layers import QuantConv2d
from models.quantization.observation import LayerPass, Request, observe


def quantized_layer() -> QuantConv2d:
    torch.manual_seed(0)
    layer = QuantConv2d(8, 4, 3)
    layer.activation.mode = ActivationMode.QUANTIZED
    layer.activation.step.fill_(0.2)
    return layer


def test_only_what_is_asked_for_is_recorded() -> None:
    layer, inputs = quantized_layer(), torch.rand(2, 8, 5, 5)
    with observe([layer], Request.SUMS) as (seen,):
        layer(inputs)
    assert seen.sums is not None
    assert seen.penalty is None
    assert seen.carries is None
    assert layer.seen is None


def test_recorded_sums_are_the_true_ones_although_outputs_take_their_place() -> None:
    layer, inputs = quantized_layer(), torch.rand(2, 8, 5, 5) * 2
    layer.accumulator = Accumulator(bits=4)
    with observe([layer], Request.SUMS) as (seen,):
        layer(inputs)
    expected = layer.accumulate(layer.activation(inputs), layer.quantized_weight()[0])
    assert torch.equal(seen.sums, expected)
    assert seen.overflow_rate() > 0


def test_a_penalty_is_taken_once() -> None:
    layer = quantized_layer()
    with observe([layer], Request.PENALTY) as (seen,):
        layer(torch.rand(2, 8, 5, 5))
        seen.take_penalty()
        with pytest.raises(RuntimeError, match="has not run since its penalty were asked for"):
            seen.take_penalty()


def test_observers_within_others_give_back_what_they_found() -> None:
    layer = quantized_layer()
    with observe([layer], Request.SUMS) as (outer,):
        with observe([layer], Request.PENALTY):
            layer(torch.rand(1, 8, 5, 5))
        assert layer.seen is outer
        assert outer.sums is None
    assert LayerPass(Request.SUMS).sums is None
