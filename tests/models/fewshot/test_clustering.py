"""R_FC and R_HV against numpy from the formulas, and against the relation that the published pairs obey."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from models.fewshot.measures import (
    feature_clustering,
    feature_clustering_of_batch,
    feature_clustering_of_split,
    hyperplane_variation,
    isotropic_hyperplane_variation,
)
from reports.fewshot.published import PUBLISHED


def variance_ratio(features: np.ndarray) -> float:
    """The printed R_FC of features (classes, samples, d), by loops."""
    classes, samples, _ = features.shape
    mean = features.reshape(-1, features.shape[-1]).mean(0)
    within = between = 0.0
    for of_class in features:
        between += np.sum((of_class.mean(0) - mean) ** 2)
        within += sum(np.sum((each - of_class.mean(0)) ** 2) for each in of_class)
    return classes / samples * within / between


def isotropic_pairs(spread: float, pairs: int = 4000, dimensions: int = 200, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(pairs, 2, 1, dimensions, dtype=torch.float64, generator=generator)
    return centres + spread * torch.randn(pairs, 2, 2, dimensions, dtype=torch.float64, generator=generator)


def published_pairs() -> list[tuple[float, float]]:
    return [row[-2:] for number in ("5.2", "5.5") for row in PUBLISHED[number].rows]


def test_clustering_of_pairs_equals_the_formula_averaged() -> None:
    pairs = isotropic_pairs(1.5, pairs=20, dimensions=7)
    expected = np.mean([variance_ratio(pair) for pair in pairs.numpy()])
    assert feature_clustering(pairs).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("classes", "samples"), [(2, 2), (64, 2), (5, 30)])
def test_clustering_of_a_batch_equals_the_formula(classes: int, samples: int) -> None:
    features = np.random.default_rng(0).normal(size=(classes, samples, 9)) + np.arange(classes)[:, None, None]
    found = feature_clustering_of_batch(torch.from_numpy(features))
    assert found.item() == pytest.approx(variance_ratio(features), rel=1e-6)


def test_clustering_of_a_split_is_that_of_a_batch_and_takes_classes_of_unequal_size() -> None:
    features = np.random.default_rng(0).normal(size=(5, 30, 9)) + np.arange(5)[:, None, None]
    of_split = feature_clustering_of_split(torch.from_numpy(features.reshape(150, 9)), (30,) * 5)
    assert of_split.item() == pytest.approx(variance_ratio(features), rel=1e-6)
    # A class whose images are all there twice varies as before.
    twice = np.concatenate([features.reshape(150, 9), features[4]])
    assert feature_clustering_of_split(torch.from_numpy(twice), (30, 30, 30, 30, 60)).item() == pytest.approx(
        of_split.item(), rel=1e-12
    )


def test_only_the_form_of_pairs_is_independent_of_the_number_of_classes() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(64, 1, 640, generator=generator)
    features = centres + 0.8 * torch.randn(64, 600, 640, generator=generator)
    of_pairs = feature_clustering(features[:, :2].view(32, 2, 2, 640))
    assert feature_clustering_of_batch(features[:, :2]) > 15 * of_pairs
    assert feature_clustering_of_batch(features) > 40 * of_pairs


@pytest.mark.parametrize("form", ["table", "printed"])
def test_variation_equals_the_formula(form: str) -> None:
    pairs = isotropic_pairs(1.5, pairs=20, dimensions=7)
    expected = []
    for (x1, x2), (y1, y2) in pairs.numpy():
        d1, d2 = x1 - y1, x2 - y2
        norms = np.linalg.norm(d1), np.linalg.norm(d2)
        change = np.linalg.norm(d1 - d2)
        expected.append((change / np.mean(norms)) ** 2 if form == "table" else change / sum(norms))
    assert hyperplane_variation(pairs, form=form).item() == pytest.approx(np.mean(expected), rel=1e-3)


def test_the_tables_form_is_the_square_of_twice_the_printed_one() -> None:
    pair = isotropic_pairs(0.7, pairs=1)
    assert hyperplane_variation(pair).item() == pytest.approx((2 * hyperplane_variation(pair, "printed").item()) ** 2)


def test_the_published_pairs_obey_the_relation_of_isotropic_classes() -> None:
    errors = [
        abs(isotropic_hyperplane_variation(clustering) / variation - 1) for clustering, variation in published_pairs()
    ]
    assert len(errors) == 11
    assert max(errors) < 0.06
    assert sum(error < 0.03 for error in errors) == 10


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
def test_isotropic_features_obey_the_relation(spread: float) -> None:
    pairs = isotropic_pairs(spread)
    clustering = feature_clustering(pairs).item()
    assert clustering < 4
    assert hyperplane_variation(pairs).item() == pytest.approx(isotropic_hyperplane_variation(clustering), rel=0.01)


@pytest.mark.parametrize(
    "measure", [feature_clustering, hyperplane_variation, lambda p: hyperplane_variation(p, "printed")]
)
def test_gradients(measure) -> None:
    pairs = isotropic_pairs(1.0, pairs=3, dimensions=4).requires_grad_()
    assert gradcheck(measure, [pairs])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "measure", [feature_clustering, hyperplane_variation, lambda p: hyperplane_variation(p, "printed")]
)
def test_features_that_coincide_have_a_value_and_a_gradient(measure, dtype: torch.dtype) -> None:
    features = torch.randn(5, dtype=dtype)
    pairs = features.expand(3, 2, 2, 5).clone()
    pairs[1, 1] += 1  # two classes of one point each
    pairs[2, :, 1] += 1  # two classes with the same two points
    pairs.requires_grad_()
    value = measure(pairs)
    value.backward()
    assert value.isfinite()
    assert pairs.grad.isfinite().all()


@pytest.mark.parametrize("shape", [(3, 2, 2), (3, 2, 3, 8), (3, 3, 2, 8), (0, 2, 2, 8)])
def test_other_shapes_are_named(shape: tuple[int, ...]) -> None:
    for measure in (feature_clustering, hyperplane_variation):
        with pytest.raises(ValueError, match=r"allowed is \(pairs, 2 classes, 2 samples, d\)"):
            measure(torch.zeros(shape))


def test_a_single_class_and_an_unknown_form_are_named() -> None:
    with pytest.raises(ValueError, match=r"features are \(1, 5, 3\); allowed is \(classes, samples, d\) of 2 or more"):
        feature_clustering_of_batch(torch.zeros(1, 5, 3))
    with pytest.raises(ValueError, match=r"features are \(5, 3\) of 2 classes, 6 images"):
        feature_clustering_of_split(torch.zeros(5, 3), (4, 2))
    with pytest.raises(ValueError, match="form is 'squared'; allowed are table, printed"):
        hyperplane_variation(torch.zeros(1, 2, 2, 3), form="squared")
