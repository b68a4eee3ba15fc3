"""The bench of the kernels: Tables 2.7 and 2.8, and a whole ResNet-18."""
