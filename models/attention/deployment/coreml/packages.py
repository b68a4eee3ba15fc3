"""Core ML packages, which are folders, put in place whole or not at all."""

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

_SUFFIX = ".mlpackage"


def check_package_path(path: Path) -> None:
    """Raises ValueError unless a package may be put there: the name ends in .mlpackage, and nothing else is there."""
    if path.suffix != _SUFFIX:
        raise ValueError(f"{path} is to be a Core ML package; its name must end in {_SUFFIX}")
    if path.exists() and not (path / "Manifest.json").is_file():
        raise ValueError(f"{path} exists and is no Core ML package; choose another output")


def write_package(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a package beside `path`, then renames it; an earlier package goes when the new one is whole."""
    check_package_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new, old = (path.with_name(f".{secrets.token_hex(4)}{_SUFFIX}") for _ in range(2))
    try:
        write(new)
        if path.exists():
            path.rename(old)
        new.rename(path)
    finally:
        for rest in (new, old):
            shutil.rmtree(rest, ignore_errors=True)
