"""The losses against loops from their formulas, closed forms, and what must leave them as they are."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from models.selfsup.losses.byol import byol_loss
from models.selfsup.losses.classification import Classification
from models.selfsup.losses.contrastive import contrastive_problem, nt_xent
from models.selfsup.losses.prototype import prototype_loss, prototype_problem
from models.selfsup.losses.ridge import dual_logits, primal_logits, ridge_loss, ridge_problem
from models.selfsup.losses.rotation import TurnHead, turn_problem
from tests.support.selfsup_losses import (
    LOSSES,
    looped_byol,
    looped_nt_xent,
    looped_prototype,
    looped_ridge,
)

IMAGES, FEATURES = 6, 5


def drawn(views: int = 2, images: int = IMAGES, features: int = FEATURES, seed: int = 0) -> Tensor:
    return torch.randn(views, images, features, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
def test_nt_xent_equals_a_loop(temperature: float) -> None:
    views = drawn()
    assert nt_xent(views, temperature).item() == pytest.approx(looped_nt_xent(views.numpy(), temperature), rel=1e-12)


@pytest.mark.parametrize(("support", "query"), [(1, 1), (2, 3), (4, 1)])
def test_the_prototype_loss_equals_a_loop(support: int, query: int) -> None:
    known, asked = drawn(support), drawn(query, seed=1)
    expected = looped_prototype(known.numpy(), asked.numpy(), 0.5)
    assert prototype_loss(known, asked, 0.5).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("support", "query", "features"), [(1, 1, 5), (1, 1, 8), (3, 2, 5), (2, 1, 12), (2, 1, 13)])
def test_the_ridge_loss_equals_a_loop_in_the_primal_and_the_dual(support: int, query: int, features: int) -> None:
    known, asked = drawn(support, features=features), drawn(query, features=features, seed=1)
    expected = looped_ridge(known.numpy(), asked.numpy(), 2.0, 0.3)
    assert ridge_loss(known, asked, 2.0, 0.3).item() == pytest.approx(expected, rel=1e-12)


def test_byol_equals_a_loop() -> None:
    predictions, targets = drawn(), drawn(seed=1)
    expected = looped_byol(predictions.numpy(), targets.numpy())
    assert byol_loss(predictions, targets).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_equal_finite_differences(name: str) -> None:
    if name == "byol":
        assert gradcheck(partial(byol_loss, targets=drawn(seed=1)), drawn().requires_grad_())
        return
    for views in (1, 2) if name != "nt_xent" else (1,):
        known, asked = drawn(views).requires_grad_(), drawn(views, seed=1).requires_grad_()
        assert gradcheck(LOSSES[name], (known, asked))


def test_gradients_of_turns_and_of_a_learned_scale_equal_finite_differences() -> None:
    head = TurnHead(FEATURES).double()
    turns = torch.tensor([0, 1, 2, 3, 3, 1])
    assert gradcheck(lambda projections: turn_problem(head(projections), turns).loss, drawn(1)[0].requires_grad_())
    scale = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda one: ridge_problem(drawn(1), drawn(1, seed=1), 2.0, 0.3, scale=one).loss, scale)


def test_byol_sends_no_gradient_to_its_targets() -> None:
    predictions, targets = drawn().requires_grad_(), drawn(seed=1).requires_grad_()
    byol_loss(predictions, targets).backward()
    assert predictions.grad is not None
    assert targets.grad is None


def test_primal_and_dual_logits_agree_with_their_gradients() -> None:
    support, queries = drawn(2).requires_grad_(), drawn(1, seed=1)[0].requires_grad_()
    logits = [solve(support, queries, 0.6) for solve in (primal_logits, dual_logits)]
    torch.testing.assert_close(*logits, rtol=1e-11, atol=1e-11)
    weights = drawn(1, images=IMAGES, features=IMAGES, seed=2)[0]
    gradients = [torch.autograd.grad((one * weights).sum(), (support, queries)) for one in logits]
    torch.testing.assert_close(*gradients, rtol=1e-11, atol=1e-11)


def test_equal_features_give_the_loss_of_chance() -> None:
    equal = torch.ones(1, IMAGES, FEATURES, dtype=torch.float64)
    chance = {
        "nt_xent": math.log(2 * IMAGES - 1),
        "prototype": math.log(IMAGES),
        "ridge": math.log(IMAGES),
        "byol": 0.0,
    }
    assert {name: loss(equal, equal).item() for name, loss in LOSSES.items()} == pytest.approx(chance, abs=1e-12)


@pytest.mark.parametrize("features", [8, 40])
def test_orthonormal_pairs_have_closed_forms(features: int) -> None:
    images, temperature, ridge = 8, 0.5, 3.0
    pairs = torch.eye(features, dtype=torch.float64)[:images].expand(1, -1, -1)
    contrastive = nt_xent(torch.cat((pairs, pairs)), temperature).item()
    assert contrastive == pytest.approx(
        math.log(math.exp(1 / temperature) + 2 * images - 2) - 1 / temperature, rel=1e-12
    )
    prototype = prototype_loss(pairs, pairs, temperature).item()
    assert prototype == pytest.approx(math.log(1 + (images - 1) * math.exp(-2 / temperature)), rel=1e-12)
    own = 1 / (1 + ridge * temperature)
    expected = math.log(math.exp(own) + images - 1) - own
    assert ridge_loss(pairs, pairs, ridge, temperature).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_order_common_rotation_and_lengths_leave_a_loss_as_it_is(name: str) -> None:
    loss, known, asked = LOSSES[name], drawn(1), drawn(1, seed=1)
    before = loss(known, asked).item()
    order = torch.randperm(IMAGES, generator=torch.Generator().manual_seed(2))
    rotation, _ = torch.linalg.qr(drawn(1, FEATURES, FEATURES, seed=3)[0])
    lengths = drawn(1, IMAGES, 1, seed=4).exp()
    assert loss(known[:, order], asked[:, order]).item() == pytest.approx(before, rel=1e-12)
    assert loss(known @ rotation, asked @ rotation).item() == pytest.approx(before, rel=1e-12)
    assert loss(known * lengths, asked * 7).item() == pytest.approx(before, rel=1e-12)


@pytest.mark.parametrize("name", ["nt_xent", "byol"])
def test_views_can_change_places(name: str) -> None:
    known, asked = drawn(1), drawn(1, seed=1)
    assert LOSSES[name](known, asked).item() == pytest.approx(LOSSES[name](asked, known).item(), rel=1e-12)


@pytest.mark.parametrize("factor", [0.01, 3.0, 500.0])
def test_the_product_of_ridge_and_temperature_alone_counts(factor: float) -> None:
    known, asked = drawn(2), drawn(1, seed=1)
    changed = ridge_problem(known, asked, 2.0 * factor, 0.3 / factor).logits
    torch.testing.assert_close(changed, ridge_problem(known, asked, 2.0, 0.3).logits, rtol=1e-12, atol=1e-14)


def test_the_published_ridge_keeps_logits_small_and_its_loss_near_that_of_chance() -> None:
    ridge, temperature = 50.0, 0.1
    even = torch.eye(128, dtype=torch.float64).repeat(1, 8, 1)  # 1024 views, spread evenly over 128 dimensions
    problem = ridge_problem(even, even, ridge, temperature)
    assert problem.logits.diagonal().mean().item() == pytest.approx(1 / (8 + ridge * temperature))
    assert problem.loss.item() == pytest.approx(6.855, abs=1e-3)
    assert problem.loss < math.log(1024)
    for images in (4, 30, 300):
        known, asked = drawn(1, images, 16), drawn(1, images, 16, seed=1)
        logits = ridge_problem(known, torch.cat((asked, known)), ridge, temperature).logits
        assert logits.abs().max() <= 1 / (2 * math.sqrt(ridge * temperature))


def test_protonet_of_one_view_is_one_sided_cross_entropy_of_cosines_at_half_the_temperature() -> None:
    known, asked = drawn(1), drawn(1, seed=1)
    cosines = torch.nn.functional.normalize(asked[0], dim=1) @ torch.nn.functional.normalize(known[0], dim=1).T
    expected = torch.nn.functional.cross_entropy(cosines / 0.25, torch.arange(IMAGES))
    assert prototype_loss(known, asked, 0.5).item() == pytest.approx(expected.item(), rel=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("autocast", [False, True])
def test_losses_and_gradients_are_finite_at_a_low_temperature(dtype: torch.dtype, autocast: bool) -> None:
    known, asked = (drawn(1, 64, 32, seed=seed).to(dtype).requires_grad_() for seed in (0, 1))
    views = torch.cat((known, asked))
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        losses = (
            nt_xent(views, 0.005),
            prototype_loss(known, asked, 0.005),
            ridge_loss(known, asked, 50.0, 0.005),
            ridge_loss(known, asked, 0.005, 0.005),
        )
    for loss in losses:
        known.grad = asked.grad = None
        loss.backward(retain_graph=True)  # type: ignore[no-untyped-call]  # views are of all
        assert loss.dtype == torch.float32
        assert loss.isfinite()
        assert all(views.grad is not None and views.grad.isfinite().all() for views in (known, asked))


def test_autocast_changes_no_digit() -> None:
    known, asked = drawn(1, 64, 32).float(), drawn(1, 64, 32, seed=1).float()
    before = [loss(known, asked) for loss in LOSSES.values()]
    with torch.autocast("cpu", torch.bfloat16):
        assert [loss(known, asked) for loss in LOSSES.values()] == before


@pytest.mark.parametrize("first", [0, 2])
def test_a_part_of_the_queries_has_its_share_of_the_loss(first: int) -> None:
    known, asked = drawn(2), drawn(2, seed=1)
    part = asked[:, first : first + 2]
    classes = torch.arange(first, first + 2).repeat(2)
    places = (torch.arange(2).view(-1, 1) * IMAGES + torch.arange(first, first + 2)).flatten()
    for problem in (
        partial(prototype_problem, temperature=0.5),
        partial(ridge_problem, ridge=2.0, temperature=0.5),
    ):
        found, whole = problem(known, part, first=first), problem(known, asked)
        assert found.labels.equal(classes)
        torch.testing.assert_close(found.logits, whole.logits[places])
    found, whole = contrastive_problem(part, asked, 0.5, first), contrastive_problem(asked, asked, 0.5)
    torch.testing.assert_close(found.logits, whole.logits[places])
    assert found.labels.equal(whole.labels[places])


def test_the_accuracy_counts_queries_nearest_to_their_own_class() -> None:
    known = torch.eye(4).expand(1, -1, -1)
    swapped = known[:, [1, 0, 2, 3]]
    assert prototype_problem(known, swapped, 0.5).accuracy == 0.5
    assert ridge_problem(known, known, 1.0, 0.5).accuracy == 1
    assert contrastive_problem(torch.cat((known, swapped)), torch.cat((known, swapped)), 0.5).accuracy == 0.5


def test_a_mixed_loss_lies_between_those_of_both_classes() -> None:
    logits, labels = drawn(1, IMAGES, IMAGES)[0], torch.arange(IMAGES)
    problem, partners = Classification(logits, labels), labels.flip(0)
    shares = torch.linspace(0, 1, IMAGES, dtype=torch.float64)
    each = -logits.log_softmax(1)
    expected = (shares * each[labels, labels] + (1 - shares) * each[labels, partners]).mean()
    assert problem.mixed_loss(partners, shares).item() == pytest.approx(expected.item(), rel=1e-12)


def test_turns_are_told_from_projections_of_length_one() -> None:
    head = TurnHead(FEATURES).double()
    projections, turns = drawn(1)[0], torch.tensor([0, 1, 2, 3, 0, 1])
    logits = head(projections)
    for row, vector, turn in zip(logits, projections, turns, strict=True):
        direct = head.linear.weight @ vector / vector.norm() / math.sqrt(0.1) + head.linear.bias
        torch.testing.assert_close(row, direct)
        assert 0 <= turn < 4
    expected = torch.nn.functional.cross_entropy(logits, turns)
    assert turn_problem(logits, turns).loss.item() == pytest.approx(expected.item())
    assert TurnHead(3)(torch.zeros(2, 3)).isfinite().all()


def test_features_that_are_not_finite_and_ridges_below_rounding_give_a_loss_that_is_not_finite() -> None:
    views, broken = torch.ones(2, 9, 4), torch.full((2, 9, 4), torch.nan)
    assert all(loss(broken[:1], broken[1:]).isnan() for loss in LOSSES.values())
    assert ridge_loss(views[:1], views[1:], 1e-30, 0.1).isnan()
    assert ridge_loss(views[:1], views[1:], 1e-3, 0.1).isfinite()


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_temperatures_and_ridges_are_above_0(value: float) -> None:
    views = drawn()
    with pytest.raises(ValueError, match=r"temperature is .*; allowed is a number above 0"):
        nt_xent(views, value)
    with pytest.raises(ValueError, match=r"temperature is .*; allowed is a number above 0"):
        prototype_loss(views, views, value)
    with pytest.raises(ValueError, match=r"ridge is .*; allowed is a number above 0"):
        ridge_loss(views, views, value, 0.1)


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"views have shape \(3, 6, 5\); needed is \(2, images, features\)"):
        nt_xent(drawn(3), 0.5)
    with pytest.raises(ValueError, match=r"support has shape \(0, 6, 5\)"):
        prototype_loss(drawn(0), drawn(1), 0.5)
    with pytest.raises(ValueError, match="support has 5 features and query 4"):
        ridge_loss(drawn(1), drawn(1, features=4), 1.0, 0.5)
    with pytest.raises(ValueError, match="query images are of classes 4 to 9; support has the 6 from 0 on"):
        prototype_problem(drawn(1), drawn(1), 0.5, first=4)
    with pytest.raises(ValueError, match="predictions have shape"):
        byol_loss(drawn(1), drawn(2))
    with pytest.raises(ValueError, match="logits have shape"):
        turn_problem(torch.zeros(3, 5), torch.zeros(3))
