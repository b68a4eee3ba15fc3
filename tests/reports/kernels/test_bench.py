"""The bench of the kernels: every contender is measured, and the tables show the results."""

import pytest
import torch

from models.kernels import available_paths
from models.kernels.paths import threads
from models.progress import Progress
from reports.bench.processor import processor_has, processor_kind
from reports.bench.rows import bench_record, compared
from reports.kernels.bench import TO_PEER, bench_kernels
from reports.kernels.contenders import NAIVE
from reports.kernels.limits import counted_work, look_up_speeds
from reports.kernels.network_bench import bench_network
from reports.kernels.peers import NO_AMX, fastest_peer
from reports.kernels.tables import kernel_tables, network_table


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
        assert any(name.endswith(NO_AMX) for name in names) == processor_has("amx_int8")
        assert min(layer["milliseconds"].values()) > 0.01  # 11,000 GMAC/s: more than any core does
    assert len(result["rows"]) == sum(len(layer["milliseconds"]) for layer in result["layers"])
    table, *_ = kernel_tables(result)
    assert {row[0] for row in table.rows} == names | {"published, 8 bits", "published, 32 bits"}


@pytest.mark.slow
def test_a_whole_network_is_measured_beside_torchs() -> None:
    before = threads(), torch.get_num_threads()
    times = bench_network(1, 0, Progress(quiet=True))
    assert (threads(), torch.get_num_threads()) == before
    engines = {"x86", "onednn"} & set(torch.backends.quantized.supported_engines)
    ours = {"binary 8", "binary 8, two threads", "binary 8, without first and last layer"}
    settings = ("", NO_AMX) if processor_has("amx_int8") else ("",)
    theirs = {f"torch {engine}{setting}" for engine in engines for setting in settings}
    assert times.keys() == ours | {"torch float"} | theirs
    assert min(times.values()) > 0.2  # 1.8 G multiply-accumulates in less would be 9,000 GMAC/s


def made_up(milliseconds: dict[str, float]) -> dict[str, object]:
    names = ("64x56x56", "128x28x28", "256x14x14", "512x7x7")
    limits = {"binary 8 avx2": 4000.0, "binary 8 avx512": 3840.0}
    counts = {"products": 384, "look_ups": 900_000, "table_permutations": 100_000, "table_stores": 50_000}
    work = {name: counts for name in milliseconds if name == "binary 8 avx512"}
    return {
        "layers": [
            {"name": name, "operations": 10**9, "milliseconds": milliseconds, "limits": limits, "work": work}
            for name in names
        ],
        "network": {},
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


def test_the_instructions_of_a_layer_are_counted() -> None:
    _, table = kernel_tables(made_up({"binary 8 avx512": 0.2, "torch x86": 1.0}))
    rows = {row[0]: row[1:] for row in table.rows}
    # 3840 GMAC/s at 3 GHz are 3.33 look-ups of 384: a million permutations take 300,000 cycles, of 600,000.
    assert rows["cycles, at least"] == ("300",) * 4
    assert rows["cycles, measured"] == ("600",) * 4
    assert rows["share"] == ("50%",) * 4
    assert "would be 10.0 times as fast as torch here" in table.note


@pytest.mark.skipif("avx512" not in available_paths(), reason="this machine has no AVX-512 with VBMI")
def test_the_instructions_of_real_layers_are_counted() -> None:
    found = counted_work(512, 7)
    # 19 of 21 rows and columns of windows are inside; 512 channels are 86 groups of 6, 22 times 4; 8 times 64 filters.
    assert found["binary 8 avx512"] == {
        "products": 384,
        "look_ups": 19 * 19 * 86 * 8,
        "table_permutations": 11 * 22 * 49,
        "table_stores": 88 * 49,
    }
    # 4 weights an index, in tables of 2 registers: 128 groups, 43 times 3 of them, of 2 + 2 * 6 permutations. Intel's
    # cores take several steps to permute two registers, so 3 weights: 171 groups, 35 times 5 of them, of 2 + 2 * 5.
    pairs = {"look_ups": 19 * 19 * 128 * 8, "table_permutations": 14 * 43 * 49, "table_stores": 6 * 43 * 49}
    single = {"look_ups": 19 * 19 * 171 * 8, "table_permutations": 12 * 35 * 49, "table_stores": 5 * 35 * 49}
    intel = processor_kind().startswith("GenuineIntel")
    assert found["ternary 8 avx512"] == ({"products": 192} | single if intel else {"products": 256} | pairs)
    assert counted_work(64, 56)["ternary 8 avx512"]["products"] == 192


def test_look_ups_alone_have_a_speed_where_registers_hold_tables() -> None:
    speeds = look_up_speeds(64)
    assert {name.rsplit(" ", 1)[1] for name in speeds} == set(available_paths()) - {"vector", "swar", "torch"}
    assert all(10 < speed < 20_000 for speed in speeds.values())


def test_networks_are_compared_with_the_fastest_in_bytes() -> None:
    table = network_table({"binary 8": 2.0, "torch float": 20.0, "torch x86": 6.0, "torch onednn": 5.0})
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["binary 8"] == ("2.00", "2.50")
    assert rows["published, 8 bits"] == ("234.74", "1.33")


def test_rows_have_ratios_to_the_fastest_peer_of_their_own() -> None:
    first, second = {"binary 8 avx2": 0.5, "torch x86": 2.0, "torch onednn": 1.0}, {"binary 8": 2.0, "torch x86": 9.0}
    rows = [*compared("layer", first, TO_PEER), *compared("ResNet-18", second, TO_PEER)]
    assert bench_record(rows, TO_PEER, {}, "")["rows"] == [
        {"name": "layer", "case": "binary 8 avx2", "milliseconds": 0.5, "ratio_to_peer": 2.0},
        {"name": "layer", "case": "torch x86", "milliseconds": 2.0, "ratio_to_peer": 0.5},
        {"name": "layer", "case": "torch onednn", "milliseconds": 1.0, "ratio_to_peer": 1.0},
        {"name": "ResNet-18", "case": "binary 8", "milliseconds": 2.0, "ratio_to_peer": 4.5},
        {"name": "ResNet-18", "case": "torch x86", "milliseconds": 9.0, "ratio_to_peer": 1.0},
    ]


def test_peers_do_without_amx_where_they_can() -> None:
    times = {"binary 8 avx512": 0.5, "torch x86": 0.2, "torch x86, no AMX": 1.0, "torch fbgemm": 4.0}
    assert fastest_peer(times) == "torch x86, no AMX"
    vectors, *_ = kernel_tables(made_up(times))
    rows = {row[0]: row[1:] for row in vectors.rows}
    assert rows["binary 8 avx512"][4] == "2.00"
    assert rows["torch x86"][4] == "5.00"
    table = network_table({"binary 8": 2.0, "torch onednn": 1.0, "torch onednn, no AMX": 5.0})
    assert {row[0]: row[2] for row in table.rows}["binary 8"] == "2.50"


def test_without_convolutions_of_bytes_torchs_floats_are_the_peer() -> None:
    assert fastest_peer({"binary 8 vector": 1.0, "torch float": 9.0}) == "torch float"
    vectors, *_ = kernel_tables(made_up({"binary 8 vector": 1.0, "torch float": 9.0}))
    assert "(torch float)" in vectors.note


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="rounds is 0; allowed is an integer of at least 1"):
        bench_kernels(rounds=0)
