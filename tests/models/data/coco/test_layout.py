"""Data sets in COCO's layout, written, read again, and damaged in many ways."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.data.coco.layout import read_split
from models.data.coco.reading import read_coco
from models.data.coco.run_lengths import counts_of, text_of
from models.data.coco.writing import DrawnObject, write_split

HEIGHT, WIDTH = 6, 8


def content(**changes: Any) -> dict[str, Any]:
    """A file with one picture, which has one object of category 7; `changes` are of its annotation."""
    annotation = {
        "id": 5,
        "image_id": 3,
        "category_id": 7,
        "bbox": [1, 1, 3, 2],
        "segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]],
        "area": 6,
        "iscrowd": 0,
    }
    return {
        "images": [{"id": 3, "file_name": "a.png", "height": HEIGHT, "width": WIDTH}],
        "categories": [{"id": 9, "name": "dog"}, {"id": 7, "name": "cat"}],
        "annotations": [annotation | changes],
    }


def written(folder: Path, listed: dict[str, Any]) -> Path:
    path = folder / "instances_train.json"
    path.write_text(json.dumps(listed), encoding="utf-8")
    return path


def mask() -> np.ndarray:
    found = np.zeros((HEIGHT, WIDTH), dtype=bool)
    found[1:3, 1:4] = True
    return found


@pytest.mark.parametrize(
    "segmentation",
    [
        [[1, 1, 4, 1, 4, 3, 1, 3]],
        {"size": [HEIGHT, WIDTH], "counts": counts_of(mask())},
        {"size": [HEIGHT, WIDTH], "counts": text_of(counts_of(mask()))},
    ],
    ids=["polygon", "run lengths", "text"],
)
def test_all_forms_of_masks_are_read(tmp_path: Path, segmentation: object) -> None:
    found = read_coco(written(tmp_path, content(segmentation=segmentation)))
    assert (found.categories, found.category_ids) == (("cat", "dog"), (7, 9))
    (picture,) = found.pictures
    (one,) = picture.objects
    assert (one.label, one.box, one.area, one.crowd) == (1, (1, 1, 4, 3), 6, False)
    assert (picture.masks() == mask()).all()


def test_an_area_left_out_is_that_of_the_mask_and_boxes_end_with_the_picture(tmp_path: Path) -> None:
    found = read_coco(written(tmp_path, content(area=None, bbox=[-2, -1, 100, 3], iscrowd=1)))
    (one,) = found.pictures[0].objects
    assert (one.area, one.box, one.crowd) == (6, (0, 0, WIDTH, 2), True)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"bbox": [1, 1, 0, 2]}, "annotation 5 has a box without area: width 0, height 2"),
        ({"bbox": [1, 1, 3, -2]}, "without area: width 3, height -2"),
        ({"bbox": [9, 1, 3, 2]}, "outside its picture of 8 x 6"),
        ({"bbox": [1, 1, 3]}, "width and height are needed"),
        ({"bbox": None}, "bbox None"),
        ({"bbox": [1, 1, 3, 10**400]}, "width and height are needed"),
        ({"segmentation": [[1, 1, 4, 10**400, 4, 3]]}, "x and y in turn"),
        ({"category_id": 8}, "category 8; the file lists 2 categories, 7, 9"),
        ({"image_id": 4}, "image 4, which the file does not list"),
        ({"segmentation": None}, "annotation 5 has no mask"),
        ({"segmentation": []}, "annotation 5 has no mask"),
        ({"segmentation": [[1, 1, 2, 2]]}, "2 corners; at least 3"),
        ({"segmentation": [[1, 1, 2, 2, 3, 3, 4]]}, "x and y in turn"),
        ({"segmentation": {"size": [8, 6], "counts": [48]}}, r"the size \[8, 6\], its picture \[6, 8\]"),
        ({"segmentation": {"size": [6, 8], "counts": [47]}}, "add up to 47 pixels"),
        ({"segmentation": {"size": [6, 8], "counts": "!"}}, "hold '!'"),
        ({"segmentation": {"size": [6, 8]}}, "its run lengths are None"),
    ],
)
def test_damaged_objects_are_named(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        read_coco(written(tmp_path, content(**changes)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"images": None}, "no list 'images'"),
        ({"images": []}, "image 3, which the file does not list"),
        ({"images": [], "annotations": []}, "lists no images"),
        ({"images": [{"id": 3, "file_name": "a.png", "height": 0, "width": 8}]}, "image 3 has 8 x 0 pixels"),
        ({"images": [{"id": 3, "height": 2, "width": 8}]}, "image 3 has the file_name None"),
        ({"categories": [{"id": 7, "name": "a"}, {"id": 7, "name": "b"}]}, "lists category 7 twice"),
        ({"annotations": [3]}, "entry 0 of 'annotations' is no object"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_coco(written(tmp_path, content() | changes))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    pixels = torch.randint(256, (3, HEIGHT, WIDTH), dtype=torch.uint8)
    drawn = DrawnObject(2, torch.from_numpy(mask()), (1, 1, 4, 3))
    write_split(tmp_path, "train", ("cat", "dog"), [(pixels, [drawn]), (pixels, [])])
    split = read_split(tmp_path, "train")
    assert split.listed.categories == ("cat", "dog")
    assert [len(one.objects) for one in split.pictures] == [1, 0]
    assert split.pictures[0].objects[0].box == (1, 1, 4, 3)
    assert (split.pictures[0].masks()[0] == mask()).all()
    assert split.pictures[1].masks().shape == (0, HEIGHT, WIDTH)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs one file instances_train\*\.json; found are none"):
        read_split(tmp_path, "train")
    (tmp_path / "annotations").mkdir()
    written(tmp_path / "annotations", content())
    with pytest.raises(ValueError, match="train: no such folder"):
        read_split(tmp_path, "train")
    (tmp_path / "train").mkdir()
    with pytest.raises(ValueError, match=r"a\.png: no such file; instances_train\.json lists it as image 3"):
        read_split(tmp_path, "train")
