"""Chapter 3: quantization-aware training in federated rounds."""
