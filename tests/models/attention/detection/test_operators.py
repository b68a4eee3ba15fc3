"""Operators of detection in plain torch beside plain loops."""

import math

import torch

from models.attention.detection.operators import aligned_regions, suppressed


def overlap(one: list[float], two: list[float]) -> float:
    sides = [max(0.0, min(one[2 + i], two[2 + i]) - max(one[i], two[i])) for i in (0, 1)]
    shared = sides[0] * sides[1]
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, two)]
    return shared / (sum(areas) - shared)


def test_suppression_keeps_what_no_better_box_overlaps() -> None:
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(60, 2, generator=generator) * 30
    boxes = torch.cat((corners, corners + 2 + torch.rand(60, 2, generator=generator) * 20), 1)
    scores = torch.rand(60, generator=generator)
    kept: list[int] = []
    for place in scores.argsort(descending=True).tolist():
        if all(overlap(boxes[place].tolist(), boxes[one].tolist()) <= 0.5 for one in kept):
            kept.append(place)
    assert suppressed(boxes, scores, 0.5).tolist() == kept
    assert len(suppressed(boxes[:0], scores[:0], 0.5)) == 0


def sampled(picture: torch.Tensor, y: float, x: float) -> float:
    height, width = picture.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    upper, left = int(y), int(x)
    lower, right = min(upper + 1, height - 1), min(left + 1, width - 1)
    down, across = y - upper, x - left
    top = picture[upper, left] * (1 - across) + picture[upper, right] * across
    bottom = picture[lower, left] * (1 - across) + picture[lower, right] * across
    return float(top * (1 - down) + bottom * down)


def test_regions_are_means_of_bilinear_samples() -> None:
    generator = torch.Generator().manual_seed(1)
    maps = torch.randn(2, 3, 9, 11, generator=generator)
    rois = torch.tensor([[0, 1.5, 2, 30, 20], [1, -6, -4, 50, 45], [1, 8, 8, 8.4, 8.2]])
    for samples, aligned in ((2, False), (-1, False), (3, True)):
        found = aligned_regions(maps, rois, 0.25, 2, 3, samples, aligned)
        for place, (number, *edges) in enumerate(rois.tolist()):
            x1, y1, x2, y2 = (0.25 * edge - 0.5 * aligned for edge in edges)
            width, height = ((x2 - x1), (y2 - y1)) if aligned else (max(x2 - x1, 1), max(y2 - y1, 1))
            down = samples if samples > 0 else math.ceil(height / 2)
            across = samples if samples > 0 else math.ceil(width / 3)
            for row in range(2):
                for column in range(3):
                    ys = [y1 + height / 2 * (row + (i + 0.5) / down) for i in range(down)]
                    xs = [x1 + width / 3 * (column + (i + 0.5) / across) for i in range(across)]
                    values = [sampled(maps[int(number), 1], y, x) for y in ys for x in xs]
                    expected = sum(values) / len(values)
                    assert abs(found[place, 1, row, column].item() - expected) < 1e-5
    assert aligned_regions(maps, rois[:0], 0.25, 2, 3, 2, False).shape == (0, 3, 2, 3)


def test_regions_have_gradients() -> None:
    maps = torch.randn(1, 1, 4, 5, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[0, 0.0, 1, 4, 3]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda one: aligned_regions(one, rois, 1.0, 2, 2, 2, False), maps)
