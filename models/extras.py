"""Packages that only some commands need."""

import contextlib
import importlib
import io
from typing import Any


def required(module: str, extra: str | None = None) -> Any:
    """The module. Raises ValueError, naming what to install, if it is missing; extra: of ours that brings it."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # coremltools remarks there on what it lacks outside macOS
            return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        wanted = package if extra is None else f"'wrapmac[{extra}]'"
        raise ValueError(f"{package} is not installed; pip install {wanted}") from error
