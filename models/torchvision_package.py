"""torchvision, also where its binary does not fit the installed torch."""

from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import torch

NAME = "torchvision"

_SUPPRESSION = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_declared: Any = torch.library.Library(NAME, "FRAGMENT")  # type: ignore[no-untyped-call]  # operators are gone with the library that declares them


def installed_version() -> str | None:
    """The version of torchvision; None if it is not installed."""
    return metadata.version(NAME) if find_spec(NAME) else None


@cache
def torchvision_package() -> ModuleType:
    """torchvision. Raises ValueError if it is not installed.

    Its Python part registers operators of detection that its binary defines. Without the binary they are declared here,
    which transforms and networks of classification, written in Python, do not miss.
    """
    if installed_version() is None:
        raise ValueError("torchvision is not installed; `pip install --no-deps torchvision` leaves torch as it is")
    try:
        return import_module(NAME)
    except RuntimeError:
        _declare_operators()
    return import_module(NAME)


def _declare_operators() -> None:
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            _declared.define(name + _SUPPRESSION)
