"""Evaluation in each mode of batch norm: what depends on what, and what is told of it."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.backbones.batch_norm import BatchNormMode, batch_norm_of, estimate_statistics, in_mode
from models.backbones.encoder import EncoderOptions
from models.backbones.encoders import build_encoder
from models.fewshot import task_evaluation
from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest, evaluate_run
from models.fewshot.config import FewShotConfig
from models.fewshot.episodes import Episode, Episodes, EpisodeShape
from models.fewshot.evaluation import embed, episode_accuracies
from models.fewshot.heads import prototype_logits
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.fewshot.task_evaluation import task_accuracies
from models.progress import Progress
from tests.support.fewshot import random_classes

CONFIG = FewShotConfig(
    encoder="4x32",
    width=4,
    way=3,
    query=2,
    tasks=2,
    batches=2,
    epochs=1,
    validation_episodes=5,
    test_episodes=5,
    inner_steps=1,
    fine_tuning_steps=1,
    way_through_tasks="loop",
)
TEST = EpisodeTest(way=3, shots=(2,), query=3, episodes=30)
DATA = FewShotData(
    "random images", {name: random_classes(name, (8,) * 4, size=16) for name in ("train", "val", "test")}
)
EPISODES = Episodes(DATA, "test", EpisodeShape(3, 2, 3))
MODES: list[BatchNormMode] = ["running", "episode", "support"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FewShotRun]:
    folder = tmp_path_factory.mktemp("runs")
    for learner in ("prototype", "maml"):
        with Progress(quiet=True) as progress:
            run_few_shot(replace(CONFIG, learner=learner), DATA, folder / learner, progress)  # type: ignore[arg-type]
    return {learner: load_run(folder / learner) for learner in ("prototype", "maml")}


def evaluated(run: FewShotRun, mode: BatchNormMode | None, against: FewShotRun | None = None) -> dict[str, Any]:
    with Progress(quiet=True) as progress:
        return evaluate_run(run, DATA, replace(TEST, batch_norm=mode), against, progress)[0]


def encoder_in(mode: BatchNormMode) -> nn.Module:
    encoder = build_encoder("4x32", EncoderOptions(image_shape=(3, 16, 16), width=8))
    estimate_statistics(encoder, [DATA.normalise(DATA.splits["train"].images)])
    return in_mode(encoder, mode)


@pytest.mark.parametrize("size", [1, 1 << 16])
@pytest.mark.parametrize("mode", MODES)
def test_accuracies_are_those_of_a_loop_over_episodes_and_queries(
    mode: BatchNormMode, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_evaluation, "_EMBEDDED_PIXELS", size)
    encoder = encoder_in(mode).train()
    found = task_accuracies(encoder, EPISODES, 20, prototype_logits)
    assert encoder.training
    for number in range(20):
        support, _, query, labels = (part[0] for part in EPISODES.batch([number]))
        known, asked = features_one_by_one(encoder.eval(), support, query, mode)
        prototypes = known.view(3, 2, -1).mean(1)
        answers = torch.cdist(asked, prototypes).argmin(1)
        assert found[number] == pytest.approx((answers == labels).double().mean().item())


@torch.no_grad()
def features_one_by_one(
    encoder: nn.Module, support: Tensor, query: Tensor, mode: BatchNormMode
) -> tuple[Tensor, Tensor]:
    if mode == "support":
        return encoder(support), torch.stack([encoder(torch.cat([support, image[None]]))[-1] for image in query])
    together = encoder(torch.cat([support, query]))
    return together[: len(support)], together[len(support) :]


def test_images_embedded_once_and_with_each_episode_give_the_same_accuracies_in_mode_running() -> None:
    encoder = encoder_in("running")
    once = episode_accuracies(embed(encoder, DATA, "test"), EPISODES, 50, prototype_logits)
    assert torch.equal(task_accuracies(encoder, EPISODES, 50, prototype_logits), once)


class OtherQueries:
    """Episodes whose queries are all others, but for the first."""

    shape = EPISODES.shape

    def batch(self, numbers: Any) -> Episode:
        episode = EPISODES.batch(numbers)
        query = episode.query.clone()
        query[:, 1:] = 3 * query[:, 1:].flip(1) + 2
        return episode._replace(query=query)


@pytest.mark.parametrize(("mode", "leaks"), [("running", False), ("episode", True), ("support", False)])
def test_other_queries_change_a_querys_logits_in_mode_episode_alone(mode: BatchNormMode, leaks: bool) -> None:
    seen: list[Tensor] = []

    def head(query: Tensor, support: Tensor, labels: Tensor, ways: int) -> Tensor:
        seen.append(prototype_logits(query, support, labels, ways)[:, 0])
        return prototype_logits(query, support, labels, ways)

    for episodes in (EPISODES, OtherQueries()):
        task_accuracies(encoder_in(mode), episodes, 4, head)  # type: ignore[arg-type]
    assert torch.allclose(seen[0], seen[1], rtol=1e-5, atol=1e-5) != leaks


def test_the_report_names_the_mode_and_the_default_is_the_learners(runs: dict[str, FewShotRun]) -> None:
    told = {"running": "running", "episode": "episode (transductive)", "support": "support"}
    for mode in MODES:
        assert evaluated(runs["prototype"], mode)["batch_norm"] == told[mode]
    assert evaluated(runs["maml"], "support")["batch_norm"] == "support"
    assert evaluated(runs["maml"], None)["batch_norm"] == "episode (transductive)"
    assert evaluated(runs["prototype"], None) == evaluated(runs["prototype"], "running")
    assert batch_norm_of(runs["prototype"].network) == "running"
    accuracies = [evaluated(runs["prototype"], mode)["accuracies"] for mode in MODES]
    assert accuracies[0] != accuracies[1] != accuracies[2]


def test_a_comparison_tells_the_mode_of_both_runs(runs: dict[str, FewShotRun]) -> None:
    record = evaluated(runs["prototype"], None, runs["maml"])
    assert (record["batch_norm"], record["against"]["batch_norm"]) == ("running", "episode (transductive)")
    record = evaluated(runs["prototype"], "support", runs["maml"])
    assert record["batch_norm"] == record["against"]["batch_norm"] == "support"


def test_running_statistics_that_were_never_taken_are_missed(runs: dict[str, FewShotRun]) -> None:
    message = r"maml: batch_norm is 'running', but the network has no running statistics: .* mode 'episode'; allowed"
    with pytest.raises(ValueError, match=message):
        evaluated(runs["maml"], "running")
    with pytest.raises(ValueError, match=message):
        evaluated(runs["prototype"], "running", runs["maml"])
    with pytest.raises(ValueError, match="batch_norm is 'own'; allowed are running, episode, support"):
        evaluated(runs["prototype"], "own")  # type: ignore[arg-type]


def test_fine_tuning_keeps_the_number_of_ways(runs: dict[str, FewShotRun]) -> None:
    with (
        Progress(quiet=True) as progress,
        pytest.raises(ValueError, match=r"maml has 3 outputs, .* so 2-way episodes do not fit"),
    ):
        evaluate_run(runs["prototype"], DATA, replace(TEST, way=2), runs["maml"], progress)


def test_features_that_are_not_finite_name_the_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        shape = EPISODES.shape

        def batch(self, numbers: Any) -> Episode:
            episode = EPISODES.batch(numbers)
            if 5 in numbers:
                episode.query[list(numbers).index(5), 3] = float("nan")
            return episode

    for size in (1, 3 * 15 * 16 * 16 * 4):
        monkeypatch.setattr(task_evaluation, "_EMBEDDED_PIXELS", size)
        with pytest.raises(ValueError, match="the features of episode 5 are not finite"):
            task_accuracies(encoder_in("running"), Broken(), 20, prototype_logits)


def test_a_test_without_shots_or_with_a_single_episode_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no number of shots to evaluate; name one or more"):
        EpisodeTest(shots=())
    with pytest.raises(ValueError, match="number of episodes is 1; allowed are 2 and more, for a standard error"):
        EpisodeTest(episodes=1)


def test_a_copy_changes_its_mode_and_the_network_keeps_its_own() -> None:
    network = encoder_in("running")
    assert in_mode(network, "running") is network
    changed = in_mode(network, "episode")
    assert (batch_norm_of(changed), batch_norm_of(network)) == ("episode", "running")
    assert batch_norm_of(in_mode(changed, "running")) == "running"
    without = nn.Linear(2, 2)
    assert in_mode(without, "episode") is without
