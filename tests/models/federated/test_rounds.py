"""Federated rounds of a whole recogniser against quantization-aware training in one place, in float64."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from models.federated.aggregation import WeightedMean, mean_of
from models.federated.broadcast import Broadcast, broadcast, quantized_names, take_up
from models.federated.choices import ScalePer
from models.federated.client import Update, gradients_of
from models.federated.conformer.settings import ConformerSettings
from models.federated.linear_layers import fake_quantize
from models.federated.recogniser import Recogniser, SpeechBatch, speech_batch
from models.federated.server import set_gradients

SETTINGS = ConformerSettings(blocks=1, width=8, heads=2, kernel=4, expansion=2, subsampling=2, dropout=0.0)
BANDS, TOKENS = 6, 4
CLIENTS = (1, 3, 2)  # their numbers of utterances


@pytest.fixture(autouse=True)
def doubles() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def recogniser() -> Recogniser:
    torch.manual_seed(0)
    return Recogniser(SETTINGS, BANDS, TOKENS)


def utterances(count: int, seed: int) -> tuple[list[torch.Tensor], list[list[int]]]:
    generator = torch.Generator().manual_seed(seed)
    features = [torch.randn(9 + 2 * one, BANDS, generator=generator) for one in range(count)]
    return features, [[1 + one % 3, 2] for one in range(count)]


def client_batches() -> list[SpeechBatch]:
    return [speech_batch(*utterances(count, seed)) for seed, count in enumerate(CLIENTS)]


def everything() -> SpeechBatch:
    parts = [utterances(count, seed) for seed, count in enumerate(CLIENTS)]
    return speech_batch([one for part in parts for one in part[0]], [one for part in parts for one in part[1]])


def optimizer_of(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), 0.01, momentum=0.9)


def federated(bits: int, scale_per: ScalePer, rounds: int, *, relay: bool) -> Recogniser:
    server = recogniser()
    optimizer = optimizer_of(server)
    for _ in range(rounds):
        sent = broadcast(server, bits, scale_per)
        mean = mean_of(gradients_of(sent, SETTINGS, BANDS, batch) for batch in client_batches())
        set_gradients(server, mean.means(), bits, scale_per, relay=relay)
        optimizer.step()
    return server


def centralized(bits: int, scale_per: ScalePer, rounds: int) -> Recogniser:
    network = recogniser()
    fake_quantize(network.encoder, bits, scale_per)
    optimizer = optimizer_of(network)
    for _ in range(rounds):
        optimizer.zero_grad()
        network.loss(everything()).backward()
        optimizer.step()
    return network


def distance(one: nn.Module, other: nn.Module) -> float:
    others = dict(other.named_parameters())
    return max(((value - others[name]).norm() / others[name].norm()).item() for name, value in one.named_parameters())


@pytest.mark.parametrize("scale_per", ["tensor", "channel"])
@pytest.mark.parametrize("bits", [8, 4])
def test_rounds_with_relay_are_quantization_aware_training(bits: int, scale_per: ScalePer) -> None:
    expected = centralized(bits, scale_per, 5)
    assert distance(federated(bits, scale_per, 5, relay=True), expected) < 1e-9
    assert distance(federated(bits, scale_per, 5, relay=False), expected) > 1e-5


def test_the_encoders_matrices_and_nothing_else_are_quantized() -> None:
    sent = broadcast(recogniser(), 8, "channel")
    matrices = {name for name, one in recogniser().encoder.named_parameters() if one.dim() == 2}
    biases = {"attention.content_bias", "attention.position_bias"}
    assert {f"encoder.{name}" for name in matrices if not name.endswith(tuple(biases))} == set(sent.low_bit)
    assert sent.low_bit.keys() | sent.floats.keys() == recogniser().state_dict().keys()


def test_a_client_holds_no_float_matrix_of_the_encoder() -> None:
    with torch.device("meta"):
        empty = Recogniser(SETTINGS, BANDS, TOKENS)
    client = take_up(broadcast(recogniser(), 4, "channel"), empty)
    kept = [*client.encoder.parameters(), *client.encoder.buffers()]
    assert not any(one.is_meta for one in kept)
    matrix_shapes = [one.shape for one in broadcast(recogniser(), 4, "channel").low_bit.values()]
    floats = [one for one in kept if one.is_floating_point()]
    assert max(one.numel() for one in floats) < min(rows * inputs for rows, inputs in matrix_shapes)


@pytest.mark.parametrize("bits", [8, 4])
def test_the_broadcast_is_small(bits: int) -> None:
    with torch.device("meta"):
        whole = Recogniser(dataclasses.replace(SETTINGS, width=256, heads=4), 40, 11)
    torch.manual_seed(0)
    filled = whole.to_empty(device="cpu")
    for one in filled.parameters():
        nn.init.normal_(one)
    sent = broadcast(filled.float(), bits, "channel")
    floats = 4 * sum(one.numel() for name, one in filled.named_parameters() if name in sent.low_bit)
    assert sent.quantized_bytes / floats < {8: 0.26, 4: 0.14}[bits]


def with_float(name: str, value: torch.Tensor | None) -> Broadcast:
    sent = broadcast(recogniser(), 8, "channel")
    floats = dict(sent.floats)
    floats.pop(name, None)
    return Broadcast(sent.low_bit, floats if value is None else floats | {name: value})


@pytest.mark.parametrize(
    ("received", "message"),
    [
        (lambda: with_float("head.weight", None), "head.weight is missing"),
        (lambda: with_float("tail.weight", torch.ones(2)), "tail.weight is no part of the model"),
        (lambda: with_float("head.weight", torch.ones(4, 9)), r"head.weight has shape \(4, 9\); expected is \(4, 8\)"),
    ],
    ids=["missing", "unknown", "shape"],
)
def test_broadcasts_of_another_model_are_refused(received: Callable[[], Broadcast], message: str) -> None:
    with torch.device("meta"):
        empty = Recogniser(SETTINGS, BANDS, TOKENS)
    with pytest.raises(ValueError, match=message):
        take_up(received(), empty)


def test_updates_are_weighted_by_examples_and_empty_ones_skipped() -> None:
    mean = WeightedMean()
    for examples, value in ((1, 1.0), (0, float("nan")), (3, 5.0)):
        mean.add(Update({"weight": torch.full((2,), value)}, examples, value))
    assert mean.means()["weight"].tolist() == [4, 4]
    assert mean.loss / mean.examples == 4
    with pytest.raises(ValueError, match="no client brought an example"):
        WeightedMean().means()


def test_names_of_matrices_are_those_of_a_fake_quantized_network() -> None:
    network = recogniser()
    names = list(quantized_names(network))
    fake_quantize(network.encoder, 8, "channel")
    assert list(quantized_names(network)) == names
