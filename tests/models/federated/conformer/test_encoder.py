"""Conformer encoders: sizes, and what an utterance's frames may depend on."""

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from models.federated.conformer.attention import RelativeAttention, relative_positions
from models.federated.conformer.encoder import ConformerEncoder
from models.federated.conformer.front_end import FrontEnd
from models.federated.conformer.settings import CONFORMERS, ConformerSettings, NormName


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def encoder(norm: NormName = "layer", **changed: float) -> ConformerEncoder:
    settings = ConformerSettings(**({"blocks": 2, "width": 16, "heads": 2, "kernel": 4} | changed), norm=norm)  # type: ignore[arg-type]
    torch.manual_seed(0)
    network = ConformerEncoder(settings, 12).double().eval()
    for block in network.blocks:
        for bias in (block.attention.content_bias, block.attention.position_bias):
            torch.nn.init.normal_(bias)
    return network


@pytest.mark.parametrize(("name", "published"), [("S", 10.3e6), ("M", 30.7e6), ("L", 118.8e6)])
def test_sizes_follow_from_the_paper(name: str, published: float) -> None:
    """The published numbers are with an LSTM decoder and a joint network, which bring 4 to 16%."""
    settings = CONFORMERS[name]
    d = settings.width
    feed_forward = 2 * d + 2 * 4 * d**2 + 5 * d
    attention = 2 * d + 5 * d**2 + 4 * d + 2 * d
    convolution = 2 * d + 3 * d**2 + 3 * d + 33 * d + 2 * d
    front_end = 10 * d + 9 * d**2 + d + 20 * d**2 + d
    expected = front_end + settings.blocks * (2 * feed_forward + attention + convolution + 2 * d)
    with torch.device("meta"):
        network = ConformerEncoder(settings, 80)
    assert sum(one.numel() for one in network.parameters()) == expected
    assert 0.84 < expected / published < 0.97


@pytest.mark.parametrize("norm", ["layer", "group"])
@pytest.mark.parametrize("subsampling", [2, 4])
def test_an_utterance_alone_and_in_a_batch_has_the_same_frames(norm: NormName, subsampling: int) -> None:
    network = encoder(norm, subsampling=subsampling)
    lengths = torch.tensor([23, 7, 1, 16])
    batch = normal(4, 30, 12)  # noise behind the ends, too
    together, counts = network(batch, lengths)
    assert counts.tolist() == [math.ceil(length / subsampling) for length in lengths.tolist()]
    for one, length, count in zip(range(4), lengths, counts, strict=True):
        alone, (alone_count,) = network(batch[one : one + 1, :length], length.view(1))
        assert alone_count == count
        assert alone.shape[1] == count
        torch.testing.assert_close(together[one, :count], alone[0], rtol=1e-10, atol=1e-10)


def test_the_front_end_is_convolutions() -> None:
    front_end = FrontEnd(12, 5, 2).double()
    features = normal(2, 11, 12)
    image = features[:, None]
    for layer in front_end.convolutions:
        kernel = layer.weight.view(5, -1, 3, 3)
        image = torch.relu(torch.nn.functional.conv2d(image, kernel, layer.bias, stride=2, padding=1))
    expected = image.transpose(1, 2).flatten(2) @ front_end.projection.weight.t() + front_end.projection.bias
    torch.testing.assert_close(front_end(features, torch.tensor([11, 11])), expected, rtol=1e-12, atol=1e-12)


def test_parts_of_the_frames_are_those_of_all() -> None:
    front_end = FrontEnd(12, 5, 2).double()
    features, lengths = normal(3, 41, 12), torch.tensor([41, 18, 3])
    whole = front_end(features, lengths)
    parts = [front_end(features, lengths, slice(first, min(first + 3, 11))) for first in range(0, 11, 3)]
    torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_checkpointing_changes_no_gradient_and_no_statistic(norm: NormName) -> None:
    features, lengths = normal(2, 150, 12), torch.tensor([150, 90])  # two parts of the front end
    found = []
    for checkpointing in (False, True):
        network = encoder(norm, checkpointing=checkpointing, dropout=0.3).train()
        torch.manual_seed(2)
        frames, _ = network(features, lengths)
        (frames * torch.arange(frames.numel()).view_as(frames).sin()).sum().backward()
        found.append([*(one.grad for one in network.parameters()), *network.buffers()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_attention_is_the_sum_over_keys_with_their_distances() -> None:
    torch.manual_seed(1)
    attention = RelativeAttention(6, 1, 0.0).double()
    torch.nn.init.normal_(attention.content_bias)
    torch.nn.init.normal_(attention.position_bias)
    frames, within = normal(1, 5, 6), torch.tensor([[True, True, True, True, False]])
    result = attention(frames, relative_positions(5, 6, frames), within)
    query, key, value = (layer(frames[0]) for layer in (attention.query, attention.key, attention.value))
    for i in range(5):
        scores = []
        for j in range(4):
            angles = [(i - j) / 10000 ** (k / 6) for k in (0, 2, 4)]
            place = torch.tensor([f(angle) for angle in angles for f in (math.sin, math.cos)], dtype=torch.float64)
            by_content = (query[i] + attention.content_bias[0]) @ key[j]
            by_distance = (query[i] + attention.position_bias[0]) @ (attention.position.weight @ place)
            scores.append((by_content + by_distance) / math.sqrt(6))
        mixed = torch.stack(scores).softmax(0) @ value[:4]
        torch.testing.assert_close(result[0, i], attention.output(mixed), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"blocks": 0}, "blocks is 0"),
        ({"width": 18}, "width is 18; allowed are even multiples of the 4 heads"),
        ({"norm": "none"}, "norm is 'none'; allowed are layer, group, batch"),
        ({"subsampling": 3}, "subsampling is 3; allowed are 2 and 4"),
        ({"dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_impossible_sizes_are_named(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(CONFORMERS["tiny"], **changed)  # type: ignore[arg-type]
