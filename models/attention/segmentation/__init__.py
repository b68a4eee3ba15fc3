"""Semantic segmentation on the backbones of chapter 4."""
