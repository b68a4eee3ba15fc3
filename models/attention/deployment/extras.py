"""Packages that only some exports need."""

import importlib
from typing import Any


def required(module: str, extra: str) -> Any:
    """The module. Raises ValueError, naming the extra that brings it, if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(f"{module.partition('.')[0]} is not installed; pip install 'wrapmac[{extra}]'") from error
