"""One update made of many: means, medians, clipping."""

import pytest
import torch

from models.federated.aggregation import AGGREGATES, TrimmedMean, WeightedMean, clipped, update_norm
from models.federated.choices import AggregateName
from models.federated.client import Update


def updates(count: int) -> list[Update]:
    generator = torch.Generator().manual_seed(count)
    return [
        Update({"a": torch.randn(3, 2, generator=generator), "b": torch.randn(4, generator=generator)}, 1 + one, one)
        for one in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_median_is_that_of_each_number(count: int) -> None:
    median = TrimmedMean(0.5)
    for one in updates(count):
        median.add(one)
    for name, found in median.means().items():
        expected = torch.quantile(torch.stack([one.gradients[name] for one in updates(count)]), 0.5, dim=0)
        torch.testing.assert_close(found, expected)
    assert median.examples == sum(range(1, count + 1))


def test_a_trimmed_mean_leaves_out_the_ends() -> None:
    values = [7.0, -100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, 1e9]
    trimmed = TrimmedMean(0.1)
    for value in values:
        trimmed.add(Update({"a": torch.tensor([value])}, 1, 0.0))
    assert trimmed.means()["a"].item() == pytest.approx(sum(sorted(values)[1:-1]) / 8)


@pytest.mark.parametrize("name", ["mean", "median", "trimmed"])
def test_updates_without_examples_count_for_nothing(name: AggregateName) -> None:
    aggregate = AGGREGATES[name]()
    with pytest.raises(ValueError, match="no client brought an example"):
        aggregate.means()
    aggregate.add(Update({"a": torch.tensor([torch.nan])}, 0, float("nan")))
    aggregate.add(Update({"a": torch.tensor([2.0])}, 3, 1.0))
    assert aggregate.means()["a"].item() == 2
    assert (aggregate.examples, aggregate.loss) == (3, 3)


def test_large_updates_are_scaled_down() -> None:
    (update,) = updates(1)
    norm = torch.cat([one.flatten() for one in update.gradients.values()]).norm().item()
    assert update_norm(update) == pytest.approx(norm)
    assert clipped(update, None) is clipped(update, 2 * norm) is update
    small = clipped(update, norm / 4)
    assert update_norm(small) == pytest.approx(norm / 4)
    torch.testing.assert_close(4 * small.gradients["a"], update.gradients["a"])
    mean = WeightedMean()
    mean.add(small)
    torch.testing.assert_close(mean.means()["a"], small.gradients["a"])
