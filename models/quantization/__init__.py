"""Quantizers, accumulators and the layers that are made of them."""
