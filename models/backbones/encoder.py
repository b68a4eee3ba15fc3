"""What the backbones of few-shot learning share: options, the encoder, initial weights, a classifier on top."""

from collections import OrderedDict
from dataclasses import dataclass

from torch import nn

from models.backbones.batch_norm import BatchNormMode, checked_mode
from models.backbones.options import seeded


@dataclass(frozen=True, kw_only=True)
class EncoderOptions:
    """Options of an encoder.

    image_shape: channels, height and width of its images. width: channels of the first layer, which scales all others;
    None for the network's own. batch_norm: the mode of its batch norms. seed: of the initial weights.

    Raises ValueError for an image shape or a width below 1 and for another mode.
    """

    image_shape: tuple[int, int, int]
    width: int | None = None
    batch_norm: BatchNormMode = "running"
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.image_shape) != 3 or min(self.image_shape) < 1:
            raise ValueError(f"image_shape is {self.image_shape}; allowed are channels, height and width of at least 1")
        if self.width is not None and self.width < 1:
            raise ValueError(f"width is {self.width}; allowed is an integer of at least 1")
        checked_mode(self.batch_norm)


class Encoder(nn.Module):
    """Images (n, channels, height, width) to features (n, features_dim)."""

    features_dim: int


def convolution(inputs: int, outputs: int, kernel_size: int = 3) -> nn.Conv2d:
    """A convolution that keeps the map's size, without bias: the batch norm behind it would cancel one.

    Initial weights are normal, scaled by the fan out (He et al., 2015).
    """
    layer = nn.Conv2d(inputs, outputs, kernel_size, padding=kernel_size // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer


def pooled_pixels(options: EncoderOptions, pools: int) -> int:
    """Number of pixels of the images' maps after a number of 2x2 pools, each of which rounds down."""
    _, height, width = options.image_shape
    return (height >> pools) * (width >> pools)


def with_classifier(encoder: Encoder, classes: int, seed: int = 0) -> nn.Sequential:
    """The encoder with a linear classifier of its features: images to logits (n, classes).

    The classifier's initial weights depend on the seed alone; the encoder is not copied. Raises ValueError for a number
    of classes below 1.
    """
    if classes < 1:
        raise ValueError(f"classes is {classes}; allowed is an integer of at least 1")
    with seeded(seed):
        classifier = nn.Linear(encoder.features_dim, classes)
    return nn.Sequential(OrderedDict(encoder=encoder, classifier=classifier))
