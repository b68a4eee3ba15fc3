"""PyTorch models, and the exact integer arithmetic that they share with the hardware."""
