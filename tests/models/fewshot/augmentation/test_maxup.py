"""Meta-MaxUp against loops over tasks and candidates, and against the written-out maximum."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.backbones.batch_norm import BatchNorm
from models.backbones.drop_block import DropBlock
from models.fewshot.augmentation.candidates import CandidateDraws, Candidates
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.losses import Learner
from models.fewshot.augmentation.maxup import MetaMaxUp, StepResult
from models.fewshot.augmentation.pool_log import read_pool_log
from models.fewshot.augmentation.selection import losses_of_candidates
from models.fewshot.augmentation.soft_episode import SoftEpisode
from models.fewshot.episodic import LearntScale
from models.fewshot.heads import prototype_logits, ridge_logits
from tests.support.augmentation import OPTIONS, random_episode

TASKS, NUMBERS = 5, np.arange(10, 15)
MIXED = ["cutmix:query", "self-mix:support", "rotation:task", "feature-mixup:support", "none", "mixup:task"]


def network(*, dropout: bool = False, frozen: bool = False, dtype: torch.dtype = torch.float64) -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 3, padding=1), BatchNorm(6), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Dropout(0.3), DropBlock(2, 0.2)] if dropout else []
    layers += [nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten()]
    encoder = nn.Sequential(*layers, *([nn.Dropout(0.3)] if dropout else [])).to(dtype)
    for module in encoder.modules():
        if isinstance(module, DropBlock):
            module.calls = 30_000
        if isinstance(module, BatchNorm | nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.train(not frozen)
    return encoder


def learner(head: Any = ridge_logits, **options: Any) -> Learner:
    scale = LearntScale().double()
    with torch.no_grad():
        scale.scale.fill_(20)
    return Learner(network(**options), scale, head)


def drawn(pool: str | Sequence[str] = MIXED, count: int = 4, **options: Any) -> CandidateDraws:
    return CandidateDraws(pool=Combination.parse_pool(pool, OPTIONS), count=count, tasks=TASKS, **options)


def episode(dtype: torch.dtype = torch.float64) -> SoftEpisode:
    return random_episode(tasks=TASKS, dtype=dtype)


def loss_of(one: Learner, candidates: Candidates, task: int, candidate: int) -> Tensor:
    """The losses of the queries of one candidate of one task, on its own."""
    count = candidates.entries.shape[1]
    entry = candidates.pool[candidates.entries[task, candidate]]
    draws = candidates.draws.of(np.array([task * count + candidate]))
    found = entry.of_images(candidates.episode.of(torch.tensor([task])), draws)
    features = [
        one.encoder(images.flatten(0, 2)).unflatten(0, images.shape[:3]) for images in (found.support, found.query)
    ]
    found = entry.of_features(found._replace(support=features[0], query=features[1]), draws)
    support, query = found.support.flatten(1, 2), found.query.flatten(1, 2)
    logits = one.scale(one.head(query, support, found.support_labels, 4))[0]
    losses: Tensor = -(found.query_labels[0] * logits.log_softmax(1)).sum(1)
    return losses


def step(maxup: MetaMaxUp, one: Learner, tasks: SoftEpisode | None = None) -> tuple[StepResult, list[Tensor]]:
    """A step's result and gradients."""
    for parameter in one.encoder.parameters():
        parameter.grad = None
    result = maxup.step(one, one, tasks or episode(), NUMBERS)
    result.loss.backward()
    return result, [parameter.grad for parameter in one.encoder.parameters()]


@pytest.mark.parametrize("pool", [MIXED, "medium", ["flip:shot", "cutmix:query", "cutmix:query+flip:shot"]])
@pytest.mark.parametrize("head", [ridge_logits, prototype_logits])
def test_losses_equal_a_loop_over_tasks_and_candidates(pool: Any, head: Any) -> None:
    one = learner(head, frozen=True)
    candidates = drawn(pool).of(episode(), NUMBERS)
    losses = losses_of_candidates(one, candidates)
    for task in range(TASKS):
        for candidate in range(4):
            alone = loss_of(one, candidates, task, candidate).mean().item()
            assert losses[task, candidate].item() == pytest.approx(alone, rel=1e-10)
    assert losses.std(1).min() > 0


@torch.no_grad()
def test_with_batch_statistics_too_a_candidate_depends_on_no_other() -> None:
    """The loop normalises by the statistics of the supports before augmentation, written into frozen batch norms."""
    candidates = drawn().of(episode(), NUMBERS)
    losses = losses_of_candidates(learner(), candidates)
    frozen = learner(frozen=True)
    values = candidates.episode.support.flatten(0, 2)
    for layer in frozen.encoder.children():
        if isinstance(layer, BatchNorm | nn.BatchNorm2d):
            layer.running_mean.copy_(values.mean((0, 2, 3)))
            layer.running_var.copy_(values.var((0, 2, 3), correction=0))
        values = layer(values)
    for task in range(TASKS):
        for candidate in range(4):
            alone = loss_of(frozen, candidates, task, candidate).mean().item()
            assert losses[task, candidate].item() == pytest.approx(alone, rel=1e-10)


@pytest.mark.parametrize("options", [{}, {"dropout": True}, {"frozen": True}])
def test_candidates_in_chunks_have_the_same_losses(options: Any) -> None:
    found = []
    for at_once in (1, 2, 3, 4):
        torch.manual_seed(5)
        found.append(losses_of_candidates(learner(**options), drawn().of(episode(), NUMBERS), at_once))
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-10, atol=1e-12)
        assert torch.equal(other.argmax(1), found[0].argmax(1))


def test_the_gradient_is_that_of_the_written_out_maximum() -> None:
    one = learner(frozen=True)
    maxup = MetaMaxUp(draws=drawn())
    result, found = step(maxup, one)
    candidates = drawn().of(episode(), NUMBERS)
    losses = torch.stack(
        [torch.stack([loss_of(one, candidates, task, each).mean() for each in range(4)]) for task in range(TASKS)]
    )
    written = losses.max(1).values.mean()
    assert result.loss.item() == pytest.approx(written.item(), rel=1e-10)
    expected = torch.autograd.grad(written, list(one.encoder.parameters()))
    for gradient, other in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-10, atol=1e-10)


def test_slots_take_the_maximum_of_each_query_with_all_gradients() -> None:
    one = learner(frozen=True)
    result, found = step(MetaMaxUp(draws=drawn(), select="slot"), one)
    candidates = drawn().of(episode(), NUMBERS)
    losses = torch.stack(
        [torch.stack([loss_of(one, candidates, task, each) for each in range(4)]) for task in range(TASKS)]
    )
    written = losses.max(1).values.mean()
    assert result.loss.item() == pytest.approx(written.item(), rel=1e-10)
    expected = torch.autograd.grad(written, list(one.encoder.parameters()))
    for gradient, other in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-10, atol=1e-10)
    of_tasks, _ = step(MetaMaxUp(draws=drawn()), one)
    assert result.loss >= of_tasks.loss


@pytest.mark.parametrize("pool", [MIXED, "cutmix", "large"])
def test_the_choice_leaves_no_trace(pool: Any) -> None:
    one = learner(dropout=True)
    before = {name: value.clone() for name, value in one.encoder.state_dict().items()}
    modes = {name: module.training for name, module in one.encoder.named_modules()}
    torch.manual_seed(7)
    state = torch.get_rng_state()
    losses_of_candidates(one, drawn(pool).of(episode(), NUMBERS))
    assert torch.equal(torch.get_rng_state(), state)
    after = one.encoder.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert {name: module.training for name, module in one.encoder.named_modules()} == modes
    assert all(parameter.grad is None for parameter in one.encoder.parameters())
    assert not any("forward" in vars(module) for module in one.encoder.modules())


def test_a_failed_choice_leaves_no_trace_either() -> None:
    def broken(*arguments: Any) -> Tensor:
        raise ValueError("broken")

    one = learner(broken, dropout=True)
    before = {name: value.clone() for name, value in one.encoder.state_dict().items()}
    with pytest.raises(ValueError, match="broken"):
        losses_of_candidates(one, drawn().of(episode(), NUMBERS))
    after = one.encoder.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert all(module.training for module in one.encoder.modules())


class Recorded(nn.Dropout):
    """A dropout that keeps what it is multiplied by, for values of 1."""

    def __init__(self) -> None:
        super().__init__(0.5)
        self.seen: list[Tensor] = []

    def forward(self, values: Tensor) -> Tensor:
        result = super().forward(torch.ones_like(values))
        self.seen.append(result.detach().clone())
        return values * result


def test_candidates_have_the_masks_of_the_training_that_follows() -> None:
    one = learner()
    recorded = Recorded().double()
    one = one._replace(encoder=nn.Sequential(one.encoder, recorded))
    torch.manual_seed(3)
    step(MetaMaxUp(draws=drawn("single")), one)
    for_choice, for_training = recorded.seen
    assert for_choice.shape == for_training.shape
    assert torch.equal(for_choice, for_training)
    assert 0.3 < (for_choice == 0).double().mean() < 0.7


@pytest.mark.parametrize("select", ["task", "slot"])
@pytest.mark.parametrize("entry", ["cutmix:query", "self-mix:support+mixup:query", "none"])
def test_one_candidate_of_a_pool_of_one_is_that_augmentation(entry: str, select: Any) -> None:
    one = learner(dropout=True)
    torch.manual_seed(1)
    result, found = step(MetaMaxUp(draws=drawn([entry], 1), select=select), one)
    one = learner(dropout=True)
    torch.manual_seed(1)
    candidates = drawn([entry], 1).of(episode(), NUMBERS)
    changed = Combination.parse(entry, OPTIONS).of_images(episode(), candidates.draws)
    images = torch.cat([changed.support.flatten(1, 2), changed.query.flatten(1, 2)], 1)
    features = one.encoder(images.flatten(0, 1)).unflatten(0, images.shape[:2])
    logits = one.scale(one.head(features[:, 8:], features[:, :8], changed.support_labels, 4))
    loss = cross_entropy(logits.flatten(0, 1), changed.query_labels.flatten(0, 1), reduction="none").mean()
    assert torch.equal(result.loss, loss)
    loss.backward()
    assert all(map(torch.equal, found, [parameter.grad for parameter in one.encoder.parameters()]))
    assert set(result.metrics) == {"accuracy"}


def test_entries_are_drawn_for_each_task_or_for_a_batch() -> None:
    numbers = np.arange(20)
    own = CandidateDraws(pool=Combination.parse_pool("large", OPTIONS), count=4, tasks=5).of(episode(), numbers)
    assert len({tuple(row) for row in own.entries.tolist()}) > 15
    shared = CandidateDraws(pool=own.pool, count=4, tasks=5, draw_for="batch").of(episode(), numbers)
    assert [len({tuple(row) for row in batch}) for batch in shared.entries.reshape(4, 5, 4).tolist()] == [1, 1, 1, 1]
    assert len({tuple(row) for row in shared.entries.tolist()}) > 2


def test_entries_are_drawn_with_replacement_and_uniformly() -> None:
    many = (
        CandidateDraws(pool=Combination.parse_pool("medium", OPTIONS), count=4).of(episode(), np.arange(3000)).entries
    )
    counts = np.bincount(many.reshape(-1), minlength=6)
    assert np.abs(counts - 2000).max() < 5 * 2000**0.5
    assert np.mean([len(set(row)) < 4 for row in many.tolist()]) == pytest.approx(1 - 360 / 1296, abs=0.04)


def test_processes_that_share_a_batch_draw_the_same() -> None:
    whole = drawn().of(episode(), NUMBERS)
    for process in range(2):
        part = drawn().of(episode().of(torch.arange(process, TASKS, 2)), NUMBERS[process::2])
        assert np.array_equal(part.entries, whole.entries[process::2])
        found = part.augmented(np.arange(len(part.entries)), np.zeros(len(part.entries), dtype=np.int64))
        expected = whole.augmented(np.arange(TASKS), np.zeros(TASKS, dtype=np.int64))
        mine = {int(place): group.episode.query[at] for group in found for at, place in enumerate(group.places)}
        all_of_them = {
            int(place): group.episode.query[at] for group in expected for at, place in enumerate(group.places)
        }
        for place, images in mine.items():
            assert torch.equal(images, all_of_them[2 * place + process])


@pytest.mark.parametrize("select", ["task", "slot"])
def test_the_log_says_how_often_each_entry_is_drawn_and_chosen_and_its_loss(select: Any) -> None:
    one, maxup = learner(frozen=True), MetaMaxUp(draws=drawn("single"), select=select)
    steps = [maxup.step(one, one, episode(), NUMBERS + 5 * number).metrics for number in range(3)]
    means = {name: float(np.mean([step[name].item() for step in steps])) for name in steps[0]}
    found = read_pool_log(means)
    names = [entry.name for entry in maxup.draws.pool]
    assert list(found) == names
    batches = [maxup.draws.of(episode(), NUMBERS + 5 * number) for number in range(3)]
    losses = [
        torch.stack([torch.stack([loss_of(one, batch, task, each) for each in range(4)]) for task in range(TASKS)])
        for batch in batches
    ]  # (tasks, candidates, queries)
    for index, name in enumerate(names):
        of_entry = np.concatenate([batch.entries == index for batch in batches])
        mean = torch.cat(losses).mean(2)[torch.from_numpy(of_entry)].mean().item()
        assert found[name].drawn == pytest.approx(of_entry.mean())
        assert found[name].loss == pytest.approx(mean, rel=1e-6)
        worst = [loss.argmax(1) if select == "slot" else loss.mean(2).argmax(1, keepdim=True) for loss in losses]
        chosen = [
            np.take_along_axis(batch.entries, place.numpy(), 1) for batch, place in zip(batches, worst, strict=True)
        ]
        assert found[name].chosen == pytest.approx((np.concatenate(chosen) == index).mean())


def test_an_entry_that_was_never_drawn_has_no_loss() -> None:
    assert read_pool_log({"drawn none": 0.0, "chosen none": 0.0, "loss none": 0.0, "loss": 1.0})["none"].loss is None
    assert read_pool_log({"loss": 1.0, "accuracy": 0.5}) == {}


def test_supports_that_candidates_leave_alone_are_embedded_once() -> None:
    one = learner()
    seen: list[int] = []
    one.encoder.register_forward_pre_hook(lambda _module, arguments: seen.append(len(arguments[0])))
    losses_of_candidates(one, drawn("cutmix").of(episode(), NUMBERS))
    assert seen == [TASKS * 4 * 2] + [TASKS * 4 * 3] * 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: drawn(count=0), "m is 0; allowed"),
        (lambda: CandidateDraws(pool=()), "pool is empty; allowed are 1 and more augmentations"),
        (lambda: drawn(draw_for="epoch"), "draw is 'epoch'; allowed are task, batch"),
        (lambda: MetaMaxUp(draws=drawn(), select="query"), "select is 'query'; allowed are task, slot"),
        (lambda: MetaMaxUp(draws=drawn(), at_once=0), "at_once is 0; allowed"),
    ],
)
def test_impossible_options_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
