"""Features of three classes in the plane of their linear discriminants (dissertation section 5.4.3)."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.measures import discriminant_plane

COLOURS = ("#3b6fb6", "#e08a2e", "#4d9a5b")
"""Of the classes."""

_CLASSES, _IMAGES = 3, 100


def draw_planes(features: Mapping[str, Tensor], data: FewShotData, split: str, seed: int = 0) -> Figure:
    """A panel for each network: up to a hundred images of each of three classes, which `seed` chooses.

    features: of all images of the split, (images, d), by the panels' titles. Raises ValueError for fewer classes.
    """
    classes = data.split(split)
    if len(classes.counts) < _CLASSES:
        raise ValueError(f"{data.name} has {len(classes.counts)} classes in {split}; a plane shows {_CLASSES}")
    chosen, labels = _chosen(classes, seed)
    figure = plt.figure(figsize=(4.5 * len(features), 4.4), layout="constrained")
    panels = figure.subplots(1, len(features), squeeze=False)[0]
    for axes, (title, found) in zip(panels, features.items(), strict=True):
        plane = discriminant_plane(found[chosen], labels)
        for label, colour in enumerate(COLOURS):
            points = plane[labels == label]
            axes.scatter(points[:, 0], points[:, 1], s=12, color=colour, alpha=0.7, linewidths=0)
        axes.set_title(title, fontsize=10)
        axes.set(xlabel="first discriminant", ylabel="second discriminant")
    note = f"{_CLASSES} {split} classes of {data.name}, {len(labels)} images; each plane is fitted to the images shown"
    if max(found.shape[1] for found in features.values()) >= len(labels):
        note += ".\nWith more dimensions than images, any classes would part"
    figure.supxlabel(note, fontsize=9)
    return figure


def _chosen(classes: ClassImages, seed: int) -> tuple[Tensor, Tensor]:
    """The images of the chosen classes, as indices, and their labels."""
    order = torch.randperm(len(classes.counts), generator=torch.Generator().manual_seed(seed))[:_CLASSES].tolist()
    images = [torch.arange(min(_IMAGES, classes.counts[one])) + int(classes.offsets[one]) for one in order]
    labels = [torch.full((len(part),), label) for label, part in enumerate(images)]
    return torch.cat(images), torch.cat(labels)
