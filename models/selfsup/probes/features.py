"""Outputs of a network for many images."""

import torch
from torch import Tensor, nn

from models.progress import Progress
from models.selfsup.probes.images import ProbeImages, images_at_once


@torch.no_grad()
def outputs_of(network: nn.Module, images: ProbeImages, chosen: Tensor, progress: Progress, title: str) -> Tensor:
    """A network's outputs for the plain images with these numbers, (chosen, d), on its device, in evaluation mode.

    Raises ValueError, naming the image, if an output is not finite.
    """
    network.eval()
    device = device_of(network)
    task = progress.task(title, len(chosen))
    found = []
    for part in images.plain(torch.split(chosen, images_at_once(images.shape, device))):
        found.append(network(part.to(device)).flatten(1))
        task.advance(len(part))
    outputs = torch.cat(found).float()
    broken = (~outputs.isfinite()).any(1).nonzero()
    if len(broken):
        raise ValueError(f"{title}: the network's output for image {int(chosen[int(broken[0])])} is not finite")
    return outputs


def device_of(network: nn.Module) -> torch.device:
    """The device of a network's parameters; the CPU if it has none."""
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


def all_of(images: ProbeImages) -> Tensor:
    """The numbers of all images."""
    return torch.arange(len(images.labels))
