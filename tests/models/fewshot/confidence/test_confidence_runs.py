"""Runs of MCT: the loss of a step, training and evaluation in both settings, resuming, what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest, evaluate_run
from models.fewshot.confidence.network import ROUNDS
from models.fewshot.confidence.training import ConfidenceTraining
from models.fewshot.config import FewShotConfig
from models.fewshot.evaluators import head_of
from models.fewshot.heads import refined_logits
from models.fewshot.learners import build_method, build_network
from models.fewshot.run import load_run, run_few_shot
from models.progress import Progress
from models.training.method import Loss
from tests.support.augmentation import ALL
from tests.support.fewshot import random_classes
from tests.support.killing import killed_after

QUIET = Progress(quiet=True)
DATA = FewShotData("few", {name: random_classes(name, (12,) * 8, size=16) for name in ("train", "val", "test")})
CONFIG = FewShotConfig(
    learner="mct",
    encoder="4x32",
    width=4,
    way=3,
    training_way=4,
    query=2,
    tasks=2,
    batches=2,
    epochs=2,
    validation_episodes=3,
    test_episodes=4,
)
SETTINGS = pytest.mark.parametrize("transductive", [False, True])


def training(config: FewShotConfig = CONFIG) -> ConfidenceTraining:
    method = build_method(config, build_network(config, DATA.shape), DATA, None)
    assert isinstance(method, ConfidenceTraining)
    return method


def step(method: ConfidenceTraining) -> tuple[Loss, dict[str, list[Tensor]]]:
    """A step's result and the gradients by model."""
    torch.manual_seed(3)
    for model in method.models.values():
        model.train().zero_grad()
    found = method.step(method.models, next(iter(method.batches(0, 0))))
    found.loss.backward()
    return found, {name: [one.grad for one in model.parameters()] for name, model in method.models.items()}


@SETTINGS
def test_the_loss_is_that_of_the_queries_and_twice_that_of_all_pixels(transductive: bool) -> None:
    method = training(replace(CONFIG, transductive=transductive))
    found, gradients = step(method)
    assert all(one.abs().sum() > 0 for name in ("encoder", "classifier") for one in gradients[name])
    assert sum(one.abs().sum() for one in gradients["metric"]) > 0

    support, _, query, labels, _, drawn = next(iter(method.batches(0, 0)))
    images = torch.cat([support, query], 1)
    features = method.models["encoder"].train()(images.flatten(0, 1)).unflatten(0, images.shape[:2])
    of_support, of_query = features[:, :4], features[:, 4:]
    ways = torch.arange(4).expand(2, -1)
    logits = refined_logits(of_query, of_support, ways, 4, method.network.metric, rounds=int(transductive))
    instance = cross_entropy(logits.flatten(0, 1), labels.flatten())
    way = torch.cat([ways, labels], 1)
    pixels = features.reshape(-1, 4, 1)  # 4 channels, 1 pixel
    dense = cross_entropy(method.models["classifier"].linear(pixels[:, :, 0]), drawn.gather(1, way).flatten())
    torch.testing.assert_close(found.loss, instance + 2 * dense)


@SETTINGS
def test_a_run_says_how_it_is_evaluated_and_is_loaded(transductive: bool, tmp_path: Path) -> None:
    config = replace(CONFIG, transductive=transductive)
    record = run_few_shot(config, DATA, tmp_path, QUIET)
    named = "mct-transductive" if transductive else "mct-inductive"
    assert [(one["way"], one["head"]) for one in record["evaluations"]] == [(3, named)] * 2
    loaded = load_run(tmp_path)
    assert loaded.config == config
    test = EpisodeTest(way=3, shots=(1,), query=3, episodes=6)
    records = {
        head: evaluate_run(loaded, DATA, replace(test, head=head), None, QUIET)[0]
        for head in ("mct-inductive", "mct-transductive", "prototype", "ridge", "fine-tuning")
    }
    assert {record["head"] for record in records.values()} == set(records)
    again = evaluate_run(loaded, DATA, replace(test, head=named, batch_norm="support"), None, QUIET)[0]
    assert (again["head"], again["batch_norm"]) == (named, "support")


@pytest.mark.parametrize(("head", "rounds"), [("mct-inductive", 0), ("mct-transductive", ROUNDS)])
def test_the_heads_of_evaluation_are_prototypes_with_and_without_rounds(head: str, rounds: int) -> None:
    network = training().network
    query, support = torch.randn(2, 6, network.features_dim), torch.randn(2, 4, network.features_dim)
    labels = torch.arange(4).expand(2, -1)
    expected = refined_logits(query, support, labels, 4, network.metric, rounds)
    assert torch.equal(head_of(network, head)(query, support, labels, 4), expected)


@SETTINGS
@pytest.mark.parametrize("augment", ["none", "maxup:medium"])
def test_a_run_that_was_killed_resumes_and_ends_with_the_same_numbers(
    augment: str, transductive: bool, tmp_path: Path
) -> None:
    config = replace(CONFIG, transductive=transductive, augmentation=AugmentationSettings(augment=augment))
    whole = run_few_shot(config, DATA, tmp_path / "whole", QUIET)
    with killed_after(1):
        run_few_shot(config, DATA, tmp_path / "parts", QUIET)
    assert run_few_shot(config, DATA, tmp_path / "parts", QUIET, resume=True) == whole
    for name in ("metrics.jsonl", "model.safetensors"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@SETTINGS
@pytest.mark.parametrize("augment", [*ALL, "cutmix:query+rotation:task", "maxup:large"])
def test_every_augmentation_takes_a_step(augment: str, transductive: bool) -> None:
    changed = AugmentationSettings(augment=augment)
    found, gradients = step(training(replace(CONFIG, transductive=transductive, augmentation=changed)))
    assert found.loss.isfinite()
    assert all(one.isfinite().all() for of_model in gradients.values() for one in of_model)
    assert sum(one.abs().sum() for one in gradients["encoder"]) > 0


def test_training_has_15_ways_if_nothing_else_is_said() -> None:
    assert FewShotConfig(learner="mct").trained_way == 15
    assert FewShotConfig(learner="mct", training_way=7).trained_way == 7
    assert FewShotConfig(learner="ridge", way=6).trained_way == 6
    with pytest.raises(
        ValueError, match="few has 8 classes in train, but episodes of the learner mct have 15 ways; --training-way"
    ):
        training(replace(CONFIG, training_way=None))


def test_other_learners_train_with_other_ways_too(tmp_path: Path) -> None:
    record = run_few_shot(replace(CONFIG, learner="ridge", training_way=5), DATA, tmp_path, QUIET)
    assert record["evaluations"][0]["way"] == 3
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": "cnn4"}, "encoder is cnn4, whose features are of two maps; mct allows 64x4, 4x32, resnet12"),
        ({"learner": "ridge", "transductive": True}, "transductive is for the learner mct, not ridge"),
        ({"learner": "maml"}, "training_way is for learners with a head on features, not maml"),
        ({"learner": "classical"}, "training_way is for learners with a head on features, not classical"),
        ({"training_way": 1}, "training_way is 1; allowed are the integers 2 to"),
        ({"learner": "ridge", "head": "mct-inductive"}, "head mct-inductive needs the metric of the learner mct"),
    ],
)
def test_impossible_settings_are_refused(changes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **changes)
