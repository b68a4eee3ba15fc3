"""Training on augmented episodes through the shared loop."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor

from models.backbones.batch_norm import set_batch_norm
from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.candidates import CandidateDraws, Candidates
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.names import MODES
from models.fewshot.augmentation.pool_log import read_pool_log
from models.fewshot.augmentation.registry import AugmentationOptions
from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.augmentation.soft_episode import SoftEpisode
from models.fewshot.augmentation.training import AugmentedTraining
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.episodic import EpisodicTraining
from models.fewshot.evaluators import HEADS
from models.fewshot.heads import ridge_logits
from models.progress import Progress
from models.training.loop import run_stage
from models.training.stage import Stage
from reports.bench.memory import peak_memory
from tests.support.augmentation import ALL
from tests.support.augmented_training import DATA, EPOCHS, OPTIONS, PIXELS, TASKS, method, one, pool, step


def train(folder: Path, training: EpisodicTraining) -> list[dict[str, Any]]:
    stage = Stage(
        name="few", settings={}, epochs=EPOCHS, key="k", checkpoint=folder / "few.pt", metrics=folder / "few.jsonl"
    )
    with Progress(quiet=True) as progress:
        run_stage(stage, training, Accelerator(cpu=True), progress)
    return [json.loads(line) for line in (folder / "few.jsonl").read_text(encoding="utf-8").splitlines()]


def weights(training: EpisodicTraining) -> list[Tensor]:
    return [one for model in training.models.values() for one in model.state_dict().values()]


@pytest.mark.parametrize("head", HEADS.values())
def test_no_augmentation_trains_as_without_bit_for_bit(head: Any, tmp_path: Path) -> None:
    plain, none = method(None, head), method(one("none"), head)
    expected = train(tmp_path / "plain", plain)
    assert train(tmp_path / "none", none) == expected
    assert all(map(torch.equal, weights(plain), weights(none)))


NEUTRAL: dict[str, Callable[[Any], Any]] = {
    "happens": lambda found: found & False,  # with probability 0
    "beta": torch.ones_like,  # all of an image stays
    "between": torch.zeros_like,  # a turn by 0
}
UNCHANGED = [
    *((f"{name}:{mode}", "happens") for name in ("random-erase", "drop-channel", "solarize") for mode in MODES[name]),
    *((f"{name}:{mode}", "beta") for name in ("mixup", "cutmix", "feature-mixup") for mode in ("support", "query")),
    *((f"rotation:{mode}", "between") for mode in ("support", "query")),
    ("rotation:task", "happens"),
]


@pytest.mark.parametrize(("text", "draw"), UNCHANGED)
def test_draws_that_change_nothing_train_as_without_bit_for_bit(
    text: str, draw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = step(method(None))
    assert not torch.equal(step(method(one(text)))[0].loss, expected[0].loss)
    drawn = getattr(TaskDraws, draw)
    monkeypatch.setattr(TaskDraws, draw, lambda *arguments: NEUTRAL[draw](drawn(*arguments)))
    loss, gradients = step(method(one(text)))
    assert torch.equal(loss.loss, expected[0].loss)
    assert all(map(torch.equal, gradients, expected[1]))


@pytest.mark.parametrize("select", ["task", "slot"])
@pytest.mark.parametrize(("single", "pool"), [*((text, text) for text in ALL), ("cutmix:query", "cutmix")])
def test_one_candidate_of_a_pool_of_one_trains_as_that_augmentation_bit_for_bit(
    single: str, pool: str, select: Any
) -> None:
    given = AugmentationSettings(augment=single), AugmentationSettings(augment=f"maxup:{pool}", m=1, select=select)
    expected, found = (
        step(method(build_augmentation(settings, PIXELS, TASKS, 2), standard=PIXELS)) for settings in given
    )
    assert torch.equal(expected[0].loss, found[0].loss)
    assert all(map(torch.equal, expected[1], found[1]))


@pytest.mark.parametrize("turned", [0.0, 1.0])
def test_classes_that_never_turn_train_as_without_bit_for_bit(turned: float) -> None:
    options = AugmentationOptions(pixels=PIXELS, turned=turned)
    never = MetaMaxUp(draws=CandidateDraws(pool=[Combination.parse("rotation:task", options)], tasks=TASKS))
    expected, found = step(method(None)), step(method(never))
    assert (expected[0].loss == found[0].loss) == (turned == 0)
    assert all(map(torch.equal, expected[1], found[1])) == (turned == 0)


@pytest.mark.parametrize("head", HEADS.values())
@pytest.mark.parametrize("text", ALL)
def test_every_row_of_the_table_takes_a_step_with_every_head(text: str, head: Any) -> None:
    found, gradients = step(method(one(text), head, standard=PIXELS))
    assert found.loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert sum(gradient.abs().sum() for gradient in gradients) > 0


@pytest.mark.parametrize("draw_for", ["task", "batch"])
def test_two_processes_train_on_the_candidates_of_one(draw_for: Any) -> None:
    draws = CandidateDraws(
        pool=Combination.parse_pool("medium", OPTIONS), count=3, tasks=TASKS, draw_for=draw_for, seed=2
    )
    training = method(MetaMaxUp(draws=draws, select="slot"), standard=PIXELS)
    seen: list[Tensor] = []
    training.models["encoder"].register_forward_pre_hook(lambda _, images: seen.append(images[0].detach()))
    batch = next(iter(training.batches(0, 0)))
    for part in (batch, *(training.share(batch, process, 2) for process in range(2))):
        step(training, part)
    whole, first, second = (images.view(3, -1, 4 * (2 + 3), *DATA.shape) for images in seen)
    torch.testing.assert_close(first, whole[:, ::2], rtol=0, atol=1e-6)
    torch.testing.assert_close(second, whole[:, 1::2], rtol=0, atol=1e-6)


def of_integers(query: Tensor, support: Tensor, labels: Tensor, ways: int) -> Tensor:
    """A head without soft labels."""
    assert labels.dtype == torch.int64
    return ridge_logits(query, support, labels, ways)


def test_a_head_without_soft_labels_trains_on_what_leaves_the_supports_labels_hard() -> None:
    for augmentation in (one("cutmix:query+flip:shot+mixup:task"), pool("medium")):
        expected = step(method(augmentation, ridge_logits))
        found = step(method(augmentation, of_integers, takes_soft_labels=False))
        assert torch.equal(expected[0].loss, found[0].loss)
        assert all(map(torch.equal, expected[1], found[1]))
    with pytest.raises(ValueError, match="augmentation cutmix:support makes soft support labels, which the head does"):
        method(one("cutmix:support"), of_integers, takes_soft_labels=False)
    with pytest.raises(ValueError, match="select is 'slot', which needs a head that takes soft labels"):
        method(pool(select="slot"), of_integers, takes_soft_labels=False)


class OneCandidate:
    """The draws of a pool, of which one candidate of each task is left."""

    def __init__(self, kept: int, draws: CandidateDraws) -> None:
        self.kept, self.draws, self.pool = kept, draws, draws.pool

    def of(self, episode: SoftEpisode, numbers: Any) -> Candidates:
        found = self.draws.of(episode, numbers)
        rows = np.arange(len(numbers)) * self.draws.count + self.kept
        return Candidates(found.pool, episode, found.entries[:, [self.kept]], found.draws.of(rows))


class Stop(Exception):
    pass


@pytest.mark.parametrize("select", ["task", "slot"])
def test_a_run_with_meta_maxup_that_was_stopped_ends_with_the_same_numbers(select: Any, tmp_path: Path) -> None:
    whole = method(pool(select=select), standard=PIXELS)
    entries = train(tmp_path / "whole", whole)
    stopped = method(pool(select=select), standard=PIXELS)
    batches = stopped.batches

    def stopping(epoch: int, first: int) -> Any:
        yield from batches(epoch, first)
        if epoch == 1:
            raise Stop

    stopped.batches = stopping
    with pytest.raises(Stop):
        train(tmp_path / "parts", stopped)
    resumed = method(pool(select=select), standard=PIXELS)
    assert train(tmp_path / "parts", resumed) == entries
    assert all(map(torch.equal, weights(whole), weights(resumed)))


def test_the_metrics_of_an_epoch_tell_what_the_pool_does(tmp_path: Path) -> None:
    entries = train(tmp_path, method(pool()))
    for entry in entries:
        record = read_pool_log(entry)
        assert len(record) == 6
        assert sum(one.drawn for one in record.values()) == pytest.approx(1)
        assert sum(one.chosen for one in record.values()) == pytest.approx(1)
        assert all(one.loss is None or 0.1 < one.loss < 10 for one in record.values())


def test_each_task_has_a_number_that_goes_on_over_epochs() -> None:
    training = method(one("cutmix:query"))
    numbers = [batch[4].tolist() for epoch in range(2) for batch in training.batches(epoch, 0)]
    assert numbers == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    (taken_up,) = training.batches(1, 1)
    assert taken_up[4].tolist() == [9, 10, 11]


def test_processes_share_tasks_with_their_numbers() -> None:
    training = method(one("cutmix:query"))
    batch = next(iter(training.batches(0, 0)))
    parts = [training.share(batch, process, 2) for process in range(2)]
    assert [part[4].tolist() for part in parts] == [[0, 2], [1]]
    assert torch.equal(parts[1][0], batch[0][1:2])


def test_statistics_move_by_the_chosen_tasks_alone() -> None:
    """With one task and three candidates, they are what one of the three leaves when it is all that is drawn."""
    training = method(pool())
    batch = tuple(part[:1] for part in next(iter(training.batches(0, 0))))
    step(training, batch)
    moved = training.models["encoder"].state_dict()
    equal = []
    for candidate in range(3):
        alone = method(MetaMaxUp(draws=OneCandidate(candidate, training.augmentation.draws)))
        step(alone, batch)
        found = alone.models["encoder"].state_dict()
        equal.append(all(torch.equal(value, moved[name]) for name, value in found.items()))
    assert sum(equal) == 1


def test_meta_maxup_takes_the_memory_of_a_step_without() -> None:
    def peak(training: EpisodicTraining) -> int:
        batch = next(iter(training.batches(0, 0)))
        with peak_memory(torch.device("cpu")) as found:
            step(training, batch)
        return found[0]

    peak(method(None, width=24))  # memory that is kept from the first run on
    assert peak(method(pool("large"), width=24)) <= 1.1 * peak(method(None, width=24))


def test_an_odd_number_of_classes_and_other_batch_norms_are_refused() -> None:
    plain = method(None)
    arguments: dict[str, Any] = {"tasks": TASKS, "batches": 1}
    parts = plain.models["encoder"], plain.models["scale"], plain.head, plain.optimizers["encoder"]
    odd = Episodes(DATA, "train", EpisodeShape(5, 2, 3))
    with pytest.raises(ValueError, match="episodes have 5 classes; allowed are 2 for each way"):
        AugmentedTraining(*parts, odd, augmentation=one("mixup:task"), **arguments)
    set_batch_norm(plain.models["encoder"], "episode")
    with pytest.raises(ValueError, match="batch_norm is 'episode'; augmented training allows 'running'"):
        AugmentedTraining(*parts, odd, augmentation=one("none"), **arguments)
