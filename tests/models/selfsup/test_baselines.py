"""Baselines of trained encoders."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from models.progress import Progress
from models.selfsup.baselines import baseline_encoder
from models.selfsup.config import SelfSupConfig
from models.selfsup.networks import build_encoder
from models.selfsup.probes.evaluation import probe_encoder
from models.selfsup.probes.settings import ProbeSettings
from models.selfsup.run import SelfSupRun
from tests.support.probes import RECIPE, WHITE, digits_to_probe, small_digits

CONFIG = SelfSupConfig(width=2, seed=3)


def trained() -> SelfSupRun:
    encoder = build_encoder(replace(CONFIG, seed=4), 1, "cifar").eval()
    return SelfSupRun(Path("run"), CONFIG, encoder, (1, 8, 8), RECIPE, WHITE, {})


def test_without_a_baseline_it_is_the_runs_own() -> None:
    run = trained()
    assert baseline_encoder(run, "none", None) is run.encoder


def test_untrained_weights_are_those_that_the_run_started_from() -> None:
    expected = build_encoder(CONFIG, 1, "cifar").state_dict()
    for name, tensor in baseline_encoder(trained(), "untrained", None).state_dict().items():
        assert torch.equal(tensor, expected[name])


def test_calibration_takes_the_mean_over_batches_and_nothing_else() -> None:
    images = digits_to_probe(train=128).train
    encoder = baseline_encoder(trained(), "calibrated", images)
    untrained = baseline_encoder(trained(), "untrained", None)
    assert not any(module.training for module in encoder.modules())
    for (name, tensor), other in zip(encoder.named_parameters(), untrained.parameters(), strict=True):
        assert torch.equal(tensor, other), name
    first = encoder.get_submodule("first.norm")
    assert isinstance(first, nn.BatchNorm2d)
    assert first.momentum == 0.1
    (whole,) = images.augmented([torch.arange(128)], CONFIG.seed, 0)
    with torch.no_grad():
        maps = encoder.get_submodule("first.convolution")(whole)
    torch.testing.assert_close(first.running_mean, maps.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(first.running_var, maps.var((0, 2, 3)), rtol=1e-4, atol=1e-5)


def test_calibration_needs_images() -> None:
    with pytest.raises(ValueError, match="baseline calibrated needs training images"):
        baseline_encoder(trained(), "calibrated", None)


def test_pixels_are_probed_like_features(tmp_path: Path) -> None:
    pixels = baseline_encoder(trained(), "pixels", None)
    images = next(digits_to_probe().train.plain([torch.arange(5)]))
    assert torch.equal(pixels(images), small_digits().train.images[:5].flatten(1) / 16)
    settings = ProbeSettings(probe=("cached", "knn", "augmented"), l2=1e-2, probe_steps=2)
    with Progress(quiet=True) as progress:
        records = list(probe_encoder(pixels, digits_to_probe(), settings, tmp_path, progress))
    assert records[0]["top1"] > 0.8
    assert len(records) == 3
