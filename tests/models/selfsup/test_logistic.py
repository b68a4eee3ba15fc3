"""Logistic regression against scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from models.progress import Progress
from models.selfsup.probes.cached import CachedFeatures, probe_cached
from models.selfsup.probes.labels import labelled_part
from models.selfsup.probes.logistic import Standardisation, fit_logistic, fit_path
from tests.support.probes import SmallEncoder, digits_to_probe, small_digits


def peer(features: np.ndarray, labels: np.ndarray, l2: float) -> LogisticRegression:
    model = LogisticRegression(C=1 / (len(features) * l2), tol=1e-9, max_iter=10_000)
    return model.fit(features, labels)


@pytest.mark.parametrize("l2", [1e-1, 1e-3])
def test_the_same_as_scikit_learn(l2: float) -> None:
    data = small_digits()
    features = Standardisation.of(data.train.images.flatten(1).double())(data.train.images.flatten(1).double())
    expected = peer(features.numpy(), data.train.labels.numpy(), l2)
    found = fit_logistic(features, data.train.labels, 10, l2)
    single = fit_logistic(features.float(), data.train.labels, 10, l2)
    for one, tolerance in ((found, 1e-3), (single, 5e-3)):
        np.testing.assert_allclose(one.weights.T.numpy(), expected.coef_, atol=tolerance * np.abs(expected.coef_).max())
    probabilities = found.probabilities(features).numpy()
    np.testing.assert_allclose(probabilities, expected.predict_proba(features.numpy()), atol=1e-3)


def test_at_the_end_the_gradient_vanishes() -> None:
    torch.manual_seed(0)
    features, labels = torch.randn(80, 6, dtype=torch.float64), torch.randint(3, (80,))
    found = fit_logistic(features, labels, 3, 1e-2)
    errors = found.probabilities(features) - torch.nn.functional.one_hot(labels, 3)
    assert (features.T @ errors / 80 + 1e-2 * found.weights).abs().max() < 1e-5
    assert errors.mean(0).abs().max() < 1e-5


def test_a_path_ends_where_a_start_from_zeros_does() -> None:
    torch.manual_seed(0)
    features, labels = torch.randn(80, 6, dtype=torch.float64), torch.randint(3, (80,))
    last = fit_path(features, labels, 3, [1.0, 1e-1, 1e-2])[-1]
    torch.testing.assert_close(last.weights, fit_logistic(features, labels, 3, 1e-2).weights, atol=1e-3, rtol=0)


def test_standardisation_is_scikit_learns_and_constant_features_become_zero() -> None:
    torch.manual_seed(0)
    features = torch.randn(50, 4, dtype=torch.float64) * 3 + 5
    features[:, 2] = 0.1
    scaled = Standardisation.of(features)(features).numpy()
    np.testing.assert_allclose(scaled, StandardScaler().fit_transform(features.numpy()), atol=1e-12)
    assert not scaled[:, 2].any()
    single = features.float()
    assert not Standardisation.of(single)(single)[:, 2].any()


def test_the_cached_probe_is_scikit_learns_pipeline_on_the_encoders_features() -> None:
    data, encoder = digits_to_probe(), SmallEncoder()
    with Progress(quiet=True) as progress:
        features = CachedFeatures(encoder, data, progress)
    chosen = labelled_part(data.train.labels, 0.5, 0, data.classes)
    found, record = probe_cached(features, data, chosen, 1e-2, seed=0)
    train, test = (
        encoder(next(images.plain([numbers]))).detach().double().numpy()
        for images, numbers in ((data.train, chosen), (data.test, torch.arange(100)))
    )
    scaler = StandardScaler().fit(train)
    expected = peer(scaler.transform(train), data.train.labels[chosen].numpy(), 1e-2)
    np.testing.assert_allclose(found.numpy(), expected.predict_proba(scaler.transform(test)), atol=5e-3)
    assert record["optimizer"] == "l-bfgs"
    assert record["l2"] == 1e-2
    assert "search" not in record


def test_the_penalty_is_the_best_on_a_validation_part() -> None:
    data = digits_to_probe()
    with Progress(quiet=True) as progress:
        features = CachedFeatures(SmallEncoder(), data, progress)
    _, record = probe_cached(features, data, torch.arange(200), None, seed=0)
    tried = record["search"]["tried"]
    assert [one["l2"] for one in tried] == [1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5]
    assert record["l2"] == max(tried, key=lambda one: one["validation_top1"])["l2"]
    assert record["search"]["validation_images"] == 20


@pytest.mark.parametrize("l2", [0.0, -1.0, float("nan")])
def test_other_penalties_are_refused(l2: float) -> None:
    with pytest.raises(ValueError, match="l2 is"):
        fit_logistic(torch.eye(2), torch.tensor([0, 1]), 2, l2)
