"""torchvision's transforms, also where its binary does not fit the installed torch."""

from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

import torch

NAME = "torchvision"

_DETECTION = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def installed_version() -> str | None:
    """The version of torchvision; None if it is not installed."""
    return metadata.version(NAME) if find_spec(NAME) else None


@cache
def transforms(module: str = "") -> Any:
    """torchvision.transforms or a module of it. Raises ValueError if torchvision is not installed.

    Its Python part registers operators of detection that its binary defines. Without the binary they are declared here,
    which the transforms, written in Python, do not miss.
    """
    if installed_version() is None:
        raise ValueError("torchvision is not installed; `pip install --no-deps torchvision` leaves torch as it is")
    try:
        import_module(NAME)
    except RuntimeError:
        _declare_operators()
    return import_module(f"{NAME}.transforms.{module}" if module else f"{NAME}.transforms")


_declared: Any = torch.library.Library(NAME, "FRAGMENT")  # type: ignore[no-untyped-call]  # operators are gone with the library that declares them


def _declare_operators() -> None:
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            _declared.define(name + _DETECTION)
