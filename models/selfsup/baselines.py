"""Baselines of a trained encoder: the same network before training, and the pixels themselves."""

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.backbones.encoder import Encoder
from models.selfsup.networks import build_encoder, stem_of
from models.selfsup.probes.features import all_of
from models.selfsup.probes.images import ProbeImages
from models.selfsup.probes.settings import Baseline
from models.selfsup.run import SelfSupRun

_CALIBRATION_BATCHES, _CALIBRATION_BATCH = 20, 128


class RawPixels(Encoder):
    """Images (n, channels, height, width) as their own features (n, channels * height * width)."""

    def __init__(self, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.features_dim = math.prod(image_shape)

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)


def baseline_encoder(run: SelfSupRun, baseline: Baseline, images: ProbeImages | None) -> Encoder:
    """The encoder of a run, or what takes its place.

    untrained: the run's initial weights. calibrated: the same with the statistics of batch norm over up to 20 batches
    of 128 of `images`, randomly cropped and mirrored. pixels: the images themselves. Raises ValueError for calibration
    without images.
    """
    if baseline == "none":
        return run.encoder
    if baseline == "pixels":
        return RawPixels(run.image_shape)
    encoder = build_encoder(run.config, run.image_shape[0], stem_of(run.config, run.image_shape)).eval()
    if baseline == "calibrated":
        if images is None:
            raise ValueError("baseline calibrated needs training images, which the probe few-shot alone does not read")
        calibrate(encoder, images, run.config.seed)
    return encoder


@torch.no_grad()
def calibrate(encoder: nn.Module, images: ProbeImages, seed: int) -> None:
    """Replaces the running statistics of batch norms by the average over batches of cropped and mirrored images."""
    norms = [module for module in encoder.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # an average in which all batches count alike
    order = all_of(images)[torch.randperm(len(images.labels), generator=torch.Generator().manual_seed(seed))]
    encoder.train()
    for batch in images.augmented(torch.split(order, _CALIBRATION_BATCH)[:_CALIBRATION_BATCHES], seed, 0):
        encoder(batch)
    encoder.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
