"""MAML and Reptile on augmented episodes."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.backbones.drop_block import DropBlock
from models.fewshot.adaptive import Adaptation, AdaptiveTraining
from models.fewshot.augmentation.adaptive import AugmentedAdaptiveTraining
from models.fewshot.augmentation.candidates import CandidateDraws
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.training import classes_of
from models.fewshot.episodes import Episode, Episodes, EpisodeShape
from models.training.optimizers import OptimizerSettings
from tests.support.augmentation import ALL, OPTIONS, combination
from tests.support.fewshot import random_data

OF_IMAGES = [text for text in ALL if "feature" not in text]


def method(text: str | None, learner: Any = "maml", how: Any = "loop") -> AdaptiveTraining:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 8), nn.Softplus(), nn.Linear(8, 3))
    optimizer = OptimizerSettings().build(network.parameters(), 1)
    adaptation = Adaptation(learner=learner, steps=2, learning_rate=0.1, batch=2)
    augmentation = None if text is None else MetaMaxUp(draws=CandidateDraws(pool=[combination(text)], tasks=2))
    way = 3 * (1 if augmentation is None else classes_of(augmentation))
    parts = network, optimizer, Episodes(random_data(), "train", EpisodeShape(way, 2, 3)), adaptation
    options: dict[str, Any] = {"tasks": 2, "batches": 2, "how": how}
    if augmentation is None:
        return AdaptiveTraining(*parts, **options)
    return AugmentedAdaptiveTraining(*parts, augmentation=augmentation, **options)


def step(training: AdaptiveTraining) -> tuple[Tensor, list[Tensor]]:
    torch.manual_seed(1)
    result = training.step(training.models, next(iter(training.batches(0, 0))))
    return result.loss, [parameter.grad for parameter in training.network.parameters()]


@pytest.mark.parametrize("learner", ["maml", "fomaml", "reptile"])
def test_no_augmentation_trains_as_without_bit_for_bit(learner: Any) -> None:
    (loss, found), (expected_loss, expected) = step(method("none", learner)), step(method(None, learner))
    assert torch.equal(loss, expected_loss)
    assert all(map(torch.equal, found, expected))


@pytest.mark.parametrize("learner", ["maml", "fomaml", "reptile"])
@pytest.mark.parametrize("text", OF_IMAGES)
def test_every_augmentation_of_images_takes_a_step(text: str, learner: Any) -> None:
    if learner == "reptile" and text.endswith(":query"):
        with pytest.raises(ValueError, match=f"augmentation {text} changes queries, which the learner does not train"):
            method(text, learner)
        return
    looped, vmapped = (step(method(text, learner, how))[1] for how in ("loop", "vmap"))
    for one, other in zip(looped, vmapped, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert sum(gradient.abs().sum() for gradient in looped) > 0


def test_timing_takes_augmented_episodes_and_trains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    training = method("flip:shot")
    drop = training.network.drop = DropBlock(1, 0.1)
    shapes: list[torch.Size] = []

    def counted(episode: Episode, how: Any) -> None:
        drop.calls += 1
        shapes.append(episode.support.shape)

    monkeypatch.setattr(training, "_gradient", counted)
    assert training.timing().how in ("loop", "vmap")
    assert set(shapes) == {(2, 3 * 2 * 2, 3, 4, 4)}
    assert drop.calls == 0


def test_features_that_adapt_are_not_mixed_and_meta_maxup_needs_a_head() -> None:
    with pytest.raises(ValueError, match="feature-mixup:query mixes features, which the learner adapts to each task"):
        method("feature-mixup:query")
    pool = MetaMaxUp(draws=CandidateDraws(pool=Combination.parse_pool("medium", OPTIONS), count=4))
    with pytest.raises(ValueError, match="Meta-MaxUp is for learners with a head on features"):
        AugmentedAdaptiveTraining(augmentation=pool)
