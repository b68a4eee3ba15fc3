"""Small few-shot data sets of random images."""

import torch

from models.fewshot.class_images import ClassImages, FewShotData


def random_classes(name: str, counts: tuple[int, ...], *, groups: tuple[str, ...] = (), size: int = 4) -> ClassImages:
    """Classes NAME0, NAME1 ... of random colour images."""
    generator = torch.Generator().manual_seed(len(name) + sum(map(ord, name)))
    images = torch.randint(0, 256, (sum(counts), 3, size, size), dtype=torch.uint8, generator=generator)
    return ClassImages(images, counts, tuple(f"{name}{index}" for index in range(len(counts))), groups)


def random_data(classes: int = 7, images: int = 20, *, groups: tuple[str, ...] = ()) -> FewShotData:
    """A data set with as many classes in each split."""
    counts = (images,) * classes
    splits = {split: random_classes(split, counts, groups=groups) for split in ("train", "val", "test")}
    return FewShotData("random images", splits)
