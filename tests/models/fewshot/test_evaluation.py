"""Evaluation of features on episodes, against a loop over images."""

import pytest
import torch
from torch import Tensor, nn

from models.fewshot import evaluation
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import embed, episode_accuracies
from tests.support.fewshot import random_data

DATA = random_data()


class Encoder(nn.Module):
    """Flattens images; in training mode it would give another answer."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) * (-1 if self.training else 1)


def nearest_first_shot(query: Tensor, support: Tensor, labels: Tensor, ways: int) -> Tensor:
    """Minus the distance to the first support image of each class."""
    first = torch.stack([support[:, (labels[0] == way).nonzero()[0, 0]] for way in range(ways)], dim=1)
    return -torch.cdist(query, first)


@pytest.mark.parametrize("size", [1, 1 << 14, 1 << 24])
def test_accuracies_are_those_of_a_loop_over_episodes_and_queries(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_GATHERED_BYTES", size)
    episodes = Episodes(DATA, "test", EpisodeShape(4, 2, 3))
    found = episode_accuracies(embed(Encoder(), DATA, "test"), episodes, 20, nearest_first_shot)
    for number in range(20):
        support, _, query, labels = (part[0] for part in episodes.batch([number]))
        firsts = support.flatten(1)[::2]
        right = [
            min(range(4), key=lambda way: float((image - firsts[way]).norm())) == label
            for image, label in zip(query.flatten(1), labels.tolist(), strict=True)
        ]
        assert found[number] == pytest.approx(sum(right) / 12)


def test_images_are_embedded_once_in_evaluation_mode_and_the_mode_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_PIXELS_IN_CACHE", 3 * 4 * 4 * 9)
    network = Encoder()
    batches: list[int] = []
    network.register_forward_hook(lambda _, images, __: batches.append(len(images[0])))
    features = embed(network, DATA, "val")
    assert network.training
    assert sum(batches) == len(features) == 140
    assert max(batches) == 9
    assert torch.equal(features, DATA.normalise(DATA.splits["val"].images).flatten(1))


def test_features_that_are_not_finite_name_the_class() -> None:
    class Broken(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            features = images.flatten(1).clone()
            features[45, 0] = float("nan")
            return features

    with pytest.raises(ValueError, match="the features of class test2 in test of random images are not finite"):
        embed(Broken(), DATA, "test")
