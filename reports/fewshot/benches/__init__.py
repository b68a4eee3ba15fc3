"""Few-shot learning at speed, beside other packages and plain loops."""
