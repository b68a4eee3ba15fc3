"""Batched augmentation against one image at a time."""

import torch

from models.data.transforms import Augmentation


def test_each_image_is_moved_within_bounds_by_a_shift_of_its_own() -> None:
    images = torch.randint(1, 256, (200, 2, 5, 6), dtype=torch.uint8)
    augmentation = Augmentation(shift=2)
    shifted = augmentation.apply(images, *augmentation.draw(200, torch.Generator().manual_seed(0)))
    seen = set()
    for image, moved in zip(images, shifted, strict=True):
        padded = torch.nn.functional.pad(image, (2, 2, 2, 2))
        places = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if torch.equal(padded[:, down : down + 5, right : right + 6], moved)
        ]
        assert len(places) == 1
        seen.add(places[0])
    assert len(seen) == 25


def test_about_half_of_the_images_are_mirrored() -> None:
    images = torch.randint(0, 256, (1000, 1, 3, 4), dtype=torch.uint8)
    augmentation = Augmentation(flip=True)
    flipped = augmentation.apply(images, *augmentation.draw(1000, torch.Generator().manual_seed(0)))
    mirrored = (flipped == images.flip(3)).flatten(1).all(1)
    kept = (flipped == images).flatten(1).all(1)
    assert (mirrored | kept).all()
    assert 400 < mirrored.sum() < 600
