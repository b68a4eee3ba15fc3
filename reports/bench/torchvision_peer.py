"""torchvision's transforms."""

from importlib import import_module
from typing import Any

from models.torchvision_package import NAME, installed_version, torchvision_package

__all__ = ["NAME", "installed_version", "transforms"]


def transforms(module: str = "") -> Any:
    """torchvision.transforms or a module of it. Raises ValueError if torchvision is not installed."""
    torchvision_package()
    return import_module(f"{NAME}.transforms.{module}" if module else f"{NAME}.transforms")
