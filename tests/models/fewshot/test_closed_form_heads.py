"""Prototypes and ridge regression against loops in numpy, from the formulas."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from models.fewshot.heads import prototype_logits, ridge_logits
from tests.support.episode_features import Features, random_features


def prototypes_by_loop(given: Features) -> np.ndarray:
    logits = np.zeros((len(given.query), given.query.shape[1], given.ways))
    for task, (query, support, labels) in enumerate(zip(given.query, given.support, given.labels, strict=True)):
        for way in range(given.ways):
            prototype = np.mean([x.numpy() for x, label in zip(support, labels, strict=True) if label == way], axis=0)
            for number, q in enumerate(query.numpy()):
                logits[task, number, way] = -np.mean((q - prototype) ** 2)
    return logits


def ridge_by_normal_equations(given: Features, targets: np.ndarray, regularization: float) -> np.ndarray:
    logits = []
    for query, support, target in zip(given.query.numpy(), given.support.numpy(), targets, strict=True):
        normal = support.T @ support + regularization * np.eye(support.shape[1])
        logits.append(query @ np.linalg.solve(normal, support.T @ target))
    return np.stack(logits)


@pytest.mark.parametrize(("ways", "shots"), [(2, 1), (5, 5), (20, 3)])
def test_prototypes_equal_a_loop(ways: int, shots: int) -> None:
    given = random_features(ways=ways, shots=shots)
    found = prototype_logits(given.query, given.support, given.labels, ways)
    np.testing.assert_allclose(found.numpy(), prototypes_by_loop(given), rtol=1e-12, atol=1e-12)


def test_soft_labels_weight_the_prototypes() -> None:
    given = random_features(tasks=1, ways=3, shots=2)
    soft = torch.rand(1, 6, 3, dtype=torch.float64).softmax(-1)
    prototypes = np.stack([np.average(given.support[0].numpy(), axis=0, weights=soft[0, :, way]) for way in range(3)])
    expected = -np.square(given.query[0].numpy()[:, None] - prototypes).mean(-1)
    found = prototype_logits(given.query, given.support, soft, 3)
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-12)


def test_prototypes_lose_no_digits_to_a_shared_offset() -> None:
    given = random_features(ways=5, shots=5, dimensions=640, dtype=torch.float32)
    query, support = given.query + 1000, given.support + 1000
    exact = prototype_logits(query.double(), support.double(), given.labels, 5)
    found = prototype_logits(query, support, given.labels, 5)
    assert (found - exact).abs().max() < 1e-5


@pytest.mark.parametrize("dimensions", [3, 8, 64])
@pytest.mark.parametrize("regularization", [50.0, 0.1])
def test_ridge_solves_the_normal_equations(dimensions: int, regularization: float) -> None:
    given = random_features(ways=4, shots=2, dimensions=dimensions)
    targets = np.eye(4)[given.labels.numpy()]
    found = ridge_logits(given.query, given.support, given.labels, 4, regularization=regularization)
    expected = ridge_by_normal_equations(given, targets, regularization)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dimensions", [3, 64])
def test_ridge_takes_soft_labels(dimensions: int) -> None:
    given = random_features(ways=4, shots=2, dimensions=dimensions)
    soft = torch.rand(3, 8, 4, dtype=torch.float64).softmax(-1)
    expected = ridge_by_normal_equations(given, soft.numpy(), 50.0)
    found = ridge_logits(given.query, given.support, soft, 4)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dimensions", [4, 9])
@pytest.mark.parametrize("head", [prototype_logits, ridge_logits])
def test_gradients(head, dimensions: int) -> None:
    given = random_features(tasks=2, ways=3, shots=2, queries=3, dimensions=dimensions)
    soft = torch.rand(2, 6, 3, dtype=torch.float64)

    def logits(query: Tensor, support: Tensor, soft: Tensor) -> Tensor:
        return head(query, support, soft.softmax(-1), 3)

    inputs = [each.requires_grad_() for each in (given.query, given.support, soft)]
    assert gradcheck(logits, inputs)


def test_a_regularization_that_the_dtype_cannot_hold_is_named() -> None:
    given = random_features(tasks=2, dtype=torch.float32)
    given.support[1] = 1  # whose products are exact, and the kernel's pivots zero
    with pytest.raises(ValueError, match=r"regularization is 1e-20, too small for the features of task 1 in"):
        ridge_logits(given.query, given.support, given.labels, 4, regularization=1e-20)


@pytest.mark.parametrize("regularization", [0.0, -1.0, float("nan"), float("inf")])
def test_a_regularization_out_of_range_is_named(regularization: float) -> None:
    given = random_features()
    with pytest.raises(ValueError, match=f"regularization is {regularization}; allowed is a positive number"):
        ridge_logits(given.query, given.support, given.labels, 4, regularization=regularization)
