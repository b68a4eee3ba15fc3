"""The training form of the arithmetic against the integer form, and its gradients."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from models import arithmetic
from models.arithmetic import differentiable
from models.quantization.formats import parse_weight_format
from models.quantization.straight_through import quantized_activations, scaled_activations, straight_through
from models.quantization.weight_quantizers import StatisticalQuantizer

Formula = Callable[[Tensor, int, int], Tensor]


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


def plain_cyclic(values: Tensor, bits: int, slope: int) -> Tensor:
    half = float(1 << (bits - 1))
    wrapped = differentiable.wrap(values, bits)
    folded = slope * (torch.copysign(torch.full_like(wrapped, half), wrapped) - wrapped)
    return torch.where(wrapped.abs() > slope * half / (slope + 1), folded, wrapped)


def plain_relu_like(values: Tensor, bits: int, slope: int) -> Tensor:
    half = float(1 << (bits - 1))
    wrapped = differentiable.wrap(values, bits)
    return torch.where(wrapped > slope * half / (slope + 1), slope * (half - wrapped), wrapped.clamp(min=0))


def plain_absolute(values: Tensor, bits: int, slope: int) -> Tensor:
    return differentiable.wrap(values, bits).abs()


def plain_penalty(values: Tensor, bits: int, slope: int) -> Tensor:
    return (values.abs() - float(1 << (bits - 1))).clamp(min=0).mean()


FUNCTIONS: list[tuple[Formula, Formula]] = [
    (differentiable.cyclic, plain_cyclic),
    (differentiable.relu_like, plain_relu_like),
    (lambda values, bits, slope: differentiable.absolute(values, bits), plain_absolute),
    (lambda values, bits, slope: differentiable.overflow_penalty(values, bits), plain_penalty),
]


def value_and_gradient(function: Callable[[Tensor], Tensor], values: Tensor) -> tuple[Tensor, Tensor]:
    leaf = values.clone().requires_grad_()
    result = function(leaf)
    weights = torch.linspace(-3, 5, result.numel(), dtype=values.dtype).view_as(result)
    (gradient,) = torch.autograd.grad((result * weights).sum(), leaf)
    return result.detach(), gradient


@pytest.mark.parametrize(("function", "plain"), FUNCTIONS, ids=["cyclic", "relu-like", "absolute", "penalty"])
@pytest.mark.parametrize("bits", [2, 3, 8])
@pytest.mark.parametrize("slope", [1, 2, 3, 1000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_are_those_of_the_plain_formulas(
    function: Formula, plain: Formula, bits: int, slope: int, dtype: torch.dtype
) -> None:
    sums = torch.arange(-3 * 2**bits, 3 * 2**bits, dtype=dtype)  # every fold, every end of a period
    between = 2**bits * torch.randn(1000, dtype=dtype, generator=torch.Generator().manual_seed(0))
    for values in (sums, between):
        ours = value_and_gradient(lambda leaf: function(leaf, bits, slope), values)
        expected = value_and_gradient(lambda leaf: plain(leaf, bits, slope), values)
        assert torch.allclose(ours[0], expected[0], rtol=1e-6, atol=0)
        assert torch.equal(ours[1], expected[1])


@pytest.mark.parametrize(("function", "plain"), FUNCTIONS, ids=["cyclic", "relu-like", "absolute", "penalty"])
def test_gradients_pass_gradcheck_between_integers(function: Formula, plain: Formula) -> None:
    # 0.3 off the integers: no fold of slope 1, 2 or 3 and 4 bits is as near as the check's steps.
    values = (torch.arange(-30, 30, dtype=torch.float64) + 0.3).requires_grad_()
    for slope in (1, 2, 3):
        assert torch.autograd.gradcheck(lambda leaf, slope=slope: function(leaf, 4, slope), [values])


@pytest.mark.parametrize(("function", "plain"), FUNCTIONS, ids=["cyclic", "relu-like", "absolute", "penalty"])
def test_inputs_are_left_alone(function: Formula, plain: Formula) -> None:
    values = torch.arange(-400.0, 400.0, requires_grad=True)
    torch.autograd.grad(function(values, 8, 2).sum(), values)
    assert torch.equal(values.detach(), torch.arange(-400.0, 400.0))


@pytest.mark.parametrize(("function", "plain"), FUNCTIONS, ids=["cyclic", "relu-like", "absolute", "penalty"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_large_inputs_of_any_layout_are_computed_as_small_ones(
    function: Formula, plain: Formula, layout: torch.memory_format
) -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(-300, 300, (7, 8, 80, 80), generator=generator).float().contiguous(memory_format=layout)
    ours = value_and_gradient(lambda leaf: function(leaf, 8, 2), values)
    expected = value_and_gradient(lambda leaf: plain(leaf, 8, 2), values)
    assert torch.allclose(ours[0], expected[0], rtol=1e-5, atol=0)
    assert torch.equal(ours[1], expected[1])
    assert ours[0].stride() == expected[0].stride()


def test_cyclic_keeps_a_byte_per_sum_for_its_gradient() -> None:
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        differentiable.cyclic(torch.zeros(100, requires_grad=True), 8, 2)
    assert [tensor.nbytes for tensor in kept] == [100]


@pytest.mark.parametrize(("smallest", "largest"), [(0.0, 7.0), (-4.0, 3.0)])
@pytest.mark.parametrize("step", [0.25, 0.3])
def test_quantized_activations_have_the_gradients_of_the_plain_formulas(
    smallest: float, largest: float, step: float
) -> None:
    limits = torch.tensor(step), torch.tensor(smallest), torch.tensor(largest)
    noise = 3 * torch.randn(1000, generator=torch.Generator().manual_seed(0))
    activations = torch.cat([torch.arange(-20, 20) * 0.25, noise])  # the limits themselves, and others

    def plain(values: Tensor) -> Tensor:
        return (values / limits[0]).clamp(limits[1], limits[2])

    scaled, gradient = value_and_gradient(plain, activations)
    ours = value_and_gradient(lambda values: scaled_activations(values, *limits), activations)
    assert torch.equal(ours[0], scaled)
    assert torch.equal(ours[1], gradient)
    ours = value_and_gradient(lambda values: quantized_activations(values, *limits), activations)
    assert torch.equal(ours[0], scaled.round())
    assert torch.equal(ours[1], gradient)


@pytest.mark.parametrize("kind", ["binary", "ternary"])
def test_quantized_weights_have_the_gradients_of_a_clamp(kind: str) -> None:
    weight = torch.randn(8, 100, generator=torch.Generator().manual_seed(0))
    weight[0, :3] = torch.tensor([-1.0, 0.0, 1.0])
    signs, gradient = value_and_gradient(
        lambda values: StatisticalQuantizer(parse_weight_format(kind))(values)[0], weight
    )
    _, clamped = value_and_gradient(lambda values: values.clamp(-1, 1), weight)
    assert torch.equal(gradient, clamped)
    assert set(signs.flatten().tolist()) == ({-1, 1} if kind == "binary" else {-1, 0, 1})


def test_straight_through_takes_the_value_of_one_and_the_gradient_of_the_other() -> None:
    values = torch.tensor([0.3, 1.7])
    result, gradient = value_and_gradient(lambda leaf: straight_through(leaf**2, leaf.round()), values)
    assert result.tolist() == [0, 2]
    assert torch.equal(gradient, 2 * values * torch.tensor([-3.0, 5.0]))
