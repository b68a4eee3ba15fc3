"""Nearest neighbours against a plain loop."""

import math

import numpy as np
import pytest
import torch

from models.selfsup.probes import nearest
from models.selfsup.probes.nearest import nearest_neighbours


def by_loop(
    features: np.ndarray, labels: np.ndarray, queries: np.ndarray, classes: int, neighbours: int, temperature: float
) -> np.ndarray:
    found = []
    for query in queries:
        cosines = [float(query @ one / np.linalg.norm(query) / np.linalg.norm(one)) for one in features]
        order = sorted(range(len(features)), key=lambda index: -cosines[index])[:neighbours]
        votes = [0.0] * classes
        for index in order:
            votes[labels[index]] += math.exp(cosines[index] / temperature)
        found.append([vote / sum(votes) for vote in votes])
    return np.array(found)


@pytest.mark.parametrize(("neighbours", "temperature"), [(1, 0.1), (7, 0.1), (200, 0.1), (20, 0.5)])
def test_equal_to_a_loop(neighbours: int, temperature: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_SIMILARITIES_AT_ONCE", 150)  # several parts
    random = np.random.default_rng(0)
    features, queries = random.normal(size=(60, 5)), random.normal(size=(11, 5)) * 100
    labels = random.integers(0, 4, 60)
    expected = by_loop(features, labels, queries, 4, neighbours, temperature)
    tensors = torch.from_numpy(features), torch.from_numpy(labels), torch.from_numpy(queries)
    found = nearest_neighbours(*tensors, 4, neighbours, temperature)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_low_temperatures_do_not_overflow() -> None:
    features = torch.eye(3)
    votes = nearest_neighbours(features, torch.tensor([0, 1, 2]), features, 3, temperature=1e-3)
    assert votes.argmax(1).tolist() == [0, 1, 2]
    assert votes.isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"), [({"neighbours": 0}, "neighbours is 0"), ({"temperature": 0.0}, "0.0")]
)
def test_bad_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nearest_neighbours(torch.eye(2), torch.tensor([0, 1]), torch.eye(2), 2, **options)  # type: ignore[arg-type]
