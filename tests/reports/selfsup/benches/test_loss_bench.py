"""The loss bench and the step bench: what they measure and say."""

import os
from itertools import islice

import pytest
import torch
from torch.utils.data import Dataset

from reports.bench.memory import saved_for_backward
from reports.selfsup.benches.bench_tables import losses_table, step_table
from reports.selfsup.benches.loss_bench import BYOL, NT_XENT, PROTOTYPE, RIDGE, RIDGE_DUAL, bench_losses
from reports.selfsup.benches.step_bench import OURS, batches_without_end, bench_step


def test_losses_are_compared_with_nt_xent() -> None:
    result = bench_losses(images=64, features=8, rounds=2)
    rows = {row["case"]: row for row in result["rows"]}
    assert list(rows) == [NT_XENT, PROTOTYPE, RIDGE, RIDGE_DUAL, BYOL]
    assert rows[NT_XENT]["ratio_to_nt_xent"] == rows[NT_XENT]["saved_ratio_to_nt_xent"] == 1
    assert all(row["milliseconds"] > 0 for row in rows.values())
    assert len(losses_table(result).rows) == 5


def test_ridge_and_prototypes_keep_less_than_half_of_what_nt_xent_does() -> None:
    rows = {row["case"]: row for row in bench_losses(images=1024, features=128, rounds=1)["rows"]}
    assert rows[RIDGE]["saved_ratio_to_nt_xent"] < 0.5
    assert rows[PROTOTYPE]["saved_ratio_to_nt_xent"] < 0.5


def test_memory_that_is_kept_twice_counts_once() -> None:
    values = torch.ones(1000, requires_grad=True)
    assert saved_for_backward(lambda: values * values) == 4000
    assert saved_for_backward(lambda: values.exp()) == 4000
    assert saved_for_backward(lambda: values + 1) == 0


def test_a_step_is_measured() -> None:
    result = bench_step(batch=4, side=8, width=2, rounds=1)
    assert result["rows"][0]["case"] == OURS
    assert result["rows"][0]["ratio_to_ours"] == 1
    assert "width 2" in step_table(result).note


class Makers(Dataset[int]):
    """The process that makes each item."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, place: int) -> int:
        return os.getpid()


def test_every_process_makes_batches() -> None:
    makers = [set(batch.tolist()) for batch in islice(batches_without_end(Makers(), 3, workers=2), 4)]
    assert all(len(one) == 1 for one in makers)
    assert makers[0] == makers[2] != makers[1] == makers[3]


@pytest.mark.parametrize(("settings", "message"), [({"batch": 1}, "batch is 1"), ({"workers": -1}, "workers is -1")])
def test_impossible_settings_are_named(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bench_step(**settings)  # type: ignore[arg-type]
