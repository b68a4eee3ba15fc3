"""How much boxes, and masks, overlap."""

import torch
from torch import Tensor


def box_overlaps(boxes: Tensor, others: Tensor, whole: Tensor | None = None) -> Tensor:
    """Intersection over union of boxes (n, 4) and (m, 4): (n, m).

    whole: (m,), bool; for these of the others, as crowds are, the intersection is over the box's own area.
    """
    upper_left = torch.maximum(boxes[:, None, :2], others[:, :2])
    lower_right = torch.minimum(boxes[:, None, 2:], others[:, 2:])
    shared = (lower_right - upper_left).clamp(min=0).prod(2)
    return _share(shared, _areas(boxes), _areas(others), whole)


def mask_overlaps(masks: Tensor, others: Tensor, whole: Tensor | None = None) -> Tensor:
    """The same for masks (n, height, width) and (m, height, width), bool."""
    flat, other = (one.flatten(1).float() for one in (masks, others))
    return _share(flat @ other.T, flat.sum(1), other.sum(1), whole)


def _areas(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).prod(1)


def _share(shared: Tensor, areas: Tensor, others: Tensor, whole: Tensor | None) -> Tensor:
    total = areas[:, None] + others - shared
    if whole is not None:
        total = torch.where(whole, areas[:, None], total)
    return torch.where(total > 0, shared / total, 0.0)
