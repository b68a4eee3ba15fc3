"""The support vector machine against a solver of convex programs and against central differences."""

import cvxpy
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from models.fewshot.heads import svm_logits
from models.fewshot.heads.interior_point import solve_dual
from tests.support.episode_features import Features, random_features

SHAPES = [(2, 1), (2, 10), (3, 4), (5, 1), (5, 5), (7, 3), (10, 1), (10, 2), (12, 2), (20, 1)]


def duals_of(given: Features, bound: float = 0.1, iterations: int = 15) -> Tensor:
    kernel = given.support @ given.support.mT
    labels = torch.nn.functional.one_hot(given.labels, given.ways).to(kernel.dtype)
    return solve_dual(kernel, labels.mT, bound, iterations).duals.mT


def objective(kernel: np.ndarray, targets: np.ndarray, duals: np.ndarray) -> float:
    return 0.5 * np.sum(duals * (kernel @ duals + duals)) - np.sum(targets * duals)


def optimum(support: np.ndarray, targets: np.ndarray, bound: float) -> tuple[float, np.ndarray]:
    """The least objective and the weights (d, ways), X^T a, there."""
    duals = cvxpy.Variable(targets.shape)
    squares = cvxpy.sum_squares(support.T @ duals) + cvxpy.sum_squares(duals)
    problem = cvxpy.Problem(
        cvxpy.Minimize(squares / 2 - cvxpy.sum(cvxpy.multiply(targets, duals))),
        [duals <= bound * targets, cvxpy.sum(duals, axis=1) == 0],
    )
    accuracy = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
    problem.solve(solver=cvxpy.CLARABEL, **accuracy)
    return problem.value, support.T @ duals.value


@pytest.mark.parametrize(("ways", "shots"), SHAPES)
def test_ten_tasks_equal_a_convex_solver(ways: int, shots: int) -> None:
    given = random_features(tasks=10, ways=ways, shots=shots, dimensions=24, seed=ways * shots)
    duals = duals_of(given).numpy()
    targets = np.eye(ways)[given.labels.numpy()]
    assert np.max(duals - 0.1 * targets) <= 1e-9
    assert np.max(np.abs(duals.sum(-1))) <= 1e-9
    logits = svm_logits(given.query, given.support, given.labels, ways).numpy()
    for task, support in enumerate(given.support.numpy()):
        best, weights = optimum(support, targets[task], 0.1)
        assert abs(objective(support @ support.T, targets[task], duals[task]) - best) <= 1e-6 * abs(best)
        np.testing.assert_allclose(logits[task], given.query[task].numpy() @ weights, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("bound", [1e-3, 0.1, 100.0])
@pytest.mark.parametrize(("ways", "shots"), [(5, 3), (20, 2)])
def test_fifteen_steps_suffice_for_any_scale_and_bound(scale: float, bound: float, ways: int, shots: int) -> None:
    """By a certificate: with the multipliers that make a point stationary, slack times pressure bounds its error."""
    given = random_features(tasks=2, ways=ways, shots=shots, dimensions=24)
    support = scale * given.support
    found = duals_of(Features(given.query, support, given.labels, ways), bound).numpy()
    targets = np.eye(ways)[given.labels.numpy()]
    for x, target, duals in zip(support.numpy(), targets, found, strict=True):
        force = target - x @ (x.T @ duals) - duals
        slack = bound * target - duals
        freest = slack.argmax(1, keepdims=True)
        pressure = force - np.take_along_axis(force, freest, 1)
        assert pressure.min() >= -1e-7
        assert np.sum(slack * np.abs(pressure)) <= 1e-6 * abs(objective(x @ x.T, target, duals))


def test_the_first_iterates_fulfil_the_constraints() -> None:
    given = random_features(ways=5, shots=5)
    targets = np.eye(5)[given.labels.numpy()]
    kernels = (given.support @ given.support.mT).numpy()
    exact = duals_of(given).numpy()
    for iterations in (1, 3):
        duals = duals_of(given, iterations=iterations).numpy()
        assert np.max(duals - 0.1 * targets) <= 1e-15
        assert np.max(np.abs(duals.sum(-1))) <= 1e-15
    for kernel, target, three, best in zip(kernels, targets, duals, exact, strict=True):
        assert objective(kernel, target, three) <= 0.95 * objective(kernel, target, best) < 0


@pytest.mark.parametrize("of_two", [False, True])
def test_soft_labels_equal_a_convex_solver(of_two: bool) -> None:
    """Of all ways, or of two as CutMix and MixUp make them, among them 0, 1 and equal ones."""
    given = random_features(tasks=4, ways=3, shots=2)
    soft = torch.rand(4, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    soft = soft / soft.sum(-1, keepdim=True)
    if of_two:
        hard = torch.nn.functional.one_hot(given.labels, 3).double()
        soft = hard.lerp(hard.roll(1, 1), torch.tensor([0.0, 0.3, 0.5, 1.0], dtype=torch.float64)[:, None, None])
    logits = svm_logits(given.query, given.support, soft, 3)
    for task in range(4):
        _, weights = optimum(given.support[task].numpy(), soft[task].numpy(), 0.1)
        np.testing.assert_allclose(logits[task].numpy(), given.query[task].numpy() @ weights, atol=1e-6)


def test_eight_steps_in_float32_reach_the_objective_in_float64() -> None:
    given = random_features(tasks=8, ways=5, shots=5, dimensions=512, dtype=torch.float32)
    support = given.support.double().numpy()
    exact = duals_of(Features(given.query.double(), given.support.double(), given.labels, 5)).numpy()
    found = duals_of(given, iterations=8)
    assert found.dtype == torch.float32
    targets = np.eye(5)[given.labels.numpy()]
    for x, target, eight, best in zip(support, targets, found.double().numpy(), exact, strict=True):
        least = objective(x @ x.T, target, best)
        assert abs(objective(x @ x.T, target, eight) - least) <= 3e-8 * abs(least)


@pytest.mark.parametrize("bound", [0.1, 0.02])
def test_gradients_of_features(bound: float) -> None:
    given = random_features(tasks=2, ways=3, shots=3, queries=2, dimensions=5)

    def logits(query: Tensor, support: Tensor) -> Tensor:
        return svm_logits(query, support, given.labels, 3, bound=bound)

    assert gradcheck(logits, [given.query.requires_grad_(), given.support.requires_grad_()])


def test_gradients_of_soft_labels() -> None:
    given = random_features(tasks=2, ways=3, shots=2, queries=2, dimensions=5)
    soft = torch.rand(2, 6, 3, dtype=torch.float64)

    def logits(soft: Tensor) -> Tensor:
        return svm_logits(given.query, given.support, soft.softmax(-1), 3)

    assert gradcheck(logits, [soft.requires_grad_()])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("iterations", [3, 15, 40])
def test_duplicates_and_zero_features_stay_finite(dtype: torch.dtype, iterations: int) -> None:
    given = random_features(tasks=3, ways=5, shots=2, dtype=dtype)
    support = given.support.clone()
    support[0] = support[0, :1]
    support[1] = 0
    support[2, 1] = support[2, 0]
    support.requires_grad_()
    query = given.query.requires_grad_()
    logits = svm_logits(query, support, given.labels, 5, iterations=iterations)
    logits.square().sum().backward()
    assert logits.isfinite().all()
    assert query.grad.isfinite().all()
    assert support.grad.isfinite().all()
    assert (logits[1] == 0).all()


@pytest.mark.parametrize("squared_norm", [1e3, 3e5])
@pytest.mark.parametrize("seed", range(5))
def test_duplicates_of_large_features_stay_finite_in_float32(squared_norm: float, seed: int) -> None:
    """Rounding of their products comes near I, so factors fail in late steps; the last good iterate stays."""
    given = random_features(ways=20, shots=5, dimensions=64, seed=seed, dtype=torch.float32)
    support = given.support * (squared_norm / 128) ** 0.5
    support[0] = support[0, :1]
    support.requires_grad_()
    logits = svm_logits(given.query, support, given.labels, 20, iterations=40)
    logits.square().sum().backward()
    assert logits.isfinite().all()
    assert support.grad.isfinite().all()


def test_features_too_large_for_the_dtype_are_named() -> None:
    given = random_features(tasks=3, dtype=torch.float32)
    given.support[2] = 1e5 * given.support[2, :1] * torch.arange(1, 9).unsqueeze(-1)
    with pytest.raises(ValueError, match="features of task 2 are too large for the support vector machine in"):
        svm_logits(given.query, given.support, given.labels, 4)


@pytest.mark.parametrize("bound", [0.0, -0.1, float("nan"), float("inf")])
def test_a_bound_out_of_range_is_named(bound: float) -> None:
    given = random_features()
    with pytest.raises(ValueError, match=f"bound is {bound}; allowed is a positive number"):
        svm_logits(given.query, given.support, given.labels, 4, bound=bound)


def test_no_iterations_are_named() -> None:
    given = random_features()
    with pytest.raises(ValueError, match="iterations is 0; allowed is an integer of at least 1"):
        svm_logits(given.query, given.support, given.labels, 4, iterations=0)
