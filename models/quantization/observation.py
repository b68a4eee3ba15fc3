"""Records of what quantized layers compute in a forward pass, on request."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol

import torch
from torch import Tensor, nn

from models.arithmetic import overflow_rate


class Request(Flag):
    """Requests to a layer: what to record, or to do, in its forward passes."""

    SUMS = auto()
    """Record the true sums."""
    PENALTY = auto()
    """Record the overflow penalty, with its gradient."""
    CARRIES = auto()
    """Record the carries, with their gradient."""
    CALIBRATE = auto()
    """Set the mean of the carries, which the layer subtracts from then on."""


@dataclass
class LayerPass:
    """A layer's last forward pass.

    value_bits: bits of the accumulator that hold a sum. sums: true sums. penalty: mean excess of the sums over the
    accumulator's range, a scalar. carries: how many reach each sum, (batch, ...), if the accumulators' packing
    lets them run. Each is None unless it is requested.
    """

    request: Request
    value_bits: int = 0
    sums: Tensor | None = None
    penalty: Tensor | None = None
    carries: Tensor | None = None

    def overflow_rate(self) -> float:
        """Share of the sums, of quantized activations, that overflow the accumulator."""
        return overflow_rate(_recorded(self.sums, "sums").detach().round().long(), self.value_bits)

    def take_penalty(self) -> Tensor:
        """The overflow penalty; the record lets go of it, and of the graph behind it."""
        penalty, self.penalty = _recorded(self.penalty, "penalty"), None
        return penalty

    def carry_variance(self) -> Tensor:
        """R_c: the variance of a neuron's carries over the batch, mean over neurons."""
        return _recorded(self.carries, "carries").var(0, correction=0).mean()

    def carry_moments(self) -> tuple[float, float]:
        """Mean and standard deviation of a neuron's carries over the batch, means over neurons."""
        counts = _recorded(self.carries, "carries")
        return counts.mean().item(), counts.std(0, correction=0).mean().item()


class Observed(Protocol):
    """A layer that can be observed. seen: the record of its passes, None while nobody asks."""

    seen: LayerPass | None


@contextmanager
def observe(layers: Sequence[Observed], request: Request) -> Iterator[list[LayerPass]]:
    """Makes layers record their forward passes; yields the records, in order. Each pass overwrites the one before."""
    before = [layer.seen for layer in layers]
    records = [LayerPass(request) for _ in layers]
    for layer, record in zip(layers, records, strict=True):
        layer.seen = record
    try:
        yield records
    finally:
        for layer, kept in zip(layers, before, strict=True):
            layer.seen = kept


@torch.no_grad()
def inputs_of(layer: nn.Module, network: nn.Module, images: Tensor) -> Tensor:
    """What a layer of the network reads while that runs on `images`."""
    seen: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _layer, arguments: seen.append(arguments[0]))
    try:
        network(images)
    finally:
        hook.remove()
    return seen[0]


def _recorded(value: Tensor | None, name: str) -> Tensor:
    if value is None:
        raise RuntimeError(f"the layer has not run since its {name} were asked for")
    return value
