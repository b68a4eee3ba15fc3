"""Plain loops over tasks, as MAML and Reptile are commonly written: the peers of our inner loops."""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

Gradients = dict[str, Tensor]


def plain_maml(
    network: nn.Module, episode: tuple[Tensor, ...], steps: int, learning_rate: float, *, first_order: bool
) -> Gradients:
    """MAML's gradients, the mean over tasks, by `torch.autograd.grad` through functional calls of the network.

    episode: support images, labels, query images and labels, tasks first.
    """
    names = [name for name, _ in network.named_parameters()]
    start = [parameter.detach().requires_grad_() for parameter in network.parameters()]
    totals = [torch.zeros_like(parameter) for parameter in start]

    def loss(weights: list[Tensor], images: Tensor, labels: Tensor) -> Tensor:
        logits = functional_call(network, dict(zip(names, weights, strict=True)), (images,))
        return cross_entropy(logits, labels)

    for support, labels, query, query_labels in zip(*episode, strict=True):
        weights = start
        for _ in range(steps):
            slopes = torch.autograd.grad(loss(weights, support, labels), weights, create_graph=not first_order)
            weights = [weight - learning_rate * slope for weight, slope in zip(weights, slopes, strict=True)]
            if first_order:
                weights = [weight.detach().requires_grad_() for weight in weights]
        reached = loss(weights, query, query_labels)
        for total, slope in zip(totals, torch.autograd.grad(reached, weights if first_order else start), strict=True):
            total += slope
    return {name: total / len(episode[0]) for name, total in zip(names, totals, strict=True)}


def plain_reptile(
    network: nn.Module, support: tuple[Tensor, Tensor], batches: Tensor, learning_rate: float
) -> Gradients:
    """Reptile's pseudo-gradient, the mean over tasks of start minus end, with a copy of the network and torch's Adam.

    support: images and labels, tasks first. batches: the images of each step, int64 (tasks, steps, size).
    """
    copy = deepcopy(network)
    start = [parameter.detach() for parameter in network.parameters()]
    totals = [torch.zeros_like(parameter) for parameter in start]
    for images, labels, chosen in zip(*support, batches, strict=True):
        with torch.no_grad():
            for parameter, value in zip(copy.parameters(), start, strict=True):
                parameter.copy_(value)
        optimizer = torch.optim.Adam(copy.parameters(), learning_rate, betas=(0.0, 0.999))
        for batch in chosen:
            optimizer.zero_grad()
            cross_entropy(copy(images[batch]), labels[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        for total, value, parameter in zip(totals, start, copy.parameters(), strict=True):
            total += value - parameter.detach()
    names = [name for name, _ in network.named_parameters()]
    return {name: total / len(batches) for name, total in zip(names, totals, strict=True)}
