"""First and last layers in integers."""

import pytest
import torch
from torch import nn

from models.data.sources import normalised
from models.quantization.edges import PixelConv2d, ScoreLinear, inner_quantizers
from models.quantization.layers import QuantLinear
from models.quantization.pixels import Pixels, PixelScale
from models.quantization.step_sizes import choose_score_steps

SCALE = PixelScale((125.3, 122.9, 113.9), (62.9, 62.1, 66.7), 255)


def test_every_pixel_comes_back() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    found = Pixels(SCALE)(normalised(pixels, SCALE.mean, SCALE.std))
    assert torch.equal(found, pixels.float() - 121)
    beyond = Pixels(SCALE)(torch.tensor([-1e9, 1e9]).view(1, 1, 1, 2))
    assert (beyond.amin(), beyond.amax()) == (-121, 134)


def test_a_convolution_of_pixels_is_close_to_one_of_normalised_images() -> None:
    """Channels share a zero point and a step, and weights have 8 bits."""
    pixels = torch.randint(256, (2, 3, 12, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    layer = PixelConv2d(3, 8, 3, padding=1, scale=SCALE)
    images = normalised(pixels, SCALE.mean, SCALE.std)
    plain = nn.functional.conv2d(images, layer.weight, padding=1)
    found = layer(images)
    apart = (found - plain)[..., 1:-1, 1:-1]
    apart = apart - apart.mean((0, 2, 3), keepdim=True)  # the mean is for the batch norm that follows
    assert apart.abs().mean() < 0.05 * plain.abs().mean()
    found.square().sum().backward()
    assert layer.weight.grad is not None
    gradient = layer.weight.grad.clone()
    (expected,) = torch.autograd.grad(
        nn.functional.conv2d(images, layer.weight, padding=1).square().sum(), layer.weight
    )
    assert nn.functional.cosine_similarity(gradient.flatten(), expected.flatten(), dim=0) > 0.95


def test_scores_in_evaluation_tell_apart_what_the_integers_do() -> None:
    layer = ScoreLinear(4096, 2)
    layer.activation.mode = "quantized"  # type: ignore[assignment]
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.weight[1, 0] = 126 / 127
    features = torch.full((1, 4096), 255.0)
    features[:, 0] = 1
    first, second = layer.eval()(features)[0].tolist()
    assert first > second  # by one unit in 132 million
    first, second = layer.train()(features)[0].tolist()
    assert first == second


def test_the_largest_activation_fills_the_bits_of_the_last_layer() -> None:
    network = nn.Sequential(nn.ReLU(), ScoreLinear(6, 3))
    images = torch.linspace(-3, 5.1, 12).view(2, 6)
    choose_score_steps(network, images)
    layer = network[1]
    assert isinstance(layer, ScoreLinear)
    assert layer.activation.step.item() == pytest.approx(5.1 / 255)
    with pytest.raises(ValueError, match="inputs are all 0, or not finite"):
        choose_score_steps(network, -images.abs())


def test_edges_keep_out_of_what_inner_layers_share() -> None:
    network = nn.Sequential(QuantLinear(4, 4), ScoreLinear(4, 2))
    inner = network[0]
    assert isinstance(inner, QuantLinear)
    assert inner_quantizers(network) == [inner.activation]


def test_edges_too_wide_for_exact_sums_are_refused() -> None:
    with pytest.raises(ValueError, match=r"sums of 1200 products .* reach 38862000; float32 holds integers exactly"):
        PixelConv2d(3, 4, 20, scale=SCALE)
    with pytest.raises(ValueError, match="sums of 70000 products of 8-bit weights and activations up to 255 do not"):
        ScoreLinear(70_000, 1)
    for make in (lambda: PixelConv2d(3, 4, 3, weight_bits=9, scale=SCALE), lambda: ScoreLinear(4, 4, weight_bits=1)):
        with pytest.raises(ValueError, match="bits; allowed are the integers 2 to 8"):
            make()
    with pytest.raises(ValueError, match="pixels reach 65535; a network of integers reads pixels up to 255"):
        PixelScale((0.0,), (1.0,), 65_535)


@pytest.mark.parametrize(
    ("name", "value"), [("zero_point", 0.5), ("zero_point", 256), ("white", 300), ("white", 0), ("step", -1)]
)
def test_damaged_pixels_are_refused(name: str, value: float) -> None:
    pixels = Pixels(SCALE)
    pixels.check()
    getattr(pixels, name).fill_(value)
    with pytest.raises(ValueError, match="pixels have the zero point"):
        pixels.check()
