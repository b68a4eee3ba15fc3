"""Top-1 accuracy, mean accuracy of classes and mean average precision, against hand computation."""

import pytest
import torch

from models.selfsup.probes.scores import scores_of

PROBABILITIES = torch.tensor(
    [
        [0.70, 0.20, 0.10],  # 0
        [0.10, 0.60, 0.30],  # 0, taken for 1
        [0.60, 0.30, 0.10],  # 0
        [0.50, 0.40, 0.10],  # 1, taken for 0
    ]
)
LABELS = torch.tensor([0, 0, 0, 1])


def test_by_hand() -> None:
    scores = scores_of(PROBABILITIES, LABELS)
    assert scores.top1 == 2 / 4
    assert scores.mean_per_class == pytest.approx((2 / 3 + 0 / 1) / 2)
    # By the probability of class 0: right, right, wrong, right. By that of class 1: wrong, right, then the others.
    first = (1 / 1 + 2 / 2 + 3 / 4) / 3
    second = 1 / 2
    assert scores.mean_average_precision == pytest.approx((first + second) / 2)


def test_equal_probabilities_have_the_precision_of_all_of_them() -> None:
    probabilities = torch.full((4, 2), 0.5)
    assert scores_of(probabilities, torch.tensor([0, 1, 1, 1])).mean_average_precision == pytest.approx(
        (1 / 4 + 3 / 4) / 2
    )


def test_perfect_and_classes_of_unequal_size() -> None:
    labels = torch.tensor([0] * 9 + [1])
    scores = scores_of(torch.nn.functional.one_hot(labels, 2).double(), labels)
    assert scores.top1 == scores.mean_per_class == scores.mean_average_precision == 1
    always_first = torch.tensor([0.9, 0.1]).repeat(10, 1)
    assert scores_of(always_first, labels).top1 == 0.9
    assert scores_of(always_first, labels).mean_per_class == 0.5


def test_bad_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        scores_of(PROBABILITIES / 0, LABELS)
    with pytest.raises(ValueError, match=r"\(4, 3\) and labels \(3,\)"):
        scores_of(PROBABILITIES, LABELS[:3])
