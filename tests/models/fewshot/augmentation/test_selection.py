"""The losses by which Meta-MaxUp chooses, against loops over tasks and candidates, and the traces they leave."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.backbones.batch_norm import BatchNorm
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.selection import losses_of_candidates
from models.fewshot.heads import prototype_logits, ridge_logits
from tests.support.maxup import MIXED, NUMBERS, TASKS, drawn, episode, learner, loss_of, step


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


def test_supports_that_candidates_leave_alone_are_embedded_once() -> None:
    one = learner()
    seen: list[int] = []
    one.encoder.register_forward_pre_hook(lambda _module, arguments: seen.append(len(arguments[0])))
    losses_of_candidates(one, drawn("cutmix").of(episode(), NUMBERS))
    assert seen == [TASKS * 4 * 2] + [TASKS * 4 * 3] * 4
