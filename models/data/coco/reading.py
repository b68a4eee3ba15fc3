"""Reads files of COCO's layout."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from models.data.coco.objects import CocoObject, CocoPicture, CocoPictures, Outline
from models.data.coco.run_lengths import check_counts, counts_from_text
from models.json_files import read_object

_CORNER_VALUES = 6  # of a triangle
_LARGEST = 1e12
_Value = TypeVar("_Value")


def read_coco(path: Path) -> CocoPictures:
    """The pictures and objects in a file such as COCO's `instances_train2017.json`.

    Polygons, run lengths and their texts are taken; objects without a `segmentation` are refused, as masks train on
    them. Boxes are cut at the picture's edges. Pictures stay in the order of the file.

    Raises ValueError, naming the file and the entry, if an entry lacks something or does not fit: a box without area,
    a category or picture that the file does not list, a mask of another size.
    """
    content = read_object(path)
    names = _unique(path, "category", _entries(path, content, "categories"), _category)
    pictures = _unique(path, "image", _entries(path, content, "images"), _picture)
    labels = {number: label for label, number in enumerate(sorted(names), 1)}
    objects: dict[int, list[CocoObject]] = {number: [] for number in pictures}
    for entry in _entries(path, content, "annotations"):
        place = f"{path}: annotation {entry.get('id')}"
        picture = pictures.get(_value(place, entry, "image_id", int))
        if picture is None:
            raise ValueError(f"{place} is of image {entry['image_id']}, which the file does not list")
        objects[picture.number].append(_object(place, entry, picture, labels))
    if not pictures:
        raise ValueError(f"{path} lists no images")
    return CocoPictures(
        tuple(names[number] for number in sorted(names)),
        tuple(sorted(names)),
        tuple(
            CocoPicture(one.number, one.file, one.height, one.width, tuple(objects[one.number]))
            for one in pictures.values()
        ),
    )


def _object(place: str, entry: dict[str, Any], picture: CocoPicture, labels: dict[int, int]) -> CocoObject:
    category = _value(place, entry, "category_id", int)
    if category not in labels:
        raise ValueError(f"{place} is of category {category}; the file lists {_listed(labels)}")
    outline = _outline(place, entry.get("segmentation"), picture)
    area = entry.get("area")
    if not _is_number(area):
        area = float(outline.mask(picture.height, picture.width).sum())
    return CocoObject(
        labels[category], _box(place, entry, picture), outline, float(area), bool(entry.get("iscrowd", 0))
    )


def _box(place: str, entry: dict[str, Any], picture: CocoPicture) -> tuple[float, float, float, float]:
    """Edges, from left, upper, width and height."""
    values = _value(place, entry, "bbox", list)
    if len(values) != 4 or not all(_is_number(one) for one in values):
        raise ValueError(f"{place} has the box {values}; x, y, width and height are needed")
    left, upper, width, height = (float(one) for one in values)
    edges = max(left, 0.0), max(upper, 0.0), min(left + width, picture.width), min(upper + height, picture.height)
    if not (width > 0 and height > 0):
        raise ValueError(f"{place} has a box without area: width {width:g}, height {height:g}")
    if not (edges[0] < edges[2] and edges[1] < edges[3]):
        raise ValueError(
            f"{place} has the box {values}, which lies outside its picture of {picture.width} x {picture.height}"
        )
    return edges


def _outline(place: str, segmentation: object, picture: CocoPicture) -> Outline:
    try:
        if isinstance(segmentation, dict):
            return _run_lengths(segmentation, picture)
        if isinstance(segmentation, list) and segmentation:
            return Outline(polygons=[_polygon(one) for one in segmentation])
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
    raise ValueError(f"{place} has no mask: its segmentation is {segmentation!r}; allowed are polygons and run lengths")


def _polygon(values: object) -> list[float]:
    if not isinstance(values, list) or len(values) % 2 or not all(_is_number(one) for one in values):
        raise ValueError("a polygon is no list of x and y in turn")
    if len(values) < _CORNER_VALUES:
        raise ValueError(f"a polygon has {len(values) // 2} corners; at least 3 are needed")
    return [float(one) for one in values]


def _run_lengths(segmentation: dict[str, Any], picture: CocoPicture) -> Outline:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size != [picture.height, picture.width]:
        raise ValueError(f"its mask has the size {size}, its picture [{picture.height}, {picture.width}]")
    if isinstance(counts, str):
        counts = counts_from_text(counts)
    if not isinstance(counts, list):
        raise ValueError(f"its run lengths are {counts!r}; allowed are a list and a text")
    check_counts(counts, picture.height, picture.width)
    return Outline(counts=counts)


def _picture(place: str, entry: dict[str, Any]) -> CocoPicture:
    height, width = (_value(place, entry, name, int) for name in ("height", "width"))
    if min(height, width) < 1:
        raise ValueError(f"{place} has {width} x {height} pixels")
    return CocoPicture(entry["id"], _value(place, entry, "file_name", str), height, width)


def _category(place: str, entry: dict[str, Any]) -> str:
    return _value(place, entry, "name", str)


def _entries(path: Path, content: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    entries = content.get(name)
    if not isinstance(entries, list):
        raise ValueError(f"{path} has no list {name!r}")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ValueError(f"{path}: entry {number} of {name!r} is no object")
        yield entry


def _unique(
    path: Path, kind: str, entries: Iterator[dict[str, Any]], read: Callable[[str, dict[str, Any]], _Value]
) -> dict[int, _Value]:
    """What is read of each entry, by its id."""
    found: dict[int, _Value] = {}
    for entry in entries:
        number = _value(f"{path}: a {kind}", entry, "id", int)
        if number in found:
            raise ValueError(f"{path} lists {kind} {number} twice")
        found[number] = read(f"{path}: {kind} {number}", entry)
    return found


def _value(place: str, entry: dict[str, Any], name: str, kind: type[_Value]) -> _Value:
    value = entry.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{place} has the {name} {value!r}; it has to be of type {kind.__name__}")
    return value


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number that pixels can have; JSON files may hold integers beyond all floats."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _listed(labels: dict[int, int]) -> str:
    return f"{len(labels)} categories, " + ", ".join(str(number) for number in list(labels)[:10])
