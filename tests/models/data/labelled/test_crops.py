"""Crops move pictures and labels together."""

import pytest
import torch
from torch import Generator

from models.data.labelled.crops import IGNORED, LabelledCrop, resized


def test_pixels_and_labels_stay_together() -> None:
    labels = torch.arange(20).repeat_interleave(12)[None].expand(40, -1)
    image = labels.byte()[None].expand(3, -1, -1)
    crop = LabelledCrop(30, smallest=1, largest=1)
    for seed in range(10):
        part, found = crop(image, labels, Generator().manual_seed(seed))
        assert torch.equal(part[0].long(), found)


def test_no_label_is_invented_by_scaling() -> None:
    labels = torch.tensor([[0, 6], [IGNORED, 3]]).repeat_interleave(8, 0).repeat_interleave(8, 1)
    image = torch.zeros(3, 16, 16, dtype=torch.uint8)
    for side in (5, 11, 37):
        assert set(resized(image, labels, side, side)[1].unique().tolist()) == {0, 3, 6, IGNORED}


def test_what_lies_outside_is_black_and_ignored() -> None:
    image, labels = torch.full((3, 10, 12), 200, dtype=torch.uint8), torch.ones(10, 12, dtype=torch.int64)
    part, found = LabelledCrop(16, 1, 1, flip=False)(image, labels, Generator().manual_seed(0))
    assert torch.equal(found == 1, part[0] == 200)
    assert (found == 1).sum() == 120
    assert set(found.unique().tolist()) == {1, IGNORED}


@pytest.mark.parametrize("factors", [(0.0, 1.0), (2.0, 1.0), (1.0, float("nan"))])
def test_impossible_factors_are_refused(factors: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="factors are"):
        LabelledCrop(8, *factors)
