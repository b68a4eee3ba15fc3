"""What the bench of adaptation measures: steps of MAML, FOMAML and Reptile on random tasks."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from models.backbones.encoder import EncoderOptions, with_classifier
from models.backbones.encoders import build_encoder
from models.fewshot.adaptive import AdaptiveLearner
from models.fewshot.inner import Episode, How, functional, maml_gradient, minibatches, reptile_gradient, trainable
from reports.fewshot.benches.plain_adaptation import Gradients, plain_maml, plain_reptile

_ENCODER = "4x32"
_WAYS = 5
_RATES = {"maml": 1e-2, "fomaml": 1e-2, "reptile": 1e-3}


@dataclass(frozen=True, kw_only=True)
class AdaptationSetting:
    """Steps on a batch of 5-way tasks of random images by MAML's network of four blocks.

    tasks: in a batch. side: of the images, in pixels. shots, queries: images of each way. inner_steps: of a task.
    width: channels of the network; None for 32.
    """

    tasks: int = 8
    side: int = 28
    channels: int = 3
    shots: int = 1
    queries: int = 15
    inner_steps: int = 5
    width: int | None = None
    seed: int = 0


class AdaptationSteps:
    """The gradient of a meta-step on one batch, in our ways and by a plain loop."""

    def __init__(self, setting: AdaptationSetting, device: torch.device) -> None:
        self.setting = setting
        shape = setting.channels, setting.side, setting.side
        options = EncoderOptions(image_shape=shape, width=setting.width, batch_norm="episode", seed=setting.seed)
        encoder = build_encoder(_ENCODER, options)
        self.network: nn.Module = with_classifier(encoder, _WAYS, setting.seed).to(device).train()
        generator = torch.Generator().manual_seed(setting.seed)
        support, query = (
            torch.randn(setting.tasks, _WAYS * images, *shape, generator=generator).to(device)
            for images in (setting.shots, setting.queries)
        )
        labels, query_labels = (
            torch.arange(_WAYS, device=device).repeat_interleave(images).repeat(setting.tasks, 1)
            for images in (setting.shots, setting.queries)
        )
        self.episode: Episode = support, labels, query, query_labels
        self._generator = generator

    @cached_property
    def batches(self) -> torch.Tensor:
        """Reptile's mini-batches of the support, each of all its images up to 10."""
        setting = self.setting
        images = _WAYS * setting.shots
        found = minibatches(setting.tasks, images, 10, setting.inner_steps, self._generator)
        return found.to(self.episode[0].device)

    def ours(self, learner: AdaptiveLearner, how: How, chunk: int | None = None) -> Gradients:
        """Gradients with a loop over tasks or vmap."""
        network, start = functional(self.network), trainable(self.network)
        rate = _RATES[learner]
        if learner == "reptile":
            return reptile_gradient(network, start, self.episode[:2], self.batches, rate, how, chunk)[1]
        first_order = learner == "fomaml"
        return maml_gradient(network, start, self.episode, self.setting.inner_steps, rate, first_order, how, chunk)[1]

    def plain(self, learner: AdaptiveLearner) -> Gradients:
        """Gradients by a plain loop over tasks."""
        rate = _RATES[learner]
        if learner == "reptile":
            return plain_reptile(self.network, self.episode[:2], self.batches, rate)
        first_order = learner == "fomaml"
        return plain_maml(self.network, self.episode, self.setting.inner_steps, rate, first_order=first_order)
