"""Trained networks in integers, for kernels, hardware and ONNX."""
