"""Writes pictures with objects in COCO's layout."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from models.data.coco.layout import ANNOTATIONS, PREFIX
from models.data.coco.run_lengths import counts_of, text_of
from models.files import write_text, write_with


@dataclass(frozen=True)
class DrawnObject:
    """An object. label: from 1 on. mask: (height, width), bool. box: left, upper, right and lower edge, in pixels."""

    label: int
    mask: Tensor
    box: tuple[int, int, int, int]


Picture = tuple[Tensor, Sequence[DrawnObject]]
"""Pixels (3, height, width) as uint8, and the objects."""


def write_split(folder: Path, part: str, categories: Sequence[str], pictures: Iterable[Picture]) -> None:
    """Writes a part of a data set: PART/*.png and annotations/instances_PART.json, the latter last.

    categories: names, by label from 1 on, which are the ids in the file as well. Masks are texts of run lengths.
    Raises OSError if a file cannot be written.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (pixels, objects) in enumerate(pictures):
        _, height, width = pixels.shape
        name = f"{number:06}.png"
        picture = Image.fromarray(pixels.permute(1, 2, 0).numpy())
        write_with(folder / part / name, picture.save)
        images.append({"id": number, "file_name": name, "height": height, "width": width})
        annotations += [
            {"id": len(annotations) + place, "image_id": number, **_annotation(one)}
            for place, one in enumerate(objects, 1)
        ]
    listed = [{"id": label, "name": name} for label, name in enumerate(categories, 1)]
    content = {"images": images, "annotations": annotations, "categories": listed}
    write_text(folder / ANNOTATIONS / f"{PREFIX}{part}.json", json.dumps(content))


def _annotation(drawn: DrawnObject) -> dict[str, Any]:
    left, upper, right, lower = drawn.box
    mask = drawn.mask.numpy()
    return {
        "category_id": drawn.label,
        "bbox": [left, upper, right - left, lower - upper],
        "segmentation": {"size": list(mask.shape), "counts": text_of(counts_of(mask))},
        "area": int(mask.sum()),
        "iscrowd": 0,
    }
