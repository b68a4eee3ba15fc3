"""Packages that some tests need."""

from importlib.util import find_spec
from typing import Any

import pytest

from models.attention.detection.operators import provide_operators
from models.timm_package import timm_package
from models.torchvision_package import installed_version


def need_torchvision() -> None:
    """Skips the test without torchvision."""
    if installed_version() is None:
        pytest.skip("torchvision is not installed")
    provide_operators()


def need_onnx() -> None:
    """Skips the test without what exports and runs ONNX."""
    for module in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(module)


def need_timm() -> Any:
    """timm; skips the test, or all of a module that calls as it is imported, without it."""
    if find_spec("timm") is None:
        pytest.skip("timm is not installed", allow_module_level=True)
    return timm_package()
