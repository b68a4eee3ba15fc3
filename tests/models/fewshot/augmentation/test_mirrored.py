"""Flip shots in evaluation."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models.fewshot.augmentation.mirrored import WithMirrored, with_mirrored_shots
from models.fewshot.augmentation.soft_episode import soft_episode
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import embed, episode_accuracies
from models.fewshot.heads import prototype_logits, ridge_logits, svm_logits
from tests.support.augmentation import combination, draws_for
from tests.support.fewshot import random_data


@pytest.mark.parametrize("head", [ridge_logits, prototype_logits, svm_logits])
def test_mirrored_features_give_the_accuracies_of_flip_shots(head: Any) -> None:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(48, 12), nn.Tanh())
    data = random_data()
    episodes = Episodes(data, "test", EpisodeShape(4, 2, 3))
    found = episode_accuracies(embed(WithMirrored(encoder), data, "test"), episodes, 20, with_mirrored_shots(head))
    episode = soft_episode(episodes.batch(range(20)), 4, 4)
    changed = combination("flip:shot").of_images(episode, draws_for(20))
    support, query = (
        encoder(images.flatten(0, 2)).unflatten(0, images.shape[:3]).flatten(1, 2) for images in changed[0:3:2]
    )
    logits = head(query, support, changed.support_labels, 4)
    expected = (logits.argmax(2) == episodes.labels(20, 3)).double().mean(1)
    assert np.array_equal(found.numpy(), expected.numpy())
    plain = episode_accuracies(embed(encoder, data, "test"), episodes, 20, head)
    assert not torch.equal(found, plain)
