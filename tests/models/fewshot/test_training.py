"""Training on episodes and on class pairs through the shared loop."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from models.backbones.encoder import Encoder
from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.class_pairs import ClassPairs
from models.fewshot.classical import ClassicalTraining, EncoderWithClassifier
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.episodic import EpisodicTraining, LearntScale
from models.progress import Progress
from models.training.loop import run_stage
from models.training.method import Method
from models.training.optimizers import OptimizerSettings
from models.training.stage import Stage
from tests.support.fewshot import random_data

EPOCHS, BATCHES = 3, 5


class Flat(Encoder):
    """A linear map of the pixels."""

    def __init__(self, pixels: int = 48, features: int = 6) -> None:
        super().__init__()
        self.features_dim = features
        self.map = nn.Linear(pixels, features)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.map(images.flatten(1))
        return features


def nearest_mean(query: Tensor, support: Tensor, labels: Tensor, ways: int) -> Tensor:
    means = torch.stack([support[:, labels[0] == way].mean(1) for way in range(ways)], dim=1)
    return -(query[:, :, None] - means[:, None]).square().mean(3)


def clustered(classes: int = 8, images: int = 12) -> FewShotData:
    """Images of noise around a picture of their class, most of the difference in pixels that say nothing."""
    random = np.random.default_rng(0)

    def split(name: str) -> ClassImages:
        means = random.integers(90, 166, (classes, 1, 3, 4, 4)).repeat(images, 1)
        noise = random.normal(0, 8, (classes, images, 3, 4, 4))
        noise[:, :, :, 2:] *= 12
        pixels = torch.from_numpy((means + noise).clip(0, 255).astype(np.uint8)).flatten(0, 1)
        return ClassImages(pixels, (images,) * classes, tuple(f"{name}{index}" for index in range(classes)))

    return FewShotData("clustered", {name: split(name) for name in ("train", "val", "test")})


def episodic(data: FewShotData, *, validation: Any = None) -> EpisodicTraining:
    torch.manual_seed(0)
    encoder, scale = Flat(), LearntScale()
    parameters = [*encoder.parameters(), *scale.parameters()]
    optimizer = OptimizerSettings(learning_rate=0.01).build(parameters, EPOCHS)
    episodes = Episodes(data, "train", EpisodeShape(4, 2, 3), seed=1)
    return EpisodicTraining(
        encoder, scale, nearest_mean, optimizer, episodes, tasks=4, batches=BATCHES, validation=validation
    )


def classical(data: FewShotData, coefficient: float = 0.0, regularizer: Any = None) -> ClassicalTraining:
    torch.manual_seed(0)
    network = EncoderWithClassifier(Flat(), len(data.splits["train"].names))
    optimizer = OptimizerSettings(learning_rate=0.01).build(network.parameters(), EPOCHS)
    return ClassicalTraining(
        network, optimizer, ClassPairs(data, 8), batches=BATCHES, coefficient=coefficient, regularizer=regularizer
    )


def train(folder: Path, method: Method, epochs: int = EPOCHS) -> list[dict[str, Any]]:
    """The metrics of the epochs."""
    stage = Stage(
        name="few", settings={}, epochs=epochs, key="k", checkpoint=folder / "few.pt", metrics=folder / "few.jsonl"
    )
    with Progress(quiet=True) as progress:
        run_stage(stage, method, Accelerator(cpu=True), progress)
    return [json.loads(line) for line in (folder / "few.jsonl").read_text().splitlines()]


def weights(method: Method) -> list[Tensor]:
    return [parameter for model in method.models.values() for parameter in model.parameters()]


def within_class(features: Tensor) -> Tensor:
    """The spread of the two images of each class."""
    return (features[:, :, 0] - features[:, :, 1]).square().mean()


def test_meta_learned_features_make_the_head_better(tmp_path: Path) -> None:
    entries = train(tmp_path, episodic(clustered()), epochs=8)
    assert entries[-1]["accuracy"] > entries[0]["accuracy"] + 0.1
    assert entries[-1]["loss"] < entries[0]["loss"]


class Stop(Exception):
    pass


@pytest.mark.parametrize("make", [episodic, classical])
def test_a_run_that_was_stopped_ends_with_the_same_numbers(make: Any, tmp_path: Path) -> None:
    data = random_data()
    whole = make(data)
    entries = train(tmp_path / "whole", whole)
    stopped = make(data)
    batches = stopped.batches

    def stopping(epoch: int, first: int) -> Any:
        yield from batches(epoch, first)
        if epoch == 1:
            raise Stop

    stopped.batches = stopping
    with pytest.raises(Stop):
        train(tmp_path / "parts", stopped)
    resumed = make(data)
    assert train(tmp_path / "parts", resumed) == entries
    assert all(map(torch.equal, weights(whole), weights(resumed)))


def test_each_batch_has_episodes_of_its_own_wherever_an_epoch_is_taken_up() -> None:
    method = episodic(random_data())
    numbers = [number for epoch in range(2) for number in range(epoch * BATCHES * 4, (epoch + 1) * BATCHES * 4)]
    drawn = [batch for epoch in range(2) for batch in method.batches(epoch, 0)]
    assert torch.equal(torch.cat([batch.support for batch in drawn]), method.episodes.batch(numbers).support)
    (taken_up,) = list(method.batches(1, BATCHES - 1))
    assert torch.equal(taken_up.query, drawn[-1].query)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_share_the_tasks_of_a_batch(processes: int) -> None:
    method = episodic(random_data())
    batch = next(iter(method.batches(0, 0)))
    parts = [method.share(batch, process, processes) for process in range(processes)]
    assert sorted(len(part[0]) for part in parts if part is not None)[0] >= 1
    shared = torch.cat([part[0] for part in parts if part is not None])
    assert sorted(shared.flatten(1).sum(1).tolist()) == sorted(batch.support.flatten(1).sum(1).tolist())
    assert method.share(batch, 0, 5) is None


def test_validation_is_asked_after_every_epoch(tmp_path: Path) -> None:
    asked: list[nn.Module] = []

    def validation(encoder: nn.Module) -> Mapping[str, float]:
        asked.append(encoder)
        return {"validation": 0.25 * len(asked)}

    method = episodic(random_data(), validation=validation)
    entries = train(tmp_path, method)
    assert [entry["validation"] for entry in entries] == [0.25, 0.5, 0.75]
    assert asked == [method.models["encoder"]] * 3


def test_pairs_have_two_classes_and_two_images_of_each() -> None:
    data = random_data()
    train_images = data.splits["train"].images
    pairs = ClassPairs(data, 200)
    images, classes = pairs.batch(3)
    assert images.shape == (200, 2, 2, 3, 4, 4)
    assert (classes[:, 0] != classes[:, 1]).all()
    assert torch.bincount(classes.flatten(), minlength=7).min() > 20
    whole = {tuple(data.normalise(image).flatten().tolist()): index for index, image in enumerate(train_images)}
    found = torch.tensor([[[whole[tuple(one.flatten().tolist())] for one in pair] for pair in two] for two in images])
    assert torch.equal(found // 20, classes[:, :, None].expand(-1, -1, 2))
    assert (found[:, :, 0] != found[:, :, 1]).all()
    assert torch.equal(pairs.batch(3)[0], images)
    assert not torch.equal(pairs.batch(4)[0], images)


def test_classical_training_learns_and_a_regularizer_draws_classes_together(tmp_path: Path) -> None:
    data = clustered()
    plain = train(tmp_path / "plain", classical(data), epochs=8)
    assert plain[-1]["accuracy"] > plain[0]["accuracy"]
    without = classical(data, 0.0, within_class)
    assert [entry["loss"] for entry in train(tmp_path / "zero", without, epochs=8)] == [one["loss"] for one in plain]
    regularized = train(tmp_path / "regularized", classical(data, 1.0, within_class), epochs=8)
    assert regularized[-1]["regularizer"] < 0.5 * regularized[0]["regularizer"]


@pytest.mark.parametrize("coefficient", [-0.1, float("nan"), float("inf")])
def test_impossible_coefficients_are_refused(coefficient: float) -> None:
    with pytest.raises(ValueError, match=r"coefficient is .*; allowed is a number of at least 0"):
        classical(random_data(), coefficient, within_class)
