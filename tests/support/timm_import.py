"""Imports timm beside a torch that torchvision's wheel was not built for."""

from importlib.util import find_spec
from types import ModuleType

import pytest
import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_LIBRARIES: list[torch.library.Library] = []  # a library lives as long as something holds it


def imported_timm() -> ModuleType:
    """timm; skips the tests of the module that calls if it is missing.

    torchvision, which timm imports, fails where its compiled operators do not load, unless their schemas are there.
    """
    if find_spec("timm") and find_spec("torchvision") and not _LIBRARIES and not _has_operators():
        library = torch.library.Library("torchvision", "DEF")
        for schema in _SCHEMAS:
            library.define(schema)
        _LIBRARIES.append(library)
    module: ModuleType = pytest.importorskip("timm")
    return module


def _has_operators() -> bool:
    return hasattr(torch.ops.torchvision, "nms")
