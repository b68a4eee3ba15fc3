"""The dense loss: a loop over images and pixels, soft labels, classes made of two."""

from typing import Any

import pytest
import torch
from torch import Tensor

from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.soft_episode import SoftEpisode
from models.fewshot.confidence.dense import DenseClassifier, dense_losses
from tests.support.augmentation import OPTIONS

TASKS, WAY, SHOT, QUERIES, CHANNELS, PIXELS, CLASSES = 2, 3, 2, 4, 5, 4, 9
DRAWN = torch.stack([torch.randperm(CLASSES, generator=torch.Generator().manual_seed(one))[:6] for one in range(2)])


def episode() -> SoftEpisode:
    generator = torch.Generator().manual_seed(1)

    def of(count: int) -> tuple[Tensor, Tensor]:
        images = torch.randn(TASKS, WAY, count, CHANNELS * PIXELS, generator=generator, dtype=torch.float64)
        labels = torch.rand(TASKS, WAY * count, WAY, generator=generator, dtype=torch.float64).mul(3).softmax(-1)
        return images, labels

    return SoftEpisode(*of(SHOT), *of(QUERIES))


def looped(classifier: DenseClassifier, images: Tensor, labels: Tensor, drawn: Tensor, doubled: bool) -> Tensor:
    """The loss of each image (n, channels, pixels) of a task, pixel by pixel."""
    found = []
    for image, shares in zip(images, labels, strict=True):
        loss = 0.0
        for pixel in range(PIXELS):
            logits = classifier.linear.weight @ image[:, pixel] + classifier.linear.bias
            rest = logits.exp().sum().log()
            for way in range(WAY):
                first, second = rest - logits[drawn[way]], rest - logits[drawn[WAY + way]]
                loss = loss + shares[way] * ((first + second) / 2 if doubled else first) / PIXELS
        found.append(loss)
    return torch.stack(found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "doubled"),
    [
        ("none", (False, False)),
        ("cutmix:query+rotation:task", (False, False)),
        ("combining-labels:support", (True, False)),
        ("combining-labels:query", (False, True)),
        ("mixup:task", (True, True)),
    ],
)
def test_losses_are_those_of_a_loop_over_images_pixels_and_ways(text: str, doubled: tuple[bool, bool]) -> None:
    classifier, given = DenseClassifier(CHANNELS * PIXELS, PIXELS, CLASSES).double(), episode()
    found = dense_losses(classifier, CLASSES, given, DRAWN, Combination.parse(text, OPTIONS))
    for task in range(TASKS):
        parts = [
            looped(classifier, images[task].reshape(-1, CHANNELS, PIXELS), labels[task], DRAWN[task], of_two)
            for images, labels, of_two in (
                (given.support, given.support_labels, doubled[0]),
                (given.query, given.query_labels, doubled[1]),
            )
        ]
        torch.testing.assert_close(found[task].mean(), torch.cat(parts).mean(), rtol=0, atol=1e-12)
        differences = parts[1] * len(parts[1]) / (len(parts[0]) + len(parts[1]))
        torch.testing.assert_close(found[task] - found[task, 0], differences - differences[0], rtol=0, atol=1e-12)


def test_initial_weights_depend_on_the_seed_alone() -> None:
    first, second, third = (DenseClassifier(8, 4, 3, seed) for seed in (1, 1, 2))
    same: Any = first.linear.weight
    assert torch.equal(same, second.linear.weight)
    assert not torch.equal(same, third.linear.weight)
