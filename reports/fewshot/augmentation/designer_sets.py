"""Drawings of some designers to train on, those of others and of other categories to test on."""

from pathlib import Path

import numpy as np
import torch

from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.drawings import PACKS, read_drawings
from models.fewshot.reduced import reduced, with_chosen_images

DESIGNERS = ("twemoji", "noto", "openmoji")
"""The three who drew every emoji."""

_TRAINED = 0.75  # of the classes of the training categories
_FEWEST_IMAGES = 6  # 5 shots and a query


def designer_sets(path: Path, seed: int, side: int | None) -> tuple[FewShotData, FewShotData]:
    """A data set to train on, whose test classes are drawn by other designers, and one of other categories.

    Training is on three quarters of the classes of the training categories, drawn by `DESIGNERS`. The others of these
    categories, drawn by all others, are the test classes of the first set; classes of categories that are not trained
    on, drawn by all others, are those of the second. Classes with fewer than six such drawings are left out. seed:
    chooses categories and classes. side: of the images in pixels; None for their own.

    Raises ValueError as `read_drawings`, and if no class is left.
    """
    whole = reduced(read_drawings(path, seed, "category"), None, side)
    classes = whole.split("train")
    order = torch.randperm(len(classes.counts), generator=torch.Generator().manual_seed(seed)).tolist()
    chosen = set(order[: round(_TRAINED * len(order))])
    held_out = classes.select([index not in chosen for index in range(len(order))])
    others = tuple(name for name in PACKS if name not in DESIGNERS)
    try:
        train = _drawn_by(classes.select([index in chosen for index in range(len(order))]), DESIGNERS, 1)
        first, second = (_drawn_by(one, others, _FEWEST_IMAGES) for one in (held_out, whole.split("test")))
    except ValueError as error:
        raise ValueError(
            f"{path} has no class with {_FEWEST_IMAGES} drawings by {', '.join(others)}; Table 6.7 needs some in each "
            "part"
        ) from error
    return (
        FewShotData(f"drawings of other designers, split {seed}", {"train": train, "test": first}),
        FewShotData(f"drawings of other categories, split {seed}", {"train": train, "test": second}),
    )


def _drawn_by(classes: ClassImages, designers: tuple[str, ...], fewest: int) -> ClassImages:
    """The images of some designers, of classes with as many as `fewest`."""
    by_them = np.isin(np.asarray(classes.origins), designers)
    labels = np.arange(len(classes.counts)).repeat(classes.counts)
    enough = np.bincount(labels[by_them], minlength=len(classes.counts)) >= fewest
    kept = classes.select(enough.tolist())
    return with_chosen_images(kept, np.isin(np.asarray(kept.origins), designers))
