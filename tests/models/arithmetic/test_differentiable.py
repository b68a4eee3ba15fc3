"""The training form of the arithmetic against the integer form, and its gradients."""

import pytest
import torch

from models import arithmetic
from models.arithmetic import differentiable


@pytest.mark.parametrize("bits", range(2, 13))
@pytest.mark.parametrize("slope", [1, 2, 3, 4, 10, 1000])
def test_agrees_with_the_integers_on_every_sum(bits: int, slope: int) -> None:
    sums = torch.arange(-3 * 2**bits, 3 * 2**bits)
    floats = sums.float()
    assert torch.equal(differentiable.wrap(floats, bits), arithmetic.wrap(sums, bits).float())
    assert torch.equal(differentiable.cyclic(floats, bits, slope), arithmetic.cyclic(sums, bits, slope).float())
    assert torch.equal(differentiable.relu_like(floats, bits, slope), arithmetic.relu_like(sums, bits, slope).float())
    assert torch.equal(differentiable.absolute(floats, bits), arithmetic.absolute(sums, bits).float())


def test_agrees_up_to_the_largest_sums_of_float32() -> None:
    sums = torch.arange(2**24 - 1000, 2**24)
    for signed in (sums, -sums):
        assert torch.equal(differentiable.cyclic(signed.float(), 12, 2), arithmetic.cyclic(signed, 12, 2).float())


@pytest.mark.parametrize("function", [differentiable.cyclic, differentiable.relu_like])
def test_gradients_equal_finite_differences_away_from_the_folds(function) -> None:  # type: ignore[no-untyped-def]
    values = torch.linspace(-300, 300, 996, dtype=torch.float64, requires_grad=True)
    function(values, 8, 2).sum().backward()
    with torch.no_grad():
        difference = (function(values + 1e-6, 8, 2) - function(values - 1e-6, 8, 2)) / 2e-6
    assert values.grad is not None
    assert torch.allclose(values.grad, difference, atol=1e-4)


def test_overflow_penalty_by_hand() -> None:
    values = torch.tensor([0.0, 127.0, 130.0, -131.0], requires_grad=True)
    penalty = differentiable.overflow_penalty(values, 8)
    penalty.backward()
    assert penalty.item() == (0 + 0 + 2 + 3) / 4
    assert values.grad is not None
    assert values.grad.tolist() == [0, 0, 0.25, -0.25]
