"""Packages that files of each form need."""

from models.extras import required


def check_packages(*, onnx: bool, coreml: bool, tensorrt: bool) -> None:
    """Raises ValueError if a package is missing that files of these forms need."""
    if onnx or tensorrt:
        for module in ("onnx", "onnxscript", "onnxruntime"):
            required(module, "onnx")
    if coreml:
        required("coremltools", "coreml")
    if tensorrt:
        required("tensorrt")
