"""torchvision's operators of detection in plain torch, for where its binary does not fit the installed torch."""

import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.attention.detection.overlaps import box_overlaps
from models.torchvision_package import NAME, torchvision_package

_ALIGN = (
    "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor"
)
_library: Any = torch.library.Library(NAME, "FRAGMENT")  # type: ignore[no-untyped-call]


def provide_operators() -> None:
    """Lets torchvision's networks of detection run, by the operators below if its own are missing.

    Raises ValueError if torchvision is not installed.
    """
    package: Any = torchvision_package()
    if package.extension._has_ops():
        return
    _library.define(_ALIGN)
    _library.impl("nms", suppressed, "CompositeExplicitAutograd")
    _library.impl("roi_align", aligned_regions, "CompositeImplicitAutograd")
    for module in (package.extension, sys.modules[f"{NAME}.ops.roi_align"]):
        setattr(module, "_has_ops", lambda: True)  # noqa: B010 - not declared to mypy


def suppressed(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes (n, 4) that no better one overlaps by more than the threshold, best first: (kept,)."""
    order = scores.argsort(descending=True, stable=True)
    boxes = dets[order].float()
    covered = (box_overlaps(boxes, boxes) > iou_threshold).numpy(force=True)
    gone = np.zeros(len(order), dtype=bool)
    kept = []
    for place in range(len(order)):
        if not gone[place]:
            kept.append(place)
            gone |= covered[place]
    return order[torch.tensor(kept, dtype=torch.int64, device=order.device)]


def aligned_regions(
    input: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """Regions (n, 5) of maps, each by the number of its map and its edges: (n, channels, height, width).

    Names are torchvision's. Places are sampled bilinearly and averaged, which is a matrix for the rows times the map
    times one for the columns.
    """
    _, channels, height, width = input.shape
    edges = rois[:, 1:].float() * spatial_scale - (0.5 if aligned else 0.0)
    pooled = []
    for number, (left, upper, right, lower) in zip(rois[:, 0].long().tolist(), edges.tolist(), strict=True):
        rows = _weights(upper, lower, pooled_height, height, sampling_ratio, aligned).to(input)
        columns = _weights(left, right, pooled_width, width, sampling_ratio, aligned).to(input)
        pooled.append(rows @ input[number] @ columns.T)
    return (
        torch.stack(pooled) if pooled else input.new_zeros(0, channels, pooled_height, pooled_width) + input.sum() * 0
    )


def _weights(start: float, end: float, bins: int, size: int, sampling: int, aligned: bool) -> Tensor:
    """What each of `size` pixels adds to each bin between two places: (bins, size)."""
    length = end - start if aligned else max(end - start, 1.0)
    samples = sampling if sampling > 0 else max(1, -int(-length // bins))
    places = start + (torch.arange(bins * samples) + 0.5) * (length / (bins * samples))
    inside = (places >= -1) & (places <= size)
    places = places.clamp(0, size - 1)
    lower = places.floor().long()
    upper = (lower + 1).clamp(max=size - 1)
    share = places - lower
    weights = torch.zeros(bins * samples, size)
    weights.scatter_add_(1, lower[:, None], ((1 - share) * inside)[:, None])
    weights.scatter_add_(1, upper[:, None], (share * inside)[:, None])
    return weights.view(bins, samples, size).mean(1)
