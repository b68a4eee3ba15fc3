"""The trained network: an encoder, its projector and, where learner or auxiliary loss need them, further heads."""

from collections import OrderedDict
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.backbones.encoder import Encoder
from models.backbones.options import seeded
from models.backbones.resnet_encoder import Stem, resnet_encoder, stem_for
from models.selfsup.config import SelfSupConfig
from models.selfsup.losses.rotation import TurnHead

_BYOL_HIDDEN = 2048
_HEADS_SEED = 1  # beside that of the encoder


class Outputs(NamedTuple):
    """Outputs for the images of a step.

    projections: (views, images, d); byol's are predictions. turns: logits (copies, 4) of the auxiliary loss, or None.
    logit_scale: factor of r2d2's logits, ().
    """

    projections: Tensor
    turns: Tensor | None
    logit_scale: Tensor


class OnlineNetwork(nn.Module):
    """The network that gradients train. encoder: the part that a run keeps. projector: features to projections.

    predictor: byol's, of projections. turn_head: of the auxiliary loss. logit_scale: factor of r2d2's logits.
    """

    logit_scale: Tensor

    def __init__(self, config: SelfSupConfig, channels: int, stem: Stem) -> None:
        super().__init__()
        self.encoder = build_encoder(config, channels, stem)
        with seeded(config.seed + _HEADS_SEED):
            self.projector = projector(config, self.encoder.features_dim)
            self.predictor = mlp(config, config.projected) if config.learner == "byol" else None
            self.turn_head = TurnHead(config.projected) if config.predicts_turns else None
        scale = torch.tensor(config.logit_scale)
        if config.learn_logit_scale:
            self.logit_scale = nn.Parameter(scale)
        else:
            self.register_buffer("logit_scale", scale)

    def forward(self, views: Tensor, copies: Tensor | None = None) -> Outputs:
        """Takes views (views, images, channels, height, width) and turned copies (copies, channels, height, width).

        The copies go through encoder and projector in a pass of their own.
        """
        projections = self.projector(self.encoder(views.flatten(0, 1)))
        if self.predictor is not None:
            projections = self.predictor(projections)
        turns = None
        if self.turn_head is not None and copies is not None:
            turns = self.turn_head(self.projector(self.encoder(copies)))
        return Outputs(projections.view(*views.shape[:2], -1), turns, self.logit_scale)


def build_encoder(config: SelfSupConfig, channels: int, stem: Stem) -> Encoder:
    """The encoder of a run with its initial weights. stem: as `stem_of` finds it."""
    return resnet_encoder(config.encoder, stem, channels, config.width, config.seed)


def stem_of(config: SelfSupConfig, image_shape: tuple[int, int, int]) -> Stem:
    """The stem of a run's encoder, by the size of its images unless it is set."""
    return stem_for(image_shape) if config.stem == "auto" else config.stem


def projector(config: SelfSupConfig, features: int) -> nn.Sequential:
    """The projector d-d-128 of SimCLR: no biases, batch norm after both layers, the last without shift; or byol's."""
    if config.learner == "byol":
        return mlp(config, features)
    hidden = config.hidden or features
    last = nn.BatchNorm1d(config.projected)
    last.bias.requires_grad_(False)
    return nn.Sequential(
        OrderedDict(
            first=nn.Linear(features, hidden, bias=False),
            first_norm=nn.BatchNorm1d(hidden),
            relu=nn.ReLU(),
            second=nn.Linear(hidden, config.projected, bias=False),
            second_norm=last,
        )
    )


def mlp(config: SelfSupConfig, inputs: int) -> nn.Sequential:
    """The form of byol's projector and predictor: two layers with biases, batch norm and ReLU between."""
    hidden = config.hidden or _BYOL_HIDDEN
    return nn.Sequential(
        OrderedDict(
            first=nn.Linear(inputs, hidden),
            first_norm=nn.BatchNorm1d(hidden),
            relu=nn.ReLU(),
            second=nn.Linear(hidden, config.projected),
        )
    )
