"""The npz file of an integer network: its arrays, and a description of its parts in JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.files import write_arrays
from models.integer_network.arrays import read_arrays
from models.integer_network.core import UNFIT, first_line
from models.integer_network.float_operations import FLOAT_OPERATIONS, FloatOperation
from models.integer_network.nodes import NODES, Node
from models.json_files import parse_object
from models.quantization.accumulators import Accumulator

VERSION = 2
"""Of the format. In version 1, a network had a float stem and a float head."""

READ_VERSIONS = (1, 2)

_Arrays = dict[str, NDArray[Any]]
_Item = TypeVar("_Item")
_DESCRIPTION = "description"


def write_parts(path: Path, facts: Mapping[str, Any], **parts: Sequence[Node | FloatOperation]) -> None:
    """Writes facts about a network, as JSON values, and its `stem`, `core` and `head` to a compressed npz file."""
    arrays: _Arrays = {}
    description = {
        "version": VERSION,
        **facts,
        **{
            part: [_describe(item, f"{part}.{index}", arrays) for index, item in enumerate(items)]
            for part, items in parts.items()
        },
    }
    write_arrays(path, {**arrays, _DESCRIPTION: np.array(json.dumps(description))})


def read_parts(path: Path) -> dict[str, Any]:
    """What a file holds, by name, as IntegerGraph takes it; the parts have yet to be checked against each other.

    Raises ValueError, naming the file, if it is damaged, foreign or of another version, or if a part refuses a value.
    """
    arrays = read_arrays(path)
    try:
        description = parse_object(arrays.pop(_DESCRIPTION).item())
        version = description.pop("version")
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not an exported network") from error
    if version not in READ_VERSIONS:
        raise ValueError(f"{path} has format version {version}; this program reads versions 1 to {VERSION}")
    with naming(path):
        return {
            "image_shape": tuple(description["image_shape"]),
            "white": description["white"] if version > 1 else None,
            "classes": _tuple(description["classes"]) if version > 1 else None,
            "stem": tuple(_build(item, FLOAT_OPERATIONS, arrays) for item in description["stem"]),
            "core": tuple(_build(item, NODES, arrays) for item in description["core"]),
            "head": tuple(_build(item, FLOAT_OPERATIONS, arrays) for item in description["head"]),
        }


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turns whatever values of a wrong kind or shape raise into a ValueError of one line that names the file."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{path} lacks {error.args[0]!r}, or it is unknown") from error
    except UNFIT as error:
        raise ValueError(f"{path}: {first_line(error)}") from error


def _tuple(items: list[Any] | None) -> tuple[Any, ...] | None:
    return None if items is None else tuple(items)


def _describe(item: Node | FloatOperation, key: str, arrays: _Arrays) -> dict[str, Any]:
    """An item as JSON. Its arrays are added to `arrays` and stand in the JSON as their keys there."""
    description: dict[str, Any] = {"kind": type(item).__name__}
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, np.ndarray):
            arrays[f"{key}.{field.name}"] = value
            value = {"array": f"{key}.{field.name}"}
        elif isinstance(value, Accumulator):
            value = {"accumulator": asdict(value)}
        description[field.name] = value
    return description


def _build(description: dict[str, Any], kinds: Mapping[str, type[_Item]], arrays: _Arrays) -> _Item:
    values = dict(description)
    kind = kinds[values.pop("kind")]
    for name, value in values.items():
        if isinstance(value, dict) and "array" in value:
            values[name] = arrays[value["array"]]
        elif isinstance(value, dict):
            values[name] = Accumulator(**value["accumulator"])
        elif isinstance(value, list):
            values[name] = tuple(value)
    return kind(**values)
