"""Data sets of classes: what they refuse, their digests, their normalisation."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.fewshot.class_images import ClassImages, FewShotData
from tests.support.fewshot import random_classes, random_data


def test_images_are_sorted_by_class() -> None:
    images = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1)
    classes = ClassImages.from_labels(images, [7, 3, 7, 3, 7], {7: "seven", 3: "three"})
    assert classes.names == ("three", "seven")
    assert classes.counts == (2, 3)
    assert classes.images.flatten().tolist() == [1, 3, 0, 2, 4]
    assert classes.labels.tolist() == [0, 0, 1, 1, 1]
    assert classes.offsets.tolist() == [0, 2]


def test_chosen_classes_keep_what_is_known_of_them() -> None:
    split = random_classes("a", (2, 3, 1), groups=("x", "y", "x"))
    whole = replace(split, origins=tuple("abcdef"), turns=(0, 1, 0))
    chosen = whole.select([False, True, True])
    assert (chosen.counts, chosen.names, chosen.groups) == ((3, 1), ("a1", "a2"), ("y", "x"))
    assert (chosen.origins, chosen.turns, chosen.is_turned) == (("c", "d", "e", "f"), (1, 0), (True, False))
    assert split.is_turned == (False, False, False)
    with pytest.raises(ValueError, match="there are 2 turns for 3 classes"):
        replace(split, turns=(0, 1))


def test_normalisation_is_that_of_the_training_classes() -> None:
    data = random_data()
    pixels = data.splits["train"].images.numpy().astype(np.float64)
    assert np.allclose(data.mean, pixels.mean((0, 2, 3)))
    assert np.allclose(data.std, pixels.std((0, 2, 3)))


def test_the_digest_depends_on_pixels_names_groups_and_splits_but_not_on_the_order_of_images() -> None:
    data = random_data()
    train = data.splits["train"]
    order = torch.arange(len(train.images)).view(-1, 20).flip(1).flatten()

    def digest_with(**changed: object) -> str:
        return FewShotData("x", dict(data.splits) | {"train": replace(train, **changed)}).digest  # type: ignore[arg-type]

    assert digest_with(images=train.images[order]) == data.digest
    assert digest_with(images=train.images ^ 1) != data.digest
    assert digest_with(names=("other", *train.names[1:])) != data.digest
    assert digest_with(groups=("g",) * 7) != data.digest
    assert replace(data, splits={name: data.splits[name] for name in ("train", "test")}).digest != data.digest


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": random_classes("a", (2, 2))}, "made-up lacks the split test"),
        (
            {"train": random_classes("a", (2, 2)), "test": random_classes("b", (2,), size=5)},
            r"images of unequal size \(channels, height, width\): train \(3, 4, 4\), test \(3, 5, 5\)",
        ),
        (
            {
                "train": random_classes("a", (2, 2)),
                "test": replace(random_classes("b", (2, 2)), names=("a1", "b")),
            },
            "made-up: class a1 is in train and in test",
        ),
        (
            {
                "train": random_classes("a", (2, 2)),
                "test": replace(random_classes("a", (2, 2)), names=("c0", "c1")),
            },
            "made-up: classes a0 and c0 have equal images",
        ),
        (
            {
                "train": ClassImages(torch.full((2, 1, 2, 2), 9, dtype=torch.uint8), (2,), ("grey",)),
                "test": ClassImages(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), (2,), ("black",)),
            },
            "made-up cannot be normalised: channel 0 has one value in all training images",
        ),
    ],
)
def test_faults_of_a_data_set_are_named(splits: dict[str, ClassImages], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FewShotData("made-up", splits)


@pytest.mark.parametrize(
    ("images", "counts", "names", "message"),
    [
        (torch.zeros(3, 1, 2, 2), (3,), ("a",), "images are torch.float32 of shape"),
        (torch.zeros(3, 1, 2, 2, dtype=torch.uint8), (2,), ("a",), "there are 3 images, 2 by class, and 1 names"),
        (torch.zeros(3, 1, 2, 2, dtype=torch.uint8), (3, 0), ("a", "b"), "class b has no images"),
        (torch.zeros(3, 1, 2, 2, dtype=torch.uint8), (1, 2), ("a", "a"), "two classes are called a"),
    ],
)
def test_classes_that_do_not_fit_their_images_are_refused(
    images: torch.Tensor, counts: tuple[int, ...], names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ClassImages(images, counts, names)
