"""Average precision of boxes and masks, as COCO defines it."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from models.attention.detection.matching import THRESHOLDS, Bools, Floats, Matches, match
from models.attention.detection.overlaps import box_overlaps, mask_overlaps
from models.attention.detection.targets import Found, Objects

Kind = Literal["box", "mask"]
Size = Literal["all", "small", "medium", "large"]

AREAS: Mapping[Size, tuple[float, float]] = {
    "all": (0, 1e10),
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e10),
}
"""Areas of objects, in pixels, of which precision is also measured alone; both ends belong to a range."""

MOST_DETECTIONS = 100
"""Detections of a category in a picture that count, the best."""

_RECALLS = np.linspace(0, 1, 101)
_OVERLAPS: Mapping[Kind, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"box": box_overlaps, "mask": mask_overlaps}


class AveragePrecision:
    """Gathers detections and objects, picture by picture; no mask is kept.

    kind: whether boxes or masks have to overlap.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._matches: dict[tuple[Size, int], list[Matches]] = defaultdict(list)

    def add(self, found: Found, objects: Objects) -> None:
        """Adds a picture: what is found in it, and what is there."""
        for label in sorted({*found.labels.tolist(), *objects.labels.tolist()}):
            self._add_category(label, found, objects)

    def figures(self) -> dict[str, float]:
        """The mean over categories, and overlaps of 0.5 to 0.95: `AP`; at one overlap: `AP50`, `AP75`.

        `AP_small`, `AP_medium` and `AP_large` are of objects of such areas. Names start with the kind. Categories
        without an object are left out; a figure without any category is left out, too.
        """
        figures = {}
        for size in AREAS:
            by_category = [
                _precisions(matches)
                for (of_size, _), matches in sorted(self._matches.items())
                if of_size == size and any(one.wanted for one in matches)
            ]
            if not by_category:
                continue
            mean = np.mean(by_category, axis=0)
            figures[f"{self.kind}_AP" if size == "all" else f"{self.kind}_AP_{size}"] = float(mean.mean())
            if size == "all":
                figures |= {f"{self.kind}_AP{percent}": float(mean[_row(percent)]) for percent in (50, 75)}
        return figures

    def _add_category(self, label: int, found: Found, objects: Objects) -> None:
        order = torch.where(found.labels == label, found.scores, -torch.inf).argsort(descending=True, stable=True)
        order = order[: min(int((found.labels == label).sum()), MOST_DETECTIONS)]
        mine = objects.labels == label
        values, others = (getattr(one, "boxes" if self.kind == "box" else "masks") for one in (found, objects))
        crowds = objects.crowds[mine]
        overlaps = _OVERLAPS[self.kind](values[order], others[mine], crowds).double().numpy(force=True)
        areas, sizes = objects.areas[mine].numpy(force=True), self._areas(values[order])
        scores, groups = found.scores[order].double().numpy(force=True), crowds.numpy(force=True)
        for size, (least, most) in AREAS.items():
            left_out = groups | (areas < least) | (areas > most)
            outside = (sizes < least) | (sizes > most)
            self._matches[size, label].append(match(scores, overlaps, left_out, groups, outside))

    def _areas(self, values: Tensor) -> Floats:
        areas = (values[:, 2:] - values[:, :2]).prod(1) if self.kind == "box" else values.flatten(1).sum(1)
        found: Floats = areas.double().numpy(force=True)
        return found


def _precisions(matches: list[Matches]) -> Floats:
    """The average precision of a category at each threshold: (thresholds,)."""
    order = np.argsort(-np.concatenate([one.scores for one in matches]), kind="stable")
    right, ignored = (
        np.concatenate([getattr(one, name) for one in matches], axis=1)[:, order] for name in ("right", "ignored")
    )
    wanted = sum(one.wanted for one in matches)
    return np.array([_mean_precision(row[~left], wanted) for row, left in zip(right, ignored, strict=True)])


def _mean_precision(right: Bools, wanted: int) -> float:
    """The mean over 101 recalls of the best precision at such a recall or a higher one."""
    hits = right.cumsum()
    recall, precision = hits / wanted, hits / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.append(best, 0.0)[places].mean())


def _row(percent: int) -> int:
    return int(np.abs(THRESHOLDS - percent / 100).argmin())
