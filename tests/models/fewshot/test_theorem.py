"""Theorem 1: laws with the moments they claim, the measured error against a plain loop and both bounds."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from models.fewshot.laws import Gaussian, Law, StudentT, TwoPoint, UniformEllipsoid, past_the_middle
from models.fewshot.theorem import OneShotTrial, one_shot_draws, one_shot_error, printed_bound, stronger_bound

LAWS: list[Law] = [Gaussian(), StudentT(3), StudentT(5), TwoPoint(0.02), TwoPoint(0.5), UniformEllipsoid(3)]


@pytest.mark.parametrize("law", [Gaussian(), StudentT(9), TwoPoint(0.1), UniformEllipsoid(2)], ids=lambda law: law.name)
@pytest.mark.parametrize("dimensions", [1, 40])
def test_laws_have_mean_0_and_total_variance_1(law: Law, dimensions: int) -> None:
    noise = law.sample(100_000, dimensions, torch.Generator().manual_seed(0))
    assert noise.shape == (100_000, dimensions)
    assert noise.mean(0).abs().max() < 0.02
    assert noise.square().sum(1).mean().item() == pytest.approx(1, abs=0.03)


def test_student_t_has_its_tails() -> None:
    """With three degrees of freedom in one dimension, P(|t| > 5.841) is 0.01; the variance of t is 3."""
    noise = StudentT(3).sample(400_000, 1, torch.Generator().manual_seed(0))
    beyond = (noise.abs() * math.sqrt(3) > 5.841).double().mean().item()
    assert beyond == pytest.approx(0.01, abs=0.0008)


def test_an_ellipsoid_is_uniform_up_to_its_surface() -> None:
    """In one dimension the noise is uniform; in two, half of the points lie within 1 / sqrt(2) of the radius."""
    law = UniformEllipsoid(2.5)
    single = law.sample(100_000, 1, torch.Generator().manual_seed(0))
    assert single.abs().max().item() == pytest.approx(math.sqrt(3), rel=1e-3)
    assert single.abs().median().item() == pytest.approx(math.sqrt(3) / 2, rel=0.02)
    noise = law.sample(100_000, 2, torch.Generator().manual_seed(0))
    radius = (noise / torch.tensor([1, 2.5])).norm(dim=1)
    assert radius.max().item() == pytest.approx(law.half_width(2), rel=1e-3)
    assert radius.max() <= law.half_width(2)
    assert radius.median().item() == pytest.approx(law.half_width(2) / math.sqrt(2), rel=0.01)


@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.4])
def test_the_two_point_law_passes_the_middle_by_its_margin(ratio: float) -> None:
    jump = past_the_middle(ratio, margin=0.02).jump
    rest, jumped, mean_y = -math.sqrt(jump / (1 - jump)), math.sqrt((1 - jump) / jump), math.sqrt(4 / ratio - 2)
    assert jump * jumped + (1 - jump) * rest == pytest.approx(0, abs=1e-12)
    assert jump * jumped**2 + (1 - jump) * rest**2 == pytest.approx(1)
    assert jumped - rest > (mean_y - rest) / 2
    assert (jumped - rest / 2) / (mean_y / 2) == pytest.approx(1.02)


def test_the_error_of_two_points_is_known() -> None:
    """Jumped test points are wrong if x is at rest; x and z jumped, and z at rest, are right."""
    jump = past_the_middle(0.1).jump
    found = one_shot_error(OneShotTrial(law=TwoPoint(jump), ratio=0.1, share=1.0, trials=400_000))
    assert found.error == pytest.approx(jump * (1 - jump), abs=4 * found.standard_error)
    assert found.standard_error == pytest.approx(math.sqrt(found.error * (1 - found.error) / 400_000))
    assert found.error > 0.08


def test_the_error_of_gaussians_is_known() -> None:
    """In one dimension, numpy draws and classifies one at a time, as the theorem states the classifier."""
    random = np.random.default_rng(0)
    deviation, distance = math.sqrt(0.5), math.sqrt(4 / 0.8 - 2)
    wrong = 0
    for _ in range(40_000):
        x, z, y = deviation * random.normal(size=3) + [0, 0, distance]
        wrong += not z * (x - y) - x**2 / 2 + y**2 / 2 >= 0
    found = one_shot_error(OneShotTrial(law=Gaussian(), ratio=0.8, dimensions=1, trials=40_000))
    assert found.error == pytest.approx(wrong / 40_000, abs=5 * found.standard_error)


@pytest.mark.parametrize("dimensions", [1, 8])
def test_the_ratio_is_that_of_the_mixture(dimensions: int) -> None:
    """The variance of U from draws of it, where the proof has another."""
    ratio, share = 0.3, 0.7
    generator = torch.Generator().manual_seed(0)
    x, y = (Gaussian().sample(200_000, dimensions, generator) for _ in range(2))
    x, y = math.sqrt(share) * x, math.sqrt(1 - share) * y
    y[:, 0] += math.sqrt(4 / ratio - 2)
    mixture = torch.where(torch.rand(200_000, 1, generator=generator) < 0.5, x, y)
    total = sum(each.var(0).sum() for each in (x, y)) / mixture.var(0).sum()
    assert total.item() == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
@pytest.mark.parametrize(("dimensions", "trials"), [(1, 50_000), (256, 2_000)])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_no_law_exceeds_the_bounds(law: Law, dimensions: int, trials: int, share: float) -> None:
    for ratio in (0.005, 0.02, 0.05, 0.11):
        found = one_shot_error(
            OneShotTrial(law=law, ratio=ratio, dimensions=dimensions, share=share, trials=trials), seed=1
        )
        assert found.error <= found.stronger_bound + 4 * found.standard_error
        assert found.stronger_bound <= found.printed_bound


@pytest.mark.parametrize("ratio", [0.005, 0.03, 0.1])
def test_the_worst_two_points_come_within_a_tenth_of_the_bound(ratio: float) -> None:
    found = one_shot_error(OneShotTrial(law=past_the_middle(ratio), ratio=ratio, share=1.0, trials=200_000))
    assert found.error == pytest.approx(ratio, rel=0.15)
    assert found.error <= found.stronger_bound < 10 * found.error


def test_draws_lie_around_their_means() -> None:
    trial = OneShotTrial(law=Gaussian(), ratio=0.2, dimensions=3, share=0.25)
    x, z, y = one_shot_draws(trial, 100_000, torch.Generator().manual_seed(0))
    assert torch.allclose(x.mean(0), torch.zeros(3, dtype=torch.float64), atol=0.01)
    assert y.mean(0).tolist() == pytest.approx([trial.distance, 0, 0], abs=0.01)
    assert [float(each.var(0).sum()) for each in (x, z, y)] == pytest.approx([0.25, 0.25, 0.75], rel=0.02)


def test_bounds_at_their_ends() -> None:
    assert printed_bound(1 / 33) == pytest.approx(1)
    assert printed_bound(0.01) == pytest.approx(float(Fraction(32, 99)))
    assert stronger_bound(2 / 17) == pytest.approx(1)
    assert stronger_bound(0.01) == pytest.approx(float(Fraction(16, 199)))
    assert (printed_bound(1.5), stronger_bound(1.5), stronger_bound(2.5)) == (1, 1, 1)


def test_a_seed_gives_the_same_error_again() -> None:
    trial = OneShotTrial(law=StudentT(), ratio=0.5, dimensions=1500, trials=2_000)
    assert one_shot_error(trial, seed=3) == one_shot_error(trial, seed=3)
    assert one_shot_error(trial, seed=3) != one_shot_error(trial, seed=4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ratio": 0.0}, "ratio is 0.0; allowed is above 0 and below 2"),
        ({"ratio": 2.0}, "ratio is 2.0; allowed is above 0 and below 2"),
        ({"dimensions": 0}, "dimensions is 0; allowed is an integer of at least 1"),
        ({"share": 1.5}, "share is 1.5; allowed is 0 to 1"),
        ({"trials": 0}, "trials is 0; allowed is an integer of at least 1"),
    ],
)
def test_trials_out_of_range_are_named(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OneShotTrial(**{"law": Gaussian(), "ratio": 0.1, **options})


def test_laws_without_a_variance_are_named() -> None:
    with pytest.raises(ValueError, match="freedom is 2; Student's t has a variance from 3 degrees of freedom on"):
        StudentT(2)
    with pytest.raises(ValueError, match=r"jump is 1\.0; allowed is a probability above 0 and below 1"):
        TwoPoint(1.0)
    with pytest.raises(ValueError, match=r"stretch is 0\.0; allowed is a number above 0"):
        UniformEllipsoid(0.0)
    with pytest.raises(ValueError, match=r"ratio is 0\.5; allowed is above 0 and at most 0\.4"):
        past_the_middle(0.5)
