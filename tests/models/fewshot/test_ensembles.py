"""Snapshots of a run, ensembles of them, and flip shots beside them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest, Variant, evaluate_run
from models.fewshot.config import FewShotConfig
from models.fewshot.ensembles import Ensemble
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluators import head_of
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.fewshot.snapshots import load_snapshots, snapshot_files
from models.fewshot.statistics import paired_difference
from models.progress import Progress
from tests.support.fewshot import random_classes
from tests.support.killing import killed_after

QUIET = Progress(quiet=True)
CONFIG = FewShotConfig(
    learner="ridge", encoder="4x32", width=4, way=3, query=2, tasks=2, batches=2, epochs=5, snapshots=2, test_episodes=2
)
CONFIG = replace(CONFIG, validation_episodes=2, inner_steps=1, fine_tuning_steps=1, way_through_tasks="loop")
DATA = FewShotData("few", {name: random_classes(name, (8,) * 4, size=16) for name in ("train", "val", "test")})
EPISODES = 30
ALONE, FLIPS, TOGETHER, BOTH = Variant(), Variant(flip_shots=True), Variant(ensemble=True), Variant(True, True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FewShotRun]:
    folder = tmp_path_factory.mktemp("runs")
    configs = {
        "ridge": CONFIG,
        "classical": replace(CONFIG, learner="classical"),
        "mct": replace(CONFIG, learner="mct", training_way=3),
        "maml": replace(CONFIG, learner="maml", epochs=2),
        "none": replace(CONFIG, snapshots=None, epochs=1),
    }
    for name, config in configs.items():
        run_few_shot(config, DATA, folder / name, QUIET)
    return {name: load_run(folder / name) for name in configs}


def evaluated(run: FewShotRun, *variants: Variant, against: FewShotRun | None = None, **options: Any) -> Any:
    pair = variants[0], variants[-1]
    test = EpisodeTest(way=3, shots=(2,), query=3, episodes=EPISODES, variants=pair, **options)
    return evaluate_run(run, DATA, test, against, QUIET)[0]


@torch.no_grad()
def by_hand(run: FewShotRun, networks: list[nn.Module], *, flips: bool) -> list[float]:
    """Accuracies from the images of each episode, one network and one episode at a time."""
    data = DATA.normalised_by(run.mean, run.std)
    episodes = Episodes(data, "test", EpisodeShape(3, 2, 3), 2)
    found = []
    for number in range(EPISODES):
        support, support_labels, query, query_labels = (part[0] for part in episodes.batch([number]))
        if flips:
            support, support_labels = torch.cat([support, support.flip(-1)]), support_labels.repeat(2)
        logits: list[Tensor] = []
        for network in networks:
            features = [network(images).flatten(1)[None] for images in (query, support)]
            logits.append(head_of(network, run.config.head_name)(*features, support_labels[None], 3)[0])
        mean = sum(logits, torch.zeros(())) / len(networks)
        found.append((mean.argmax(1) == query_labels).double().mean().item())
    return found


def test_a_run_keeps_the_weights_of_every_second_epoch(runs: dict[str, FewShotRun]) -> None:
    run = runs["ridge"]
    assert [path.name for path in snapshot_files(run)] == ["ridge-epoch-2.pt", "ridge-epoch-4.pt"]
    assert sorted(path.name for path in run.folder.glob("*-epoch-*")) == ["ridge-epoch-2.pt", "ridge-epoch-4.pt"]
    first, second = (network.state_dict() for network in load_snapshots(run))
    assert not torch.equal(first["blocks.0.convolution.weight"], second["blocks.0.convolution.weight"])


@pytest.mark.parametrize("learner", ["ridge", "classical", "mct"])
@pytest.mark.parametrize("variant", [ALONE, FLIPS, TOGETHER, BOTH])
def test_an_ensemble_is_the_mean_of_its_members_logits_with_mirror_images_as_shots(
    variant: Variant, learner: str, runs: dict[str, FewShotRun]
) -> None:
    run = runs[learner]
    networks = load_snapshots(run) if variant.ensemble else [run.network]
    record = evaluated(run, variant)
    assert not any(module.training for module in run.network.modules())
    assert record["accuracies"] == pytest.approx(by_hand(run, networks, flips=variant.flip_shots))
    assert (record["snapshots"], record["flip_shots"]) == (2 if variant.ensemble else 0, variant.flip_shots)


def test_an_ensemble_of_one_network_thrice_is_that_network(runs: dict[str, FewShotRun]) -> None:
    run = runs["ridge"]
    thrice = replace(run, network=Ensemble([run.network] * 3))
    assert evaluated(thrice, ALONE)["accuracies"] == evaluated(run, ALONE)["accuracies"]


def test_a_run_is_compared_with_its_own_ensemble_on_the_same_episodes(runs: dict[str, FewShotRun]) -> None:
    run = runs["ridge"]
    record = evaluated(run, BOTH, ALONE, against=run)
    values, others = (torch.tensor(one["accuracies"], dtype=torch.float64) for one in (record, record["against"]))
    assert record["against"]["snapshots"] == 0
    assert record["against"]["accuracies"] == evaluated(run, ALONE)["accuracies"]
    assert record["against"]["difference"] == paired_difference(values, others).record


def test_a_run_that_was_killed_ends_with_the_same_snapshots(runs: dict[str, FewShotRun], tmp_path: Path) -> None:
    with killed_after(3):
        run_few_shot(CONFIG, DATA, tmp_path, QUIET)
    run_few_shot(CONFIG, DATA, tmp_path, QUIET, resume=True)
    for mine, whole in zip(load_snapshots(load_run(tmp_path)), load_snapshots(runs["ridge"]), strict=True):
        states = mine.state_dict(), whole.state_dict()
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_runs_without_snapshots_or_features_for_all_episodes_are_refused(runs: dict[str, FewShotRun]) -> None:
    with pytest.raises(ValueError, match="none kept no snapshots for an ensemble; train it with --snapshots"):
        evaluated(runs["none"], TOGETHER)
    with pytest.raises(ValueError, match="maml: an ensemble is of heads on features, which maml does not have"):
        evaluated(runs["maml"], TOGETHER)
    with pytest.raises(ValueError, match="flip shots are for heads on features with batch norm in mode running, not"):
        evaluated(runs["maml"], FLIPS)
    with pytest.raises(ValueError, match="not for ridge in mode support"):
        evaluated(runs["ridge"], TOGETHER, batch_norm="support")


def test_missing_and_damaged_snapshots_are_named(runs: dict[str, FewShotRun], tmp_path: Path) -> None:
    run = replace(runs["ridge"], folder=tmp_path)
    with pytest.raises(ValueError, match=r"ridge-epoch-2\.pt is missing or damaged"):
        load_snapshots(run)
    (tmp_path / "ridge-epoch-2.pt").write_bytes((runs["ridge"].folder / "ridge-epoch-2.pt").read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"ridge-epoch-2\.pt is missing or damaged"):
        load_snapshots(run)
    torch.save({"encoder": {}}, tmp_path / "ridge-epoch-2.pt")
    with pytest.raises(ValueError, match=r"ridge-epoch-2\.pt is damaged, or of another run"):
        load_snapshots(run)


def test_more_snapshots_than_epochs_are_refused() -> None:
    for snapshots in (0, 6):
        with pytest.raises(ValueError, match=f"snapshots is {snapshots}; allowed are the integers 1 to 5, the epochs"):
            replace(CONFIG, snapshots=snapshots)
