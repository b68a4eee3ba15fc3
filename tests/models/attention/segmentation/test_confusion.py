"""Mean intersection over union, against sets of pixels."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from models.attention.segmentation.confusion import Confusion
from models.data.labelled.crops import IGNORED


def logits_of(classes: np.ndarray, count: int) -> torch.Tensor:
    return one_hot(torch.from_numpy(classes), count).permute(0, 3, 1, 2).float()


def test_ious_are_those_of_sets_of_pixels() -> None:
    random = np.random.default_rng(0)
    meter = Confusion(5)
    labels, predicted = random.integers(0, 4, (3, 2, 9, 7)), random.integers(0, 4, (3, 2, 9, 7))
    labels[random.random(labels.shape) < 0.2] = IGNORED
    for one, other in zip(labels, predicted, strict=True):
        meter.update(logits_of(other, 5), torch.from_numpy(one))
    kept = {place for place, label in np.ndenumerate(labels) if label != IGNORED}
    expected = []
    for value in range(4):
        true = {place for place in kept if labels[place] == value}
        found = {place for place in kept if predicted[place] == value}
        expected.append(len(true & found) / len(true | found))
    assert meter.ious[:4].tolist() == pytest.approx(expected, abs=1e-15)
    assert math.isnan(meter.ious[4])
    assert meter.mean_iou == pytest.approx(np.mean(expected), abs=1e-15)
    right = sum(labels[place] == predicted[place] for place in kept)
    assert meter.pixel_accuracy == pytest.approx(right / len(kept))


def test_predictions_at_ignored_pixels_change_nothing() -> None:
    labels = torch.tensor([[[0, 1, IGNORED, IGNORED]]])
    counts = []
    for wrong in (0, 2):
        meter = Confusion(3)
        meter.update(logits_of(np.array([[[0, 1, wrong, wrong]]]), 3), labels)
        counts.append(meter.counts)
    assert torch.equal(*counts)
    assert int(counts[0].sum()) == 2


def test_without_counted_pixels_there_is_no_figure() -> None:
    assert math.isnan(Confusion(3).mean_iou)


@pytest.mark.parametrize("label", [3, -1])
def test_labels_beyond_the_classes_are_refused(label: int) -> None:
    with pytest.raises(ValueError, match=rf"a pixel has the label {label}; allowed are 0 to 2, and 255 for none"):
        Confusion(3).update(torch.zeros(1, 3, 1, 1), torch.tensor([[[label]]]))


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        Confusion(3).update(torch.full((1, 3, 1, 1), math.nan), torch.zeros(1, 1, 1, dtype=torch.int64))
