"""Shares of labels and validation parts."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.selfsup.probes.labels import labelled_part, validation_part

CLASSES = ("ant", "bee", "cow")
LABELS = torch.tensor([0] * 50 + [1] * 100 + [2] * 10)[torch.randperm(160, generator=torch.Generator().manual_seed(1))]


def counts(chosen: torch.Tensor) -> list[int]:
    return torch.bincount(LABELS[chosen], minlength=3).tolist()


@settings(max_examples=30, deadline=None)
@given(fraction=st.floats(0.06, 1.0), seed=st.integers(0, 2**32 - 1))
def test_each_class_gives_its_share(fraction: float, seed: int) -> None:
    chosen = labelled_part(LABELS, fraction, seed, CLASSES)
    assert counts(chosen) == [round(fraction * count) for count in (50, 100, 10)]
    assert chosen.tolist() == sorted(set(chosen.tolist()))


def test_fewer_labels_are_among_more_and_seeds_differ() -> None:
    few, more = (labelled_part(LABELS, fraction, 3, CLASSES) for fraction in (0.1, 0.5))
    assert set(few.tolist()) < set(more.tolist())
    assert few.tolist() != labelled_part(LABELS, 0.1, 4, CLASSES).tolist()
    assert few.tolist() == labelled_part(LABELS.clone(), 0.1, 3, CLASSES).tolist()


def test_images_of_a_class_are_chosen_uniformly() -> None:
    chosen = torch.stack(
        [torch.bincount(labelled_part(LABELS, 0.2, seed, CLASSES), minlength=160) for seed in range(500)]
    )
    share = chosen.float().mean(0)
    assert (share - 0.2).abs().max() < 5 * (0.2 * 0.8 / 500) ** 0.5


def test_all_labels_are_all_images() -> None:
    assert labelled_part(LABELS, 1.0, 0, CLASSES).tolist() == list(range(160))


def test_fewer_labels_than_classes_are_refused_with_the_numbers() -> None:
    with pytest.raises(
        ValueError, match=r"fraction of 0\.01 leaves 1 labels of 160 images for 3 classes, none for ant"
    ):
        labelled_part(LABELS, 0.01, 0, CLASSES)
    with pytest.raises(ValueError, match=r"label fraction is 1\.5"):
        labelled_part(LABELS, 1.5, 0, CLASSES)


def test_a_validation_part_has_a_tenth_of_each_class_and_one_at_least() -> None:
    chosen = labelled_part(LABELS, 0.5, 0, CLASSES)
    training, validation = validation_part(LABELS, chosen, 0, CLASSES)
    assert counts(validation) == [2, 5, 1]
    assert sorted([*training.tolist(), *validation.tolist()]) == chosen.tolist()
    with pytest.raises(ValueError, match="of 16 labels for 3 classes, cow has 1"):
        validation_part(LABELS, labelled_part(LABELS, 0.1, 0, CLASSES), 0, CLASSES)
