"""Average precision beside a slow plain loop, and beside pycocotools where it is installed."""

from typing import Any

import pytest
import torch

from models.attention.detection.average_precision import AREAS, AveragePrecision, Kind
from models.attention.detection.targets import Found, Objects

SIDE = 160
Picture = tuple[Found, Objects]


def random_boxes(count: int, generator: torch.Generator) -> torch.Tensor:
    corners = (torch.rand(count, 2, generator=generator) ** 2 * (SIDE - 2)).long()
    sizes = 2 + (torch.rand(count, 2, generator=generator) * 158).long()
    return torch.cat((corners, torch.minimum(corners + sizes, torch.tensor(SIDE))), 1)


def masks_in(boxes: torch.Tensor) -> torch.Tensor:
    """Each box without a corner, so that masks differ from boxes."""
    masks = torch.zeros(len(boxes), SIDE, SIDE, dtype=torch.bool)
    for mask, (left, upper, right, lower) in zip(masks, boxes.tolist(), strict=True):
        mask[upper:lower, left:right] = True
        mask[upper : (upper + lower) // 2, left : (left + right) // 2] = False
        mask[upper, right - 1] = True
    return masks


def random_picture(seed: int) -> Picture:
    generator = torch.Generator().manual_seed(seed)
    count = int(torch.randint(0, 6, (), generator=generator))
    boxes = random_boxes(count, generator)
    masks = masks_in(boxes)
    labels = torch.randint(1, 4, (count,), generator=generator)
    crowds = torch.rand(count, generator=generator) < 0.15
    objects = Objects(labels, boxes.float(), masks, masks.flatten(1).sum(1).float(), crowds)
    moved = (boxes.repeat(2, 1) + torch.randint(-3, 4, (2 * count, 4), generator=generator)).clamp(0, SIDE)
    moved[:, 2:] = torch.maximum(moved[:, 2:], moved[:, :2] + 1)
    guesses = torch.cat((moved, random_boxes(2, generator)))
    found_labels = torch.cat((labels.repeat(2), torch.randint(1, 4, (2,), generator=generator)))
    scores = torch.rand(len(guesses), generator=generator)
    return Found(found_labels, guesses.float(), masks_in(guesses), scores), objects


def overlap(kind: Kind, found: Any, place: int, objects: Any, other: int) -> float:
    if kind == "mask":
        one, two = found.masks[place], objects.masks[other]
        shared, area, union = (one & two).sum().item(), one.sum().item(), (one | two).sum().item()
    else:
        (a, b, c, d), (e, f, g, h) = found.boxes[place].tolist(), objects.boxes[other].tolist()
        shared = max(0, min(c, g) - max(a, e)) * max(0, min(d, h) - max(b, f))
        area = (c - a) * (d - b)
        union = area + (g - e) * (h - f) - shared
    return float(shared / (area if objects.crowds[other] else union))


def area_of(kind: Kind, found: Found, place: int) -> float:
    if kind == "mask":
        return float(found.masks[place].sum())
    left, upper, right, lower = found.boxes[place].tolist()
    return float((right - left) * (lower - upper))


Overlaps = dict[tuple[int, int, int], float]


def all_overlaps(kind: Kind, pictures: list[Picture]) -> Overlaps:
    return {
        (number, place, other): overlap(kind, found, place, objects, other)
        for number, (found, objects) in enumerate(pictures)
        for place in range(len(found.labels))
        for other in range(len(objects.labels))
    }


def plain_precision(
    kind: Kind, pictures: list[Picture], overlaps: Overlaps, label: int, threshold: float, size: Any
) -> float | None:
    least, most = AREAS[size]
    rows: list[tuple[float, str]] = []
    wanted = 0
    for number, (found, objects) in enumerate(pictures):
        mine = [i for i in range(len(objects.labels)) if objects.labels[i] == label]
        counts = {i: not objects.crowds[i] and least <= objects.areas[i] <= most for i in mine}
        wanted += sum(counts.values())
        guesses = [i for i in range(len(found.labels)) if found.labels[i] == label]
        taken: set[int] = set()
        for guess in sorted(guesses, key=lambda i: -float(found.scores[i])):
            verdict = "wrong" if least <= area_of(kind, found, guess) <= most else "ignored"
            for counting in (True, False):
                free = [i for i in mine if counts[i] == counting and (i not in taken or objects.crowds[i])]
                ranked = sorted((overlaps[number, guess, i], i) for i in free)
                if ranked and ranked[-1][0] >= threshold - 1e-7:
                    best = ranked[-1][1]
                    taken.add(best)
                    verdict = "right" if counting else "ignored"
                    break
            if verdict != "ignored":
                rows.append((float(found.scores[guess]), verdict))
    if not wanted:
        return None
    rows.sort(key=lambda row: -row[0])
    points = []
    hits = 0
    for place, (_, verdict) in enumerate(rows, 1):
        hits += verdict == "right"
        points.append((hits / wanted, hits / place))
    return sum(max((p for r, p in points if r >= step / 100 - 1e-12), default=0.0) for step in range(101)) / 101


def plain_mean(kind: Kind, pictures: list[Picture], overlaps: Overlaps, size: str, thresholds: list[float]) -> float:
    values = [plain_precision(kind, pictures, overlaps, label, one, size) for label in (1, 2, 3) for one in thresholds]
    known = [value for value in values if value is not None]
    return sum(known) / len(known)


def gathered(kind: Kind, pictures: list[Picture]) -> dict[str, float]:
    measure = AveragePrecision(kind)
    for found, objects in pictures:
        measure.add(found, objects)
    return measure.figures()


@pytest.mark.parametrize("kind", ["box", "mask"])
def test_figures_equal_those_of_a_plain_loop(kind: Kind) -> None:
    pictures = [random_picture(seed) for seed in range(10)]
    figures = gathered(kind, pictures)
    overlaps = all_overlaps(kind, pictures)
    every = [0.5 + 0.05 * step for step in range(10)]
    expected = {
        f"{kind}_AP": plain_mean(kind, pictures, overlaps, "all", every),
        f"{kind}_AP50": plain_mean(kind, pictures, overlaps, "all", [0.5]),
        f"{kind}_AP75": plain_mean(kind, pictures, overlaps, "all", [0.75]),
    }
    expected |= {
        f"{kind}_AP_{size}": plain_mean(kind, pictures, overlaps, size, every) for size in ("small", "medium", "large")
    }
    assert figures == pytest.approx(expected, abs=1e-6)
    assert 0.02 < figures[f"{kind}_AP"] < 0.98


def test_perfect_detections_have_precision_one_and_none_have_zero() -> None:
    _, objects = random_picture(3)
    objects = Objects(objects.labels, objects.boxes, objects.masks, objects.areas, torch.zeros_like(objects.crowds))
    scores = torch.linspace(0.9, 0.5, len(objects.labels))
    assert gathered("mask", [(Found(objects.labels, objects.boxes, objects.masks, scores), objects)])["mask_AP"] == 1
    nothing = Found(objects.labels[:0], objects.boxes[:0], objects.masks[:0], scores[:0])
    assert gathered("box", [(nothing, objects)])["box_AP"] == 0


def test_pictures_without_objects_add_wrong_detections_alone() -> None:
    _, objects = random_picture(3)
    objects = Objects(objects.labels, objects.boxes, objects.masks, objects.areas, torch.zeros_like(objects.crowds))
    right = Found(objects.labels, objects.boxes, objects.masks, torch.full((len(objects.labels),), 0.5))
    empty = Objects(*(getattr(objects, name)[:0] for name in ("labels", "boxes", "masks", "areas", "crowds")))
    wrong = Found(objects.labels, objects.boxes, objects.masks, torch.full((len(objects.labels),), 0.9))
    assert gathered("box", [(right, objects), (wrong, empty)])["box_AP"] < 1
    assert gathered("box", [(wrong, empty)]) == {}
