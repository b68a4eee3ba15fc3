"""Keeps the results of finished steps, so that an interrupted job goes on where it stopped."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from models.files import write_text

_ROOT = Path(__file__).resolve().parents[2]


def kept(
    path: Path,
    packages: tuple[str, ...],
    inputs: dict[str, Any],
    compute: Callable[[], dict[str, Any]],
    files: tuple[Path, ...] = (),
    final: Callable[[dict[str, Any]], bool] = lambda record: True,
) -> dict[str, Any]:
    """The record in `path` if it was made from the same inputs by the same code, else a new one from `compute`.

    packages: those of the project's packages, or single files, whose code the record depends on. files: what
    `compute` leaves besides; if one is gone, the record is made anew, as it is if it cannot be read. final: whether a
    record is worth keeping; one that came of lack of time is not. Both `inputs` and the record are plain JSON values.
    """
    key = digest(packages, inputs)
    record = read_record(path, key)
    if record is not None and all(file.exists() for file in files):
        return record
    path.unlink(missing_ok=True)  # or an interrupted computation would leave it beside files that are not its own
    record = compute()
    if final(record):
        write_record(path, key, record)
    return record


def read_record(path: Path, key: str) -> dict[str, Any] | None:
    """The record in `path` if it was written with this key, else None."""
    try:
        stored = json.loads(path.read_text())
        record: dict[str, Any] | None = stored["record"] if stored["key"] == key else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return record


def write_record(path: Path, key: str, record: dict[str, Any]) -> None:
    """Writes a record, whole or not at all; `key` tells what it depends on (see `digest`)."""
    write_text(path, json.dumps({"key": key, "record": record}, indent=2))


def digest(packages: tuple[str, ...], inputs: dict[str, Any]) -> str:
    """Changes whenever the inputs, or the source files of the packages (or single files), do."""
    text = json.dumps([inputs, *map(_code_digest, packages)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _code_digest(package: str) -> str:
    """Changes whenever a source file of the package, or the file itself, does."""
    hashed = hashlib.sha256()
    source = _ROOT / package
    for path in [source] if source.is_file() else sorted(source.rglob("*")):
        if path.suffix in (".py", ".v", ".tsv"):
            hashed.update(path.read_bytes())
    return hashed.hexdigest()
