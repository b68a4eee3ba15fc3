"""Small trainings on augmented episodes, and single steps of them."""

from typing import Any

import torch
from torch import Tensor

from models.backbones.encoder import EncoderOptions
from models.backbones.encoders import build_encoder
from models.fewshot.augmentation.candidates import CandidateDraws
from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.registry import AugmentationOptions
from models.fewshot.augmentation.training import AugmentedTraining, classes_of
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.episodic import EpisodicTraining, LearntScale
from models.fewshot.heads import ridge_logits
from models.training.method import Loss
from models.training.optimizers import OptimizerSettings
from tests.support.fewshot import FewShotData, random_classes

TASKS, BATCHES, EPOCHS = 3, 2, 2
DATA = FewShotData("images", {split: random_classes(split, (8,) * 10, size=16) for split in ("train", "test")})
PIXELS = PixelValues(DATA.mean, DATA.std)
OPTIONS = AugmentationOptions(pixels=PIXELS)


def method(
    augmentation: MetaMaxUp | None, head: Any = ridge_logits, width: int = 3, **options: Any
) -> EpisodicTraining:
    torch.manual_seed(0)
    encoder, scale = build_encoder("cnn4", EncoderOptions(image_shape=DATA.shape, width=width)), LearntScale()
    optimizer = OptimizerSettings(learning_rate=0.01).build([*encoder.parameters(), *scale.parameters()], EPOCHS)
    way = 4 * (1 if augmentation is None else classes_of(augmentation))
    arguments = encoder, scale, head, optimizer, Episodes(DATA, "train", EpisodeShape(way, 2, 3), seed=1)
    if augmentation is None:
        return EpisodicTraining(*arguments, tasks=TASKS, batches=BATCHES)
    return AugmentedTraining(*arguments, tasks=TASKS, batches=BATCHES, augmentation=augmentation, **options)


def one(text: str) -> MetaMaxUp:
    return MetaMaxUp(draws=CandidateDraws(pool=[Combination.parse(text, OPTIONS)], tasks=TASKS, seed=2))


def pool(name: str = "medium", **options: Any) -> MetaMaxUp:
    draws = CandidateDraws(pool=Combination.parse_pool(name, OPTIONS), count=3, tasks=TASKS, seed=2)
    return MetaMaxUp(draws=draws, **options)


def step(training: EpisodicTraining, batch: Any = None) -> tuple[Loss, list[Tensor]]:
    """A step's result and gradients, with the same random numbers each time."""
    torch.manual_seed(9)
    for model in training.models.values():
        model.train()
    found = training.step(training.models, batch or next(iter(training.batches(0, 0))))
    assert isinstance(found, Loss)
    found.loss.backward()
    return found, [parameter.grad for model in training.models.values() for parameter in model.parameters()]
