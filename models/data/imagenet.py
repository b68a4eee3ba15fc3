"""Statistics of ImageNet's pixels, by channel, with which networks of its size are normalised. Needs no torch."""

RELATIVE_MEAN, RELATIVE_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Where white is 1."""

IMAGENET_MEAN, IMAGENET_STD = (tuple(255 * value for value in values) for values in (RELATIVE_MEAN, RELATIVE_STD))
"""Where white is 255."""
