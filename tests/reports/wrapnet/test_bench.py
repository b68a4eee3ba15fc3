"""The training bench on a network that is as small as they get."""

import importlib.util
from typing import Any

import pytest
import torch

from reports.wrapnet.bench import REFERENCE, bench_training, training_bench_table

CASES = ["float", "BWN", REFERENCE, "WrapNet warm-up", "WrapNet fine-tuning"]


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return bench_training(width=4, batch=4, steps=2, seed=0)


def test_every_case_has_a_row_with_times_and_memory(result: dict[str, Any]) -> None:
    assert [row["case"] for row in result["rows"]] == CASES
    for row in result["rows"]:
        assert row["milliseconds"] > 0
        assert 0 < row["fastest_milliseconds"] <= row["milliseconds"]
    assert "torch" in result["tools"]
    assert "cores" in result["machine"]


def test_ratios_are_to_the_exact_accumulators(result: dict[str, Any]) -> None:
    rows = {row["case"]: row for row in result["rows"]}
    assert rows[REFERENCE]["ratio_to_bwn_qa"] == rows[REFERENCE]["memory_ratio_to_bwn_qa"] == 1
    for row in rows.values():
        assert row["ratio_to_bwn_qa"] == pytest.approx(row["milliseconds"] / rows[REFERENCE]["milliseconds"])
        assert row["memory_ratio_to_bwn_qa"] == pytest.approx(
            row["peak_memory_mib"] / rows[REFERENCE]["peak_memory_mib"]
        )


def test_peak_memory_holds_parameters_gradients_and_optimizer_state(result: dict[str, Any]) -> None:
    from models.backbones.registry import build_network
    from models.wrapnet.networks import WrapNetOptions

    network = build_network("vgg7", WrapNetOptions(width=4))
    least = 4 * sum(parameter.nbytes for parameter in network.parameters()) / 2**20
    for row in result["rows"]:
        assert least < row["peak_memory_mib"] < 10 * least


def test_the_table_shows_every_case(result: dict[str, Any]) -> None:
    table = training_bench_table(result)
    assert [row[0] for row in table.rows] == CASES
    assert table.rows[2][2] == table.rows[2][4] == "1.00"


def test_measuring_leaves_the_random_state_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    bench_training(width=2, batch=2, steps=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "lenet"}, "network is 'lenet'"),
        ({"width": 0}, "width is 0"),
        ({"batch": 1}, "batch is 1"),
        ({"steps": 0}, "steps is 0"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bench_training(**settings)


def test_a_network_with_brevitas_layers_is_measured_where_it_is_installed() -> None:
    if importlib.util.find_spec("brevitas") is None:
        with pytest.raises(ValueError, match="extra `bench`"):
            bench_training(width=4, batch=4, steps=1, with_brevitas=True)
        return
    result = bench_training(width=4, batch=4, steps=1, with_brevitas=True)
    assert [row["case"] for row in result["rows"]] == [*CASES, "Brevitas"]
    assert "brevitas" in result["tools"]
