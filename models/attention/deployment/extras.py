"""Packages that only some exports need."""

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


def check_packages(*, onnx: bool, coreml: bool, tensorrt: bool) -> None:
    """Raises ValueError if a package is missing that files of these forms need."""
    if onnx or tensorrt:
        for module in ("onnx", "onnxscript", "onnxruntime"):
            required(module, "onnx")
    if coreml:
        required("coremltools", "coreml")
    if tensorrt:
        required("tensorrt")
