"""The losses of chapter 7 as loops over numbers, written from their formulas, and all of them by name."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.selfsup.losses.byol import byol_loss
from models.selfsup.losses.contrastive import nt_xent
from models.selfsup.losses.prototype import prototype_loss
from models.selfsup.losses.ridge import ridge_loss

Array = NDArray[np.float64]

TEMPERATURE, RIDGE = 0.3, 2.0

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "nt_xent": lambda one, other: nt_xent(torch.cat((one, other)), TEMPERATURE),
    "prototype": lambda one, other: prototype_loss(one, other, TEMPERATURE),
    "ridge": lambda one, other: ridge_loss(one, other, RIDGE, TEMPERATURE),
    "byol": lambda one, other: byol_loss(torch.cat((one, other)), torch.cat((one, other))),
}
"""The losses of support and query, one view each: (1, images, features)."""


def cosine(one: Array, other: Array) -> float:
    return float(np.sum(one * other) / np.sqrt(np.sum(one * one)) / np.sqrt(np.sum(other * other)))


def looped_nt_xent(views: Array, temperature: float) -> float:
    _, images, _ = views.shape
    places = [(view, image) for view in range(2) for image in range(images)]
    total = 0.0
    for view, image in places:
        positive = cosine(views[view, image], views[1 - view, image]) / temperature
        others = [place for place in places if place != (view, image)]
        scores = [cosine(views[view, image], views[place]) / temperature for place in others]
        total += np.log(np.sum(np.exp(scores))) - positive
    return total / len(places)


def looped_prototype(support: Array, query: Array, temperature: float) -> float:
    prototypes = [
        np.mean([view / np.linalg.norm(view) for view in support[:, image]], axis=0)
        for image in range(support.shape[1])
    ]
    losses = []
    for view in query:
        for label, features in enumerate(view):
            asked = features / np.linalg.norm(features)
            logits = np.array([-np.sum((asked - prototype) ** 2) / temperature for prototype in prototypes])
            losses.append(np.log(np.sum(np.exp(logits))) - logits[label])
    return float(np.mean(losses))


def looped_ridge(support: Array, query: Array, ridge: float, temperature: float) -> float:
    """By the normal equations of the weights, one class after another, with features divided by the root of t."""
    shots, images, features = support.shape
    rows = [vector / np.linalg.norm(vector) / np.sqrt(temperature) for view in support for vector in view]
    classes = [label for _ in range(shots) for label in range(images)]
    products = sum((np.outer(row, row) for row in rows), ridge * np.eye(features))
    weights = [
        np.linalg.inv(products)
        @ sum((row for row, label in zip(rows, classes, strict=True) if label == wanted), np.zeros(features))
        for wanted in range(images)
    ]
    losses = []
    for view in query:
        for label, vector in enumerate(view):
            logits = np.array([vector / np.linalg.norm(vector) / np.sqrt(temperature) @ weight for weight in weights])
            losses.append(np.log(np.sum(np.exp(logits))) - logits[label])
    return float(np.mean(losses))


def looped_byol(predictions: Array, targets: Array) -> float:
    total = 0.0
    for image in range(predictions.shape[1]):
        for view in range(2):
            total += 2 - 2 * cosine(predictions[view, image], targets[1 - view, image])
    return total / predictions.shape[1]
