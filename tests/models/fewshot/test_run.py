"""Few-shot runs: trained, resumed, read again, compared on the same episodes."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models.fewshot.adaptive import AdaptiveTraining
from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.comparison import EpisodeTest, evaluate_run
from models.fewshot.config import FewShotConfig
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import embed
from models.fewshot.evaluators import HEADS
from models.fewshot.inner import Timing
from models.fewshot.learners import build_method, build_network
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.progress import Progress
from tests.support.fewshot import random_classes
from tests.support.killing import killed_after

CONFIG = FewShotConfig(
    encoder="4x32", width=4, way=3, query=2, tasks=2, batches=3, epochs=2, validation_episodes=5, test_episodes=10
)
TEST = EpisodeTest(way=3, shots=(1, 2), query=3, episodes=50)


def data(size: int = 16, *, validation: bool = True) -> FewShotData:
    splits = {name: random_classes(name, (8,) * 4, size=size) for name in ("train", "val", "test")}
    if not validation:
        del splits["val"]
    return FewShotData("random images", splits)


def run(folder: Path, config: FewShotConfig = CONFIG, of: FewShotData | None = None, **options: Any) -> dict[str, Any]:
    with Progress(quiet=True) as progress:
        return run_few_shot(config, of or data(), folder, progress, **options)


def evaluated(one: FewShotRun, of: FewShotData, test: EpisodeTest = TEST, against: FewShotRun | None = None) -> Any:
    with Progress(quiet=True) as progress:
        return evaluate_run(one, of, test, against, progress)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few") / "run"
    run(folder)
    return folder


@pytest.mark.parametrize("learner", ["ridge", "svm", "classical", "maml", "fomaml", "reptile"])
def test_each_learner_trains_and_says_how_it_does(learner: Any, tmp_path: Path) -> None:
    record = run(tmp_path, replace(CONFIG, learner=learner))
    assert [(one["way"], one["shot"], one["query"]) for one in record["evaluations"]] == [(3, 1, 7), (3, 5, 3)]
    for one in record["evaluations"]:
        assert 0 <= one["low"] <= one["mean"] <= one["high"] <= 1
        tuned = learner in ("maml", "fomaml", "reptile")
        assert one["head"] == ("fine-tuning" if tuned else "ridge" if learner == "classical" else learner)
        assert one["batch_norm"] == ("episode (transductive)" if tuned else "running")
    assert json.loads((tmp_path / "result.json").read_text()) == record
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [set(line) >= {"loss", "validation_accuracy"} for line in lines] == [True, True]


def test_the_epoch_that_validates_best_is_kept_and_without_validation_classes_the_last(tmp_path: Path) -> None:
    run(tmp_path / "val", replace(CONFIG, epochs=6, learning_rate=0.1))
    lines = [json.loads(line) for line in (tmp_path / "val" / "metrics.jsonl").read_text().splitlines()]
    encoder = load_run(tmp_path / "val").network
    features = embed(encoder, data(), "val")
    episodes = Episodes(data(), "val", EpisodeShape(3, 1, 2), 1)
    chosen = features[episodes.indices(range(5))]
    support, query = chosen[:, :, :1].flatten(1, 2), chosen[:, :, 1:].flatten(1, 2)
    logits = HEADS["prototype"](query, support, episodes.labels(5, 1), 3)
    found = (logits.argmax(2) == episodes.labels(5, 2)).double().mean().item()
    assert found == pytest.approx(max(line["validation_accuracy"] for line in lines))
    run(tmp_path / "without", of=data(validation=False))
    last = torch.load(tmp_path / "without" / "prototype.pt", weights_only=True)["parts"]["model encoder"]
    kept = load_run(tmp_path / "without").network.state_dict()
    assert all(torch.equal(last[name], kept[name]) for name in kept)


@pytest.mark.parametrize("saves", [0, 1])
@pytest.mark.parametrize("learner", ["prototype", "classical", "maml", "reptile"])
def test_a_run_that_was_killed_resumes_and_ends_with_the_same_numbers(learner: Any, saves: int, tmp_path: Path) -> None:
    config = replace(CONFIG, learner=learner, batches=2, inner_steps=2, fine_tuning_steps=2, way_through_tasks="loop")
    whole = run(tmp_path / "whole", config)
    with killed_after(saves):
        run(tmp_path / "parts", config)
    with pytest.raises(ValueError, match="parts holds a run already; resume it with --resume"):
        run(tmp_path / "parts", config)
    assert run(tmp_path / "parts", config, resume=True) == whole
    for name in ("metrics.jsonl", "model.safetensors"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_resumed_run_keeps_its_way_through_the_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(CONFIG, learner="fomaml", epochs=1, batches=1, inner_steps=1, fine_tuning_steps=1)
    asked: list[Any] = []

    def timing(self: AdaptiveTraining) -> Timing:
        asked.append(self)
        return Timing({"loop": 2.0, "vmap": 1.0})

    monkeypatch.setattr(AdaptiveTraining, "timing", timing)
    ways: list[str] = []
    step = AdaptiveTraining.step
    monkeypatch.setattr(AdaptiveTraining, "step", lambda self, *rest: ways.append(self.how) or step(self, *rest))
    run(tmp_path, config)
    (tmp_path / "fomaml.pt").unlink()
    run(tmp_path, config, resume=True)
    assert len(asked) == 1
    assert set(ways) == {"vmap"}


@pytest.mark.parametrize("encoder", ["4x32", "resnet12"])
def test_the_timing_trains_nothing_and_draws_nothing(encoder: Any) -> None:
    config = replace(CONFIG, learner="reptile", encoder=encoder, inner_steps=1)
    network = build_network(config, (3, 16, 16))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    method = build_method(config, network, data(), None)
    assert isinstance(method, AdaptiveTraining)
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    assert set(method.timing().seconds) == {"loop", "vmap"}
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_a_run_of_other_settings_or_other_data_is_refused(trained: Path) -> None:
    with pytest.raises(ValueError, match=r"holds a run of other settings: way 3 \(now 2\)"):
        run(trained, replace(CONFIG, way=2), resume=True)
    with pytest.raises(ValueError, match=r"other settings: data_digest [0-9a-f]{16} \(now [0-9a-f]{16}\)"):
        run(trained, of=data(validation=False), resume=True)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"val": (8, 8)}, "random images has 2 classes in val; 3 ways need as many"),
        ({"val": (8, 8, 2)}, "class val2 of random images has 2 images in val; 1 shots and 2 queries need 3"),
        ({"test": (8, 8)}, "random images has 2 classes in test; 3 ways need as many"),
        ({"test": (8, 1, 8)}, "class test1 of random images has 1 images in test; 1 shots and 1 queries need 2"),
    ],
)
def test_too_few_held_out_classes_or_images_are_refused_before_anything_is_written(
    counts: dict[str, tuple[int, ...]], message: str, tmp_path: Path
) -> None:
    splits = {name: random_classes(name, counts.get(name, (8,) * 4), size=16) for name in ("train", "val", "test")}
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "run", of=FewShotData("random images", splits))
    assert not list(tmp_path.iterdir())


def test_a_run_is_evaluated_by_the_normalisation_of_its_training_classes(trained: Path) -> None:
    one = load_run(trained)
    splits = dict(data().splits)
    test = splits["test"]
    brighter = ClassImages(test.images // 2 + 100, test.counts, test.names)
    train = random_classes("other", (8,) * 4, size=16)
    other = FewShotData("other", {"train": train, "test": brighter})
    pixels = brighter.images.float()
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (one.mean, one.std))
    with torch.no_grad():
        expected = one.network((pixels - mean) / std)
    found = embed(one.network, other.normalised_by(one.mean, one.std), "test")
    assert torch.allclose(found, expected, atol=1e-5)
    assert evaluated(one, other)[0]["mean"] != evaluated(one, data())[0]["mean"]


def test_two_runs_are_compared_on_the_same_episodes(trained: Path, tmp_path: Path) -> None:
    run(tmp_path, replace(CONFIG, learner="classical", seed=3))
    one, other = load_run(trained), load_run(tmp_path)
    alone, others = evaluated(one, data()), evaluated(other, data())
    for record, mine, theirs in zip(evaluated(one, data(), against=other), alone, others, strict=True):
        assert record["episode_digest"] == mine["episode_digest"] == theirs["episode_digest"]
        assert record["accuracies"] == mine["accuracies"]
        assert record["against"]["mean"] == theirs["mean"]
        assert record["against"]["accuracies"] == theirs["accuracies"]
        pairs = zip(mine["accuracies"], theirs["accuracies"], strict=True)
        differences = torch.tensor([a - b for a, b in pairs], dtype=torch.float64)
        difference = record["against"]["difference"]
        assert difference["mean"] == pytest.approx(float(differences.mean()))
        assert difference["standard_error"] == pytest.approx(float(differences.std() / 50**0.5))
    same = evaluated(one, data(), against=one)[0]["against"]["difference"]
    assert (same["mean"], same["standard_error"]) == (0, 0)


def test_a_run_is_not_evaluated_on_classes_that_it_was_trained_on(trained: Path) -> None:
    one = load_run(trained)
    with pytest.raises(ValueError, match="was trained on 4 of the 4 classes in train of random images; --allow-seen"):
        evaluated(one, data(), replace(TEST, split="train"))
    seen = evaluated(one, data(), replace(TEST, split="train", allow_seen=True))
    assert [record["seen_classes"] for record in seen] == [4, 4]
    assert evaluated(one, data())[0]["seen_classes"] == 0
    swapped = dict(data().splits)
    swapped["train"], swapped["test"] = swapped["test"], swapped["train"]
    with pytest.raises(ValueError, match="was trained on 4 of the 4 classes in test of swapped"):
        evaluated(one, FewShotData("swapped", swapped))


def test_images_of_another_shape_are_refused(trained: Path) -> None:
    with pytest.raises(ValueError, match=r"takes images of \(3, 16, 16\) .*, not \(3, 17, 17\) as random images has"):
        evaluated(load_run(trained), data(17))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("config.json", {"encoder": "cnn9"}, r"config\.json is damaged, .*encoder is 'cnn9'"),
        ("config.json", {"image_shape": [3]}, r"config\.json is damaged"),
        ("config.json", {"width": 5}, r"config\.json or .*model\.safetensors is damaged"),
        ("result.json", {"mean": [1.0]}, r"result\.json is damaged, .*3 channels need as many"),
        ("result.json", {"training_classes": None}, r"result\.json is damaged"),
    ],
)
def test_damaged_runs_are_named(name: str, change: dict[str, Any], message: str, trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(trained, folder)
    content = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(content | change))
    with pytest.raises(ValueError, match=message):
        load_run(folder)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("way", 1),
        ("shot", 0),
        ("epochs", 0),
        ("tasks", 1 << 21),
        ("width", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("coefficient", -1.0),
        ("test_episodes", 1),
        ("seed", -1),
        ("learner", "guess"),
        ("encoder", "vgg"),
        ("head", "guess"),
        ("regularizer", "guess"),
        ("schedule", "guess"),
    ],
)
def test_impossible_settings_name_the_setting_and_the_value(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"{setting}.* is .*{value}.*; allowed "):
        FewShotConfig(**{setting: value})


def test_reptile_takes_statistics_from_batches_of_two_images_and_more() -> None:
    with pytest.raises(
        ValueError, match="inner_batch is 1; batch norm takes its statistics from a batch, which needs 2"
    ):
        FewShotConfig(learner="reptile", inner_batch=1)
    assert FewShotConfig(learner="maml", inner_batch=1).inner_batch == 1


def test_a_regularizer_is_for_classical_training() -> None:
    with pytest.raises(ValueError, match="regularizer feature-clustering is for the classical learner, not prototype"):
        FewShotConfig(regularizer="feature-clustering")
