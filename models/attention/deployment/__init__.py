"""Networks with local self-attention as files for other programs: ONNX, Core ML, TensorRT."""
