"""Carries between packed lanes: a layer does what a machine does, and learns to live with it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.arithmetic import carries, cyclic, wrap
from models.arithmetic.carries import WordBits, buffered_sum, packed_sum, unsigned_sum
from models.quantization.accumulators import Accumulator
from models.quantization.activations import ActivationMode
from models.quantization.layers import QuantConv2d, QuantLayer, QuantLinear, configure, quantized_layers
from models.quantization.observation import Request, observe
from models.wrapnet.shared_words import calibrate, carry_statistics, let_carries_run


def conv_terms(layer: QuantConv2d, inputs: Tensor) -> Tensor:
    """Every product of every dot product: (batch, positions, out, length)."""
    integers = layer.activation(inputs)
    patches = nn.functional.unfold(integers, 3, padding=1).transpose(1, 2)
    return (patches.unsqueeze(2) * layer.quantized_weight()[0].flatten(1)).long()


def scaled(layer: QuantConv2d, accumulated: Tensor) -> Tensor:
    """What the layer makes of what its accumulators hold, (batch, out, height, width)."""
    return (layer.quantized_weight()[1] * layer.activation.step).view(-1, 1, 1) * accumulated.float()


@pytest.fixture(params=["binary", "ternary"])
def layer(request: pytest.FixtureRequest) -> QuantConv2d:
    torch.manual_seed(0)
    made = QuantConv2d(12, 5, 3, weights=request.param)
    made.activation.mode = ActivationMode.QUANTIZED
    made.activation.step.fill_(0.2)
    return made


@pytest.mark.parametrize("word_bits", [32, 64])
@pytest.mark.parametrize("bits", [6, 8, 12])
def test_evaluation_is_what_the_machine_computes(layer: QuantConv2d, bits: int, word_bits: WordBits) -> None:
    inputs = torch.rand(3, 12, 4, 4) * 2
    layer.accumulator = Accumulator(bits=bits, slope=2, packing="carries", word_bits=word_bits)
    layer.eval()
    calibrate(layer, inputs)
    with observe([layer], Request.CARRIES) as (seen,):
        outputs = layer(inputs)
    packed = packed_sum(conv_terms(layer, inputs), bits, word_bits).transpose(1, 2).reshape(3, 5, 4, 4)
    assert layer.carry_mean is not None
    expected = cyclic(packed - layer.carry_mean.round().long(), bits, 2)
    assert torch.equal(outputs, scaled(layer, expected))
    assert seen.carries is not None
    true_sums = conv_terms(layer, inputs).sum(-1).transpose(1, 2).reshape(3, 5, 4, 4)
    assert torch.equal(wrap(true_sums + seen.carries.long(), bits), packed)


def test_training_counts_carries_as_algorithm_1_does(layer: QuantConv2d) -> None:
    inputs = torch.rand(3, 12, 4, 4) * 2
    layer.accumulator = Accumulator(bits=8, packing="carries")
    with observe([layer], Request.CARRIES) as (seen,):
        layer.train()(inputs).square().sum().backward()
    counts, _ = carries(unsigned_sum(conv_terms(layer, inputs), 8), 8)
    expected = counts.transpose(1, 2).reshape(3, 5, 4, 4).float()
    assert seen.carries is not None
    assert torch.equal(seen.carries, expected)
    assert seen.carry_variance().item() == pytest.approx(expected.var(0, correction=0).mean().item(), rel=1e-5)
    assert layer.weight.grad is not None
    assert torch.isfinite(layer.weight.grad).all()


def test_the_carry_penalty_leads_to_steadier_carries() -> None:
    torch.manual_seed(0)
    layer = QuantLinear(64, 8)
    layer.activation.mode = ActivationMode.QUANTIZED
    layer.activation.step.fill_(0.2)
    layer.accumulator = Accumulator(bits=8, packing="carries")
    inputs = torch.rand(200, 64) * torch.rand(200, 1) * 2
    optimizer = torch.optim.Adam(layer.parameters(), 0.02)
    deviations = []
    with observe([layer], Request.CARRIES) as (seen,):
        for _ in range(40):
            layer(inputs)
            deviations.append(seen.carry_moments()[1])
            optimizer.zero_grad()
            seen.carry_variance().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    assert deviations[-1] < 0.8 * deviations[0]


def test_a_buffer_bit_makes_the_accumulator_a_bit_narrower(layer: QuantConv2d) -> None:
    inputs = torch.rand(3, 12, 4, 4) * 2
    layer.accumulator = Accumulator(bits=7, packing="buffer")
    outputs = layer(inputs)
    kept = buffered_sum(conv_terms(layer, inputs), 7).transpose(1, 2).reshape(3, 5, 4, 4)
    assert torch.equal(outputs, scaled(layer, cyclic(kept, 6, 2)))


def small_network() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(
        QuantLinear(32, 24), nn.BatchNorm1d(24), nn.ReLU(), QuantLinear(24, 24), nn.BatchNorm1d(24), nn.ReLU()
    )
    for layer in quantized_layers(network):
        layer.activation.step.fill_(0.2)
    configure(network, "quantized", Accumulator(bits=8))
    return network


def test_statistics_leave_the_network_as_it_is() -> None:
    network, inputs = small_network(), torch.rand(100, 32) * 2
    before = network.eval()(inputs)
    layer = quantized_layers(network)[1]
    statistics = carry_statistics(network, layer, inputs)
    assert statistics.mean > 1
    assert statistics.deviation > 0
    assert torch.equal(network(inputs), before)
    assert layer.carry_mean is None


def test_carries_spread_layer_by_layer_from_the_steadiest_while_accuracy_holds() -> None:
    network, inputs = small_network(), torch.rand(200, 32) * 2
    steadiest = min(
        (0, 1), key=lambda index: carry_statistics(network, quantized_layers(network)[index], inputs).deviation
    )
    never = torch.full((200,), -1)  # no image is ever right, so accuracy cannot drop
    for hybrid in (False, True):
        network = small_network()
        stages: list[tuple[str, list[int]]] = []
        let_carries_run(network, inputs, never, lambda *stage, kept=stages: kept.append(stage), hybrid=hybrid)  # type: ignore[misc]
        assert stages == [("carries-1", [steadiest]), ("carries-2", [steadiest, 1 - steadiest])]
        assert all(layer.accumulator.packing == "carries" for layer in quantized_layers(network))


def test_hybrid_falls_back_to_buffer_bits_where_accuracy_drops() -> None:
    network, inputs = small_network(), torch.rand(200, 32) * 2
    labels = network.eval()(inputs).argmax(1)
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    stages: list[tuple[str, list[int]]] = []

    @torch.no_grad()
    def train(name: str, layers: list[int]) -> None:
        stages.append((name, layers))
        if name != "buffer":
            for parameter in network.parameters():
                parameter.neg_()

    let_carries_run(network, inputs, labels, train, hybrid=True)
    assert [name for name, _ in stages] == ["carries-1", "buffer"]
    assert stages[1] == ("buffer", [])
    assert [layer.accumulator.packing for layer in quantized_layers(network)] == ["buffer", "buffer"]
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())


def test_saved_means_of_carries_load_into_a_new_network() -> None:
    network, inputs = small_network(), torch.rand(50, 32) * 2
    carrying: list[QuantLayer] = quantized_layers(network)
    for layer in carrying:
        layer.accumulator = replace(layer.accumulator, packing="carries")
    calibrate(network, inputs)
    other = small_network()
    for layer in quantized_layers(other):
        layer.accumulator = replace(layer.accumulator, packing="carries")
    other.load_state_dict(network.state_dict())
    assert torch.equal(other.eval()(inputs), network.eval()(inputs))


def test_multi_bit_weights_are_refused() -> None:
    layer = QuantLinear(4, 4, weights="3")
    with pytest.raises(ValueError, match="carries are simulated for binary and ternary weights; these are '3'"):
        configure(layer, "quantized", Accumulator(packing="carries"))
    build: Callable[..., Any] = Accumulator
    with pytest.raises(ValueError, match="a buffer bit leaves less than the 2 that are needed"):
        build(bits=2, packing="buffer")
