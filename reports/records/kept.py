"""Keeps the records of finished steps, so that an interrupted job resumes where it stopped."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from models.files import write_text
from models.json_files import read_object

_ROOT = Path(__file__).resolve().parents[2]
_CODE_SUFFIXES = (".py", ".v", ".tsv", ".c", ".h", ".inc", ".jinja")


def kept(
    path: Path,
    packages: tuple[str, ...],
    inputs: dict[str, Any],
    compute: Callable[[], dict[str, Any]],
    files: tuple[Path, ...] = (),
    final: Callable[[dict[str, Any]], bool] = lambda record: True,
) -> dict[str, Any]:
    """The record in `path` if it was made from the same inputs by the same code, else a new one from `compute`.

    packages: the packages or files of this project that the record depends on, as paths from its root. files: what
    `compute` leaves besides the record; if one is gone, the record is made again, as it is if it cannot be read.
    final: whether to keep a record; one that is the result of a time limit is not kept. `inputs` and the record are
    plain JSON values. Raises FileNotFoundError if one of `packages` holds no code.
    """
    key = digest(packages, inputs)
    record = read_record(path, key)
    if record is not None and all(file.exists() for file in files):
        return record
    path.unlink(missing_ok=True)  # an interrupted computation would leave it beside files of another one
    record = compute()
    if final(record):
        keep_record(path, key, record)
    return record


def read_record(path: Path, key: str) -> dict[str, Any] | None:
    """The record in `path` if it was kept under this key and is undamaged, else None."""
    try:
        stored = read_object(path)
        record: dict[str, Any] = stored["record"]
        return record if (stored["key"], stored["checksum"]) == (key, _checksum(record)) else None
    except (ValueError, KeyError):
        return None


def keep_record(path: Path, key: str, record: dict[str, Any]) -> None:
    """Writes a record under a key that changes with whatever the record depends on (see `digest`)."""
    write_text(path, json.dumps({"key": key, "checksum": _checksum(record), "record": record}, indent=2))


def digest(packages: tuple[str, ...], inputs: dict[str, Any]) -> str:
    """A key that changes with the inputs and with the code of the packages or files, including its place.

    Raises FileNotFoundError for a package or file that holds no code: its name is out of date.
    """
    text = json.dumps([inputs, *map(_code_digest, packages)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()


@cache
def _code_digest(package: str) -> str:
    source = _ROOT / package
    candidates = [source] if source.is_file() else sorted(source.rglob("*"))
    code = [path for path in candidates if path.suffix in _CODE_SUFFIXES]
    if not code:
        raise FileNotFoundError(f"{package} holds no code; records cannot depend on it")
    hashed = hashlib.sha256()
    for path in code:
        content = path.read_bytes()
        hashed.update(f"{path.relative_to(_ROOT).as_posix()} {len(content)}\n".encode())
        hashed.update(content)
    return hashed.hexdigest()
