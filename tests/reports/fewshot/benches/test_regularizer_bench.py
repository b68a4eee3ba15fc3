"""The bench of regularizers: each step trains as it should, and the record says what it adds."""

from typing import Any

import pytest
import torch

from models.fewshot.config import FewShotConfig
from models.fewshot.learners import REGULARIZERS
from models.fewshot.settings import RegularizerName
from reports.fewshot.benches.bench_data import bench_data
from reports.fewshot.benches.bench_tables import regularizer_table
from reports.fewshot.benches.regularizer_bench import PLAIN, bench_regularizers, classical_training
from reports.fewshot.training_step import train

SMALL: dict[str, Any] = {"networks": (("4x32", 16), ("cnn4", 16)), "pairs": 2, "width": 3, "rounds": 1, "device": "cpu"}
CASES = [PLAIN, "feature-clustering", "hyperplane-variation"]


def test_every_network_and_regularizer_has_a_row() -> None:
    result = bench_regularizers(**SMALL)
    expected = [(f"{name}, 16 x 16", case) for name in ("4x32", "cnn4") for case in CASES]
    assert [(row["name"], row["case"]) for row in result["rows"]] == expected
    assert result["images"] == 8
    for first in (0, 3):
        plain, *others = result["rows"][first : first + 3]
        assert plain["ratio_to_none"] == 1
        assert "alone_milliseconds" not in plain
        for row in others:
            assert row["alone_ratio_to_none"] == pytest.approx(row["alone_milliseconds"] / plain["milliseconds"])
            assert row["ratio_to_none"] == pytest.approx(row["milliseconds"] / plain["milliseconds"])
    assert [row[3] == "" for row in regularizer_table(result).rows] == [True, False, False] * 2


@pytest.mark.parametrize("name", ["feature-clustering", "hyperplane-variation"])
def test_a_step_trains_with_the_regularizer(name: RegularizerName) -> None:
    data = bench_data(16, images=4, seed=0)
    config = FewShotConfig(learner="classical", encoder="4x32", width=3, regularizer=name, learning_rate=0.1)
    method = classical_training(config, data, pairs=3)
    before = [parameter.clone() for parameter in method.models["network"].parameters()]
    batch = method.pairs.batch(0)
    train(method, batch)
    assert method.regularizer is REGULARIZERS[name]
    assert batch[0].shape == (3, 2, 2, 3, 16, 16)
    assert not any(map(torch.equal, before, method.models["network"].parameters()))


@pytest.mark.parametrize("name", ["pairs", "rounds"])
def test_impossible_settings_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0"):
        bench_regularizers(**(SMALL | {name: 0}))
