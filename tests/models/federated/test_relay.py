"""Federated rounds with gradient relay against centralized quantization-aware training."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.federated.choices import ScalePer
from models.federated.low_bit import quantize
from models.federated.relay import relayed

SIZES = (6, 7, 5, 3)  # features of three layers
EXAMPLES = (1, 2, 3, 4, 5, 6, 7, 8)  # of each client
ROUNDS = 20

Forward = Callable[[list[Tensor]], Tensor]


def plain_qat(weight: Tensor, bits: int, scale_per: str) -> Tensor:
    """The textbook's fake quantization; autograd alone differentiates the scale."""
    axes = 1 if scale_per == "channel" else (0, 1)
    scale = weight.abs().amax(axes, keepdim=True) / (2 ** (bits - 1) - 1)
    ratio = weight / scale
    return (ratio + (ratio.round() - ratio).detach()) * scale


def clients() -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(3)
    return [
        tuple(torch.randn(count, size, generator=generator, dtype=torch.float64) for size in (SIZES[0], SIZES[-1]))  # type: ignore[misc]
        for count in EXAMPLES
    ]


def network_loss(weights: list[Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    for weight in weights[:-1]:
        inputs = torch.tanh(inputs @ weight.t())
    return (inputs @ weights[-1].t() - targets).square().sum(1).mean()


def initial_weights() -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    return [torch.randn(o, i, generator=generator, dtype=torch.float64) / i**0.5 for i, o in pairwise(SIZES)]


def centralized(bits: int, scale_per: ScalePer, make: Callable[..., torch.optim.Optimizer]) -> list[Tensor]:
    weights = [weight.requires_grad_() for weight in initial_weights()]
    optimizer = make(weights)
    inputs, targets = (torch.cat(parts) for parts in zip(*clients(), strict=True))
    for _ in range(ROUNDS):
        optimizer.zero_grad()
        network_loss([plain_qat(one, bits, scale_per) for one in weights], inputs, targets).backward()
        optimizer.step()
    return [weight.detach() for weight in weights]


def federated(
    bits: int, scale_per: ScalePer, make: Callable[..., torch.optim.Optimizer], *, relay: bool
) -> list[Tensor]:
    weights = initial_weights()
    optimizer = make(weights)
    for _ in range(ROUNDS):
        broadcast = [quantize(weight, bits, scale_per).dequantized().requires_grad_() for weight in weights]
        total = [torch.zeros_like(weight) for weight in weights]
        for inputs, targets in clients():
            gradients = torch.autograd.grad(network_loss(broadcast, inputs, targets), broadcast)
            for sums, one in zip(total, gradients, strict=True):
                sums += one * len(inputs) / sum(EXAMPLES)
        for weight, mean in zip(weights, total, strict=True):
            weight.grad = relayed(mean, weight, bits, scale_per) if relay else mean
        optimizer.step()
    return weights


def distance(some: list[Tensor], others: list[Tensor]) -> float:
    pairs = zip(some, others, strict=True)
    return max(((one - other).norm() / other.norm()).item() for one, other in pairs)


@pytest.mark.parametrize("scale_per", ["tensor", "channel"])
@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize(
    "make",
    [lambda weights: torch.optim.SGD(weights, 0.02, momentum=0.9), lambda weights: torch.optim.Adam(weights, 0.01)],
    ids=["momentum", "adam"],
)
def test_rounds_with_relay_are_centralized_training(
    bits: int, scale_per: ScalePer, make: Callable[..., torch.optim.Optimizer]
) -> None:
    expected = centralized(bits, scale_per, make)
    assert distance(federated(bits, scale_per, make, relay=True), expected) < 1e-10
    assert distance(federated(bits, scale_per, make, relay=False), expected) > 1e-4


@pytest.mark.parametrize("scale_per", ["tensor", "channel"])
def test_equal_maxima_and_zeros_get_the_gradient_of_autograd(scale_per: ScalePer) -> None:
    weight = torch.tensor([[0.3, -1.0, 1.0], [0.2, 0.7, -0.1], [1.0, 0.4, 1.0]], dtype=torch.float64)
    gradient = torch.tensor([[0.5, 2.0, -1.0], [3.0, 0.25, 1.5], [0.1, -0.7, 0.9]], dtype=torch.float64)
    latent = weight.clone().requires_grad_()
    (plain_qat(latent, 4, scale_per) * gradient).sum().backward()
    torch.testing.assert_close(relayed(gradient, weight, 4, scale_per), latent.grad, rtol=1e-14, atol=1e-14)
    zeros = torch.zeros(2, 3, dtype=torch.float64)
    assert torch.equal(relayed(gradient[:2], zeros, 4, scale_per), gradient[:2])


def test_the_relay_is_linear_in_the_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    weight, first, second = torch.randn(3, 4, 5, generator=generator, dtype=torch.float64)
    together = relayed(0.25 * first + 0.75 * second, weight, 3, "channel")
    apart = 0.25 * relayed(first, weight, 3, "channel") + 0.75 * relayed(second, weight, 3, "channel")
    torch.testing.assert_close(together, apart, rtol=1e-13, atol=1e-13)
