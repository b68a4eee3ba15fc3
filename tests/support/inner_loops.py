"""Small networks and episodes for inner loops, and gradients written without torch.func."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.backbones.batch_norm import BatchNorm
from models.fewshot.inner import Episode, Network, Parameters

WAYS = 3


class NativeBatchNorm(nn.Module):
    """`F.batch_norm` in training mode, without running statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, values: Tensor) -> Tensor:
        return nn.functional.batch_norm(values, None, None, self.weight, self.bias, training=True)


def smooth_network(norm: Callable[[int], nn.Module] = lambda channels: BatchNorm(channels, "episode")) -> nn.Module:
    """Two blocks of convolution, batch norm, softplus and average pool, and a linear layer, in float64.

    Central differences mean something here, unlike with ReLUs and max-pools. Images are (n, 2, 8, 8).
    """
    torch.manual_seed(0)
    blocks = [
        nn.Sequential(nn.Conv2d(inputs, 4, 3, padding=1, bias=False), norm(4), nn.Softplus(), nn.AvgPool2d(2))
        for inputs in (2, 4)
    ]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(16, WAYS)).double()


def random_episode(tasks: int = 2, dtype: torch.dtype = torch.float64, seed: int = 1) -> Episode:
    """Two support images and three queries a class, of random pixels."""
    generator = torch.Generator().manual_seed(seed)
    images = [torch.randn(tasks, WAYS * count, 2, 8, 8, generator=generator, dtype=dtype) for count in (2, 3)]
    labels = [torch.arange(WAYS).repeat_interleave(count).expand(tasks, -1) for count in (2, 3)]
    return images[0], labels[0], images[1], labels[1]


def plain_maml(
    network: Network, parameters: Mapping[str, Tensor], episode: Episode, steps: int, rate: float, *, second_order: bool
) -> tuple[Tensor, Parameters]:
    """MAML by `torch.autograd.grad`, task by task."""
    start = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    total = torch.zeros((), dtype=episode[0].dtype)
    totals = {name: torch.zeros_like(tensor) for name, tensor in parameters.items()}
    for support, labels, query, query_labels in zip(*episode, strict=True):
        current: Parameters = dict(start)
        for _ in range(steps):
            loss = cross_entropy(network(current, support), labels)
            slopes = torch.autograd.grad(loss, list(current.values()), create_graph=second_order)
            current = {
                name: tensor - rate * slope for (name, tensor), slope in zip(current.items(), slopes, strict=True)
            }
            if not second_order:
                current = {name: tensor.detach().requires_grad_() for name, tensor in current.items()}
        loss = cross_entropy(network(current, query), query_labels)
        found = torch.autograd.grad(loss, list((start if second_order else current).values()))
        total += loss.detach()
        for name, gradient in zip(totals, found, strict=True):
            totals[name] += gradient
    count = len(episode[0])
    return total / count, {name: gradient / count for name, gradient in totals.items()}
