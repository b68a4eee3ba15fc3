"""Keeps the results of finished steps, so that an interrupted job goes on where it stopped."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from models.training.files import write_text

_ROOT = Path(__file__).resolve().parent.parent


def kept(
    path: Path,
    packages: tuple[str, ...],
    inputs: dict[str, Any],
    compute: Callable[[], dict[str, Any]],
    files: tuple[Path, ...] = (),
) -> dict[str, Any]:
    """The record in `path` if it was made from the same inputs by the same code, else a new one from `compute`.

    packages: those of the project's packages whose code the record depends on. files: what `compute` leaves besides;
    if one is gone, the record is made anew, as it is if it cannot be read. Both `inputs` and the record are plain
    JSON values.
    """
    key = digest(packages, inputs)
    try:
        stored = json.loads(path.read_text())
        if stored["key"] == key and all(file.exists() for file in files):
            record: dict[str, Any] = stored["record"]
            return record
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    path.unlink(missing_ok=True)  # or an interrupted computation would leave it beside files that are not its own
    record = compute()
    write_text(path, json.dumps({"key": key, "record": record}, indent=2))
    return record


def digest(packages: tuple[str, ...], inputs: dict[str, Any]) -> str:
    """Changes whenever the inputs, or the source files of the packages, do."""
    text = json.dumps([inputs, *map(_code_digest, packages)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _code_digest(package: str) -> str:
    """Changes whenever a source file of the package does."""
    hashed = hashlib.sha256()
    for path in sorted((_ROOT / package).rglob("*")):
        if path.suffix in (".py", ".v", ".tsv"):
            hashed.update(path.read_bytes())
    return hashed.hexdigest()
