"""Losses of self-supervised learning, on features of views: (views, images, features)."""
