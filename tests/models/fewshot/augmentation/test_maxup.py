"""Steps of Meta-MaxUp against the written-out maximum, and the log of its pool."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from models.fewshot.augmentation.candidates import CandidateDraws
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.pool_log import read_pool_log
from models.fewshot.heads import prototype_logits, ridge_logits
from tests.support.augmentation import OPTIONS
from tests.support.maxup import MIXED, NUMBERS, TASKS, drawn, episode, learner, loss_of, step


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


@pytest.mark.parametrize("pool", [MIXED, "medium", "large"])
@pytest.mark.parametrize("head", [ridge_logits, prototype_logits])
@pytest.mark.parametrize("count", [2, 4])
def test_slots_are_never_below_tasks(pool: Any, head: Any, count: int) -> None:
    one = learner(head, frozen=True)
    for seed in range(3):
        draws = drawn(pool, count, seed=seed)
        of_slots, of_tasks = (step(MetaMaxUp(draws=draws, select=each), one)[0].loss for each in ("slot", "task"))
        assert of_slots >= of_tasks * (1 - 1e-12)


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
