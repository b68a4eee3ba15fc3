"""Means over seeds and their errors, against numpy."""

import numpy as np
import pytest
import torch
from scipy.stats import t as student

from reports.claims.over_seeds import mean_over_seeds

VALUES = np.random.default_rng(0).normal(0.5, 0.1, (4, 50))


def test_seeds_with_units_of_their_own_have_an_error_over_seeds() -> None:
    found = mean_over_seeds([torch.from_numpy(one) for one in VALUES], same_units=False)
    error = VALUES.mean(1).std(ddof=1) / 2
    assert found.mean == pytest.approx(VALUES.mean())
    assert found.standard_error == pytest.approx(error)
    assert found.half_width == pytest.approx(error * student.ppf(0.975, 3))


def test_one_seed_has_an_error_over_units() -> None:
    for same_units in (False, True):
        found = mean_over_seeds([torch.from_numpy(VALUES[0])], same_units=same_units)
        assert found.standard_error == pytest.approx(VALUES[0].std(ddof=1) / np.sqrt(50))


def test_shared_units_add_to_the_error() -> None:
    found = mean_over_seeds([torch.from_numpy(one) for one in VALUES])
    units = VALUES.mean(0).std(ddof=1) / np.sqrt(50)
    assert found.standard_error == pytest.approx(np.hypot(units, VALUES.mean(1).std(ddof=1) / 2))


def test_a_single_number_has_no_error() -> None:
    found = mean_over_seeds([torch.tensor([0.5])])
    assert (found.mean, found.standard_error, found.half_width) == (0.5, None, None)
