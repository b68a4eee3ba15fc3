"""Trained networks in integers: what kernels, hardware and ONNX read."""
