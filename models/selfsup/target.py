"""BYOL's target network: a moving average of the online network, in parameters and statistics."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.selfsup.networks import OnlineNetwork
from models.selfsup.schedule import cosine_fall


def momentum_at(step: int, steps: int, first: float) -> float:
    """The momentum of the update after step number `step`, from 0 on, of `steps`: it rises to 1 as a cosine.

    1 - (1 - first) (cos(pi step / steps) + 1) / 2 (Grill et al., 2020). A function of the step alone.
    """
    return 1 - (1 - first) * cosine_fall(step, steps)


class TargetNetwork(nn.Module):
    """A copy of an encoder and its projector: views (views, images, ...) to projections (views, images, d).

    It changes through `follow` alone: its batch norms normalise by the batch, as the online network's do, and leave
    their running statistics to it.
    """

    def __init__(self, online: OnlineNetwork) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(online.encoder)
        self.projector = copy.deepcopy(online.projector)
        self.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, _BatchNorm):
                module.track_running_stats = False

    @torch.no_grad()
    def forward(self, views: Tensor) -> Tensor:
        projections: Tensor = self.projector(self.encoder(views.flatten(0, 1)))
        return projections.view(*views.shape[:2], -1)

    @torch.no_grad()
    def follow(self, online: OnlineNetwork, momentum: float) -> None:
        """Moves each parameter and statistic by 1 - momentum of its distance towards the online network's."""
        mine, theirs = [], []
        for own, other in ((self.encoder, online.encoder), (self.projector, online.projector)):
            mine += [*own.parameters(), *own.buffers()]
            theirs += [*other.parameters(), *other.buffers()]
        pairs = [pair for pair in zip(mine, theirs, strict=True) if pair[0].is_floating_point()]
        torch._foreach_lerp_([one for one, _ in pairs], [other for _, other in pairs], 1 - momentum)
