"""Data and networks that the few-shot benches measure."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from models.backbones.batch_norm import estimate_statistics
from models.backbones.encoder import Encoder, EncoderOptions
from models.backbones.encoders import build_encoder
from models.fewshot.class_images import FewShotData
from models.fewshot.procedural import procedural

LARGEST_SIDE = 512
"""Most pixels on a side of the benches' images."""

_STATISTICS_IMAGES = 64


def bench_data(side: int, images: int, seed: int) -> FewShotData:
    """The procedural data set, scaled to side x side pixels; 20 test classes. images: of each class.

    Raises ValueError for a side outside 16 to 512.
    """
    if not 16 <= side <= LARGEST_SIDE:
        raise ValueError(f"side is {side}; allowed are 16 to {LARGEST_SIDE} pixels")
    drawn = procedural(seed, images=images)
    splits = {name: replace(part, images=_scaled(part.images, side)) for name, part in drawn.splits.items()}
    return FewShotData(drawn.name, splits)


def frozen_encoder(name: str, data: FewShotData, width: int | None, seed: int) -> Encoder:
    """An untrained encoder in evaluation mode; its batch norms have the statistics of training images."""
    encoder = build_encoder(name, EncoderOptions(image_shape=data.shape, width=width, seed=seed))
    classes = data.split("train")
    few = classes.images[:: max(1, len(classes.images) // _STATISTICS_IMAGES)]
    encoder.to(few.device)
    estimate_statistics(encoder, [data.normalise(few)])
    return encoder.eval()


def _scaled(images: Tensor, side: int) -> Tensor:
    return images if images.shape[-1] == side else interpolate(images, size=(side, side)).to(torch.uint8)
