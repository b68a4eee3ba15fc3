"""The kernels' bench: every contender is measured, and the tables say what was found."""

import pytest

from models.kernels import available_paths
from models.kernels.paths import threads
from reports.kernel_bench import NAIVE, bench_kernels, fastest_peer, geometric_mean
from reports.kernel_tables import kernel_tables


@pytest.mark.slow
def test_all_contenders_are_measured_side_by_side() -> None:
    before = threads()
    result = bench_kernels(rounds=2, slow=False)
    assert threads() == before
    assert [layer["name"] for layer in result["layers"]] == ["64x56x56", "128x28x28", "256x14x14", "512x7x7"]
    assert 0 < result["steady_rounds"] <= 8
    for layer in result["layers"]:
        assert layer["operations"] == 115_605_504
        names = set(layer["milliseconds"])
        assert {f"binary 8 {path}" for path in available_paths() if path not in ("swar", "torch")} <= names
        assert {"torch float", "onnxruntime", fastest_peer(layer["milliseconds"])} <= names
        assert min(layer["milliseconds"].values()) > 0.01  # 11,000 GMAC/s: more than any core does
    (table,) = kernel_tables(result)
    assert {row[0] for row in table.rows} == names | {"published, 8 bits", "published, 32 bits"}


def made_up(milliseconds: dict[str, float]) -> dict[str, object]:
    names = ("64x56x56", "128x28x28", "256x14x14", "512x7x7")
    return {
        "layers": [{"name": name, "operations": 10**9, "milliseconds": milliseconds} for name in names],
        "speed_of_look_ups": {"binary 8 avx2": 4000.0},
        "steady_rounds": 40,
        "clock_ghz": 3.0,
        "machine": "a machine",
    }


def test_tables_have_ratios_to_the_fastest_peer_and_to_the_limit() -> None:
    times = {"binary 8 avx2": 0.5, "torch x86": 2.0, "torch fbgemm": 4.0, "torch _int_mm": 1.0}
    without = {"binary 8 swar": 2.0, "ternary 8 swar": 4.0, NAIVE: 60.0}
    vectors, words = kernel_tables(made_up(times | without))
    rows = {row[0]: row[1:] for row in vectors.rows}
    assert rows["binary 8 avx2"] == ("0.500",) * 4 + ("4.00", "2,000", "50%")
    assert rows["torch fbgemm"] == ("4.000",) * 4 + ("0.50", "250", "")
    assert rows["published, 8 bits"][:4] == ("3.467", "2.956", "2.499", "2.710")
    assert "over the fastest convolution of bytes by torch (torch x86)" in vectors.note
    rows = {row[0]: row[1:] for row in words.rows}
    assert rows["binary 8 swar"] == ("2.00",) * 4 + ("30.0",)
    assert rows["published, packed"] == ("29.8", "23.9", "21.7", "20.4", "3.6")


def test_geometric_means_and_bad_settings() -> None:
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4)
    with pytest.raises(ValueError, match="rounds is 0; allowed is an integer of at least 1"):
        bench_kernels(rounds=0)
