"""Reads JSON files that users may have edited or damaged. Needs no torch."""

import json
import math
from pathlib import Path
from typing import Any, NoReturn


def read_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises ValueError, naming the file and its fault, if it is missing, no JSON, nested too deeply, no object, or holds
    a number that is not finite.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    try:
        return parse_object(text)
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error


def parse_object(text: str) -> dict[str, Any]:
    """The object in a JSON text. Raises ValueError, whose message goes on after the text's name."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"holds a {type(value).__name__} where an object belongs")
    return value


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a finite number")
