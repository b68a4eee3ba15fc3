"""Local training on low-bit weights against a loop in floats that rounds after each step."""

from collections.abc import Iterator

import pytest
import torch

from models.data.sources import generator_of
from models.federated.aggregation import mean_of
from models.federated.averaging import LocalSettings, pseudo_gradients, train_locally
from models.federated.broadcast import broadcast, quantized_names
from models.federated.choices import Rounding, ScalePer
from models.federated.conformer.settings import ConformerSettings
from models.federated.linear_layers import fake_quantize
from models.federated.low_bit import quantize
from models.federated.recogniser import Recogniser, SpeechBatch, speech_batch
from models.federated.server import set_gradients

SETTINGS = ConformerSettings(blocks=1, width=8, heads=2, kernel=4, expansion=2, subsampling=2, dropout=0.0)
BANDS, TOKENS, STEPS, RATE = 6, 4, 4, 0.5


@pytest.fixture(autouse=True)
def doubles() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def recogniser() -> Recogniser:
    torch.manual_seed(0)
    return Recogniser(SETTINGS, BANDS, TOKENS)


def batches() -> list[SpeechBatch]:
    generator = torch.Generator().manual_seed(1)
    return [
        speech_batch([torch.randn(9, BANDS, generator=generator) for _ in range(2)], [[1, 2], [3]])
        for _ in range(STEPS)
    ]


def rounded(weight: torch.Tensor, bits: int, scale_per: str, noise: torch.Tensor | None) -> torch.Tensor:
    axes = 1 if scale_per == "channel" else (0, 1)
    scale = weight.abs().amax(axes, keepdim=True) / (2 ** (bits - 1) - 1)
    return (weight / scale).round() * scale if noise is None else (weight / scale + noise).floor() * scale


def reference(bits: int, scale_per: ScalePer, rounding: Rounding) -> tuple[Recogniser, list[float]]:
    network = recogniser()
    names = set(quantized_names(network))
    fake_quantize(network.encoder, bits, scale_per, through_scale=False)
    parameters = dict(network.named_parameters())
    losses = []
    with torch.no_grad():
        for name in names:
            parameters[name].copy_(rounded(parameters[name], bits, scale_per, None))
    for step, batch in enumerate(batches()):
        network.zero_grad()
        loss = network.loss(batch)
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for name, one in parameters.items():
                stepped = one - RATE * one.grad
                if name in names:
                    generator = generator_of(f"key {step} {name}")
                    noise = torch.rand(one.shape, generator=generator) if rounding == "stochastic" else None
                    stepped = rounded(stepped, bits, scale_per, noise)
                one.copy_(stepped)
    return network, losses


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
@pytest.mark.parametrize("scale_per", ["tensor", "channel"])
@pytest.mark.parametrize("bits", [8, 4])
def test_local_steps_are_those_of_a_float_loop_that_rounds(bits: int, scale_per: ScalePer, rounding: Rounding) -> None:
    sent = broadcast(recogniser(), bits, scale_per)
    local = LocalSettings(learning_rate=RATE, scale_per=scale_per, rounding=rounding)
    returned = train_locally(sent, SETTINGS, BANDS, batches(), local, "key")
    expected, losses = reference(bits, scale_per, rounding)
    assert list(returned.losses) == pytest.approx(losses, rel=1e-10)
    for name, one in expected.named_parameters():
        found = returned.model.low_bit[name].dequantized() if name in sent.low_bit else returned.model.floats[name]
        torch.testing.assert_close(found, one.detach(), rtol=1e-9, atol=1e-11)
    assert returned.examples == 2 * STEPS
    assert all(0 < share < 1 for share in returned.moved)


def test_steps_in_place_are_the_same_and_others_leave_the_broadcast_alone() -> None:
    sent, other = broadcast(recogniser(), 8, "channel"), broadcast(recogniser(), 8, "channel")
    local = LocalSettings(learning_rate=RATE)
    before = {name: one.dequantized().clone() for name, one in sent.low_bit.items()}
    floats = {name: one.clone() for name, one in sent.floats.items()}
    apart = train_locally(sent, SETTINGS, BANDS, batches(), local, "key")
    changed = train_locally(other, SETTINGS, BANDS, batches(), local, "key", in_place=True)
    for name, one in apart.model.low_bit.items():
        assert torch.equal(sent.low_bit[name].dequantized(), before[name])
        assert torch.equal(changed.model.low_bit[name].dequantized(), one.dequantized())
        assert torch.equal(other.low_bit[name].dequantized(), one.dequantized())
    for name, value in apart.model.floats.items():
        assert torch.equal(sent.floats[name], floats[name])
        assert torch.equal(other.floats[name], value)


def test_what_is_sent_back_is_as_small_as_what_was_sent() -> None:
    sent = broadcast(recogniser(), 4, "channel")
    returned = train_locally(sent, SETTINGS, BANDS, batches(), LocalSettings(learning_rate=RATE), "key")
    assert returned.model.quantized_bytes == sent.quantized_bytes
    assert returned.model.float_bytes == sent.float_bytes


def test_small_steps_stall_when_rounded_to_nearest_and_not_when_rounded_at_random() -> None:
    sent = broadcast(recogniser(), 4, "channel")

    def trained(rounding: Rounding) -> bool:
        local = LocalSettings(learning_rate=5e-3, rounding=rounding)
        return 0.0 in train_locally(sent, SETTINGS, BANDS, batches(), local, "key").moved

    assert trained("nearest")
    assert not trained("stochastic")


def test_a_step_of_size_1_takes_the_server_to_its_only_clients_model() -> None:
    server = recogniser()
    with torch.no_grad():
        for name in quantized_names(server):
            weight = server.get_parameter(name)
            weight.copy_(quantize(weight, 8, "channel").dequantized())
    sent = broadcast(server, 8, "channel")
    returned = train_locally(sent, SETTINGS, BANDS, batches(), LocalSettings(learning_rate=RATE), "key")
    set_gradients(server, mean_of([pseudo_gradients(sent, returned)]).means(), 8, "channel", relay=False)
    torch.optim.SGD(server.parameters(), 1.0).step()
    for name, one in returned.model.low_bit.items():
        torch.testing.assert_close(server.get_parameter(name).detach(), one.dequantized(), rtol=1e-12, atol=1e-13)
    for name, one in returned.model.floats.items():
        torch.testing.assert_close(server.get_parameter(name).detach(), one, rtol=1e-12, atol=1e-13)


def test_impossible_learning_rates_are_named() -> None:
    with pytest.raises(ValueError, match=r"learning_rate is 0\.0; allowed is a number above 0"):
        LocalSettings(learning_rate=0.0)
