"""Activity of a laid-out unit, without and with its delays, against the golden model."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from reports.cells.technology import osu018
from reports.layout.activity import WARM_UP, measure_activity
from reports.layout.candidate import Candidate, try_layout
from reports.layout.circuit import build_circuit
from reports.layout.delays import read_activity, simulate_with_delays
from reports.layout.energy import measure_energy
from reports.layout.mapping import MappingOptions, map_to_cells
from reports.layout.operands import layer_for, operand_stream
from sim.mac.golden import Cycles, accumulate, expected_outputs

SMALL = MacDesign.parse("3x1x8k2-early-bare-segment4")


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    return try_layout(
        GeneratedUnit.generate(SMALL), MappingOptions(2400), osu018(), tmp_path_factory.mktemp("energy"), seed=1
    )


@pytest.fixture(scope="module")
def stream() -> Cycles:
    return operand_stream(SMALL, layer_for(SMALL), seed=3)


def changes(values: Tensor, bit: int) -> float:
    """How often a bit of what a port shows differs from the cycle before."""
    bits = (values >> bit) & 1
    return float((bits[1:] != bits[:-1]).double().mean())


@pytest.mark.slow
@pytest.mark.debian
def test_sums_toggle_as_the_golden_model_says(tmp_path: Path) -> None:
    plain = MacDesign.parse("3x1x8k2")  # its sum is right in every cycle
    cycles = operand_stream(plain, layer_for(plain), seed=3)[:400, :8]
    circuit = build_circuit(
        plain.module, map_to_cells(GeneratedUnit.generate(plain), osu018(), MappingOptions(), tmp_path), osu018()
    )
    activity = measure_activity(plain, circuit, osu018().library.text, cycles)
    lanes = [expected_outputs(plain, accumulate(plain, cycles[:, lane])) for lane in range(8)]
    for port in ("sum", "out"):
        for bit in range(8):
            shown = [getattr(lane, port)[WARM_UP:] for lane in lanes]
            expected = sum(changes(values, bit) for values in shown) / 8
            assert activity.toggles[f"{port}_{bit}"] == pytest.approx(expected)
            ones = sum(float(((values >> bit) & 1).double().mean()) for values in shown) / 8
            assert activity.duties[f"{port}_{bit}"] == pytest.approx(ones)


@pytest.mark.slow
@pytest.mark.debian
def test_delays_change_no_result_and_no_register(candidate: Candidate, stream: Cycles) -> None:
    circuit = candidate.routed.circuit
    one = stream[:, 0]
    delayed, mismatches = simulate_with_delays(SMALL, circuit, osu018(), one, 2.0, candidate.folder.resolve())
    settled = measure_activity(SMALL, circuit, osu018().library.text, stream[:, :1])
    assert mismatches == 0
    for cell in circuit.instances:
        net = cell.nets[cell.output]
        if "CLK" in cell.nets:
            assert delayed.toggles[net] == settled.toggles[net]
        elif net in settled.toggles:
            assert delayed.toggles[net] >= settled.toggles[net]


@pytest.mark.slow
@pytest.mark.debian
def test_a_wrong_cell_is_noticed(candidate: Candidate, stream: Cycles, tmp_path: Path) -> None:
    for name in ("cells.lib", "parasitics.spef"):
        (tmp_path / name).write_text((candidate.folder / name).read_text())
    netlist = (candidate.folder / "circuit.v").read_text()
    assert "NAND2X1 NAND2X1_1(" in netlist
    (tmp_path / "circuit.v").write_text(netlist.replace("NAND2X1 NAND2X1_1(", "NOR2X1 NAND2X1_1("))
    circuit = candidate.routed.circuit
    _, mismatches = simulate_with_delays(SMALL, circuit, osu018(), stream[:, 0], 2.0, tmp_path)
    assert mismatches > 0


@pytest.mark.slow
@pytest.mark.debian
def test_energy_counts_the_cycles_in_which_a_unit_settles(candidate: Candidate) -> None:
    layer = layer_for(SMALL)
    energy = measure_energy(candidate, layer, osu018(), seed=1)
    record = energy.record()
    operations = layer.dot_length / (layer.dot_length + 1)
    expected = 1e3 * energy.power.total * candidate.timing.cycle_time / operations
    assert record["energy_fj_per_op"] == pytest.approx(expected, rel=1e-4)
    assert sum(record["energy_by_part"].values()) == pytest.approx(record["energy_fj_per_op"], rel=1e-3)
    assert sum(record["energy_by_cause"].values()) == pytest.approx(record["energy_fj_per_op"], rel=1e-3)
    assert record["energy_without_glitches_fj_per_op"] < record["energy_fj_per_op"]
    assert (energy.mismatches, energy.registers_agree) == (0, True)
    assert measure_energy(candidate, layer, osu018(), seed=1).record() == record


WAVES = """$timescale 1ps $end
$var wire 1 ! a $end
$var wire 1 " b [3:0] $end
$enddefinitions $end
#1000
$dumpvars
0!
x"
$end
#2000
1!
1"
#2500
0!
0"
#4000
1!
#5000
"""


def test_waves_are_counted() -> None:
    activity = read_activity(WAVES, 4)
    assert activity.toggles == {"a": 3 / 4, "b": 1 / 4}  # from unknown to 1 is no toggle
    assert activity.duties == {"a": (500 + 1000) / 4000, "b": 500 / 4000}


@pytest.mark.parametrize(("name", "activation", "weight"), [("3x1x8k2", 3, 1), ("2x1x4", 2, 1), ("4x3x9k3", 4, 3)])
def test_the_layer_that_ships_takes_the_widths_of_the_design(name: str, activation: int, weight: int) -> None:
    design = MacDesign.parse(name)
    layer = layer_for(design)
    assert (layer.activation_bits, layer.weight_bits) == (activation, weight)
    assert 0 < layer.activations.max() <= design.activation_range[-1]
    stream = operand_stream(design, layer, seed=0)
    assert (stream.enable == 1).all()
    assert set(stream.weight.unique().tolist()) <= set(design.weight_range)


def test_units_that_settle_get_bubbles_behind_each_dot_product() -> None:
    stream = operand_stream(SMALL, layer_for(SMALL), seed=0)
    length = layer_for(SMALL).dot_length
    assert len(stream) == 2 * (length + 1)
    assert torch.equal(stream.enable[length], torch.zeros(512, dtype=torch.int64))
    assert stream.enable.sum() == 2 * length * 512


def test_a_layer_that_does_not_fit_is_refused() -> None:
    wide = layer_for(MacDesign.parse("8x8x32"))
    with pytest.raises(ValueError, match="the layer has the activation"):
        operand_stream(SMALL, replace(wide), seed=0)
