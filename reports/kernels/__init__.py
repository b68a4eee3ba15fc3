"""The kernels' bench."""
