"""Proofs of units and their parts: sound ones are proved, and every broken part gets a counterexample."""

import json
from pathlib import Path

import pytest
import torch
from amaranth.hdl import Module, Mux

import hw.mac.unit
from hw.mac.design import MacDesign
from hw.mac.operands import OperandStage
from hw.mac.parts import ACCUMULATOR, AUXILIARY, CYCLIC, MULTIPLIER
from models.arithmetic import cyclic, wrap
from reports.commands.prove import prove as prove_command
from sim.formal.designs import SMALL_UNITS
from sim.formal.proofs import Proof, prove_designs
from sim.mac.golden import Cycles, accumulate, expected_outputs
from tests.support.broken_units import (
    BROKEN_UNITS,
    ForgetfulAccumulator,
    ForgetfulCarries,
    LateFold,
    SaturatingAccumulator,
)

PARTS = {
    "OperandStage": AUXILIARY,
    "Multiplier": MULTIPLIER,
    "Accumulator": ACCUMULATOR,
    "CyclicActivation": CYCLIC,
}


def prove(name: str, limit: float = 60, out: Path | None = None) -> dict[str, Proof]:
    return {proof.part: proof for proof in prove_designs([MacDesign.parse(name)], limit, out)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["3x1x32", "3x1x8k2", "8x8x8k2", "1x1x2k1", "5x4x3k3", "2x3x24k5000", "16x1x64"])
def test_units_are_proved(name: str) -> None:
    proofs = prove(name)
    assert {proof.status for proof in proofs.values()} == {"proved"}
    assert set(proofs) == {"auxiliary", "multiplier", "accumulator", "unit"} | ({"cyclic"} if "k" in name else set())


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "3x1x8k2-signs-counting-mirrored-early-bare-segment3-ripple",
        "3x1x8k2-loading-split-magnitude",
        "3x1x32-counting-early-segment4",
        "4x3x9k3-segment2-range",
    ],
)
def test_units_of_other_architectures_are_proved(name: str) -> None:
    proofs = prove(name)
    assert {proof.status for proof in proofs.values()} == {"proved"}
    assert {"unit", "cyclic"} <= set(proofs) or "k" not in name.split("-")[0]


def test_a_carry_that_outlives_its_sum_gets_a_counterexample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hw.mac.unit, "SegmentedAccumulator", ForgetfulCarries)
    proof = prove("3x1x8-segment4")["unit"]
    assert proof.status == "refuted"
    assert proof.trace is not None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "part", "broken"), BROKEN_UNITS, ids=lambda value: getattr(value, "__name__", value))
def test_broken_parts_get_a_counterexample(name: str, part: str, broken: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hw.mac.unit, part, broken)
    name = name.replace("8x8x32", "6x5x32")  # as wide as the accumulator goes, but quick to prove
    proofs = prove(name)
    for proof in (proofs[PARTS[part]], proofs["unit"]):
        assert proof.status in ("refuted", "not inductive")
        trace = proof.trace
        assert trace is not None
        wrong = [output for output in trace.found if trace.expected[output][-1] not in (None, trace.found[output][-1])]
        assert wrong
        for output in trace.found:  # only the last edge is wrong
            pairs = zip(trace.found[output][:-1], trace.expected[output][:-1], strict=True)
            assert all(expected in (None, found) for found, expected in pairs)
    others = set(proofs) - {PARTS[part], "unit"}
    assert {proofs[other].status for other in others} == {"proved"}


def test_a_counterexample_from_power_up_expects_what_the_golden_model_expects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hw.mac.unit, "CyclicActivation", LateFold)
    proofs = prove("4x4x6k2")
    trace = proofs["cyclic"].trace
    assert trace is not None
    assert trace.expected["out"][-1] == cyclic(torch.tensor(trace.inputs["sum"][-2]), 6, 2)

    assert proofs["unit"].status == "refuted"
    trace = proofs["unit"].trace
    assert trace is not None
    pins = {name: torch.tensor(values) for name, values in trace.inputs.items()}
    design = MacDesign.parse("4x4x6k2")
    cycles = Cycles(pins["rst"], pins["enable"], pins["first"], pins["activation"], pins["weight"])
    golden = expected_outputs(design, accumulate(design, cycles))
    for name, values, known in (("sum", golden.sum, golden.sum_known), ("out", golden.out, golden.out_known)):
        expected = [value if sure else None for value, sure in zip(values.tolist(), known.tolist(), strict=True)]
        assert list(trace.expected[name]) == expected
    assert trace.found["out"][-1] != trace.expected["out"][-1]


def test_counterexamples_start_from_sums_that_power_up_cannot_reach_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 32-bit sum of 3-bit products takes 300 million cycles to wrap."""
    monkeypatch.setattr(hw.mac.unit, "Accumulator", SaturatingAccumulator)
    proof = prove("3x1x32")["accumulator"]
    assert proof.status == "not inductive"
    trace = proof.trace
    assert trace is not None
    restart, product, before = trace.inputs["restart"][-2], trace.inputs["product"][-2], trace.found["sum"][-2]
    assert trace.expected["sum"][-1] == wrap(torch.tensor((0 if restart else before) + product), 32)
    assert abs(trace.found["sum"][-1]) >= (1 << 31) - 1


def test_a_missing_reset_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proof may rest on registers that happen to start at 0."""

    class Deaf(OperandStage):
        def elaborate(self, platform: object) -> Module:
            m = super().elaborate(platform)
            m.d.sync += self.restart.eq(Mux(self.reset_in, 0, self.restart))
            return m

    monkeypatch.setattr(hw.mac.unit, "OperandStage", Deaf)
    proofs = prove("2x2x4")
    assert proofs["auxiliary"].status == "refuted"
    assert proofs["unit"].status == "refuted"


def test_the_command_exits_with_1_and_shows_the_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prove_command(("2x1x4k2",)) == 0
    monkeypatch.setattr(hw.mac.unit, "Accumulator", ForgetfulAccumulator)
    monkeypatch.setenv("COLUMNS", "160")
    capsys.readouterr()
    verdicts = tmp_path / "verdicts.json"
    assert prove_command(("2x1x4k2",), out=tmp_path / "waves", json_file=verdicts) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "REFUTED" in shown
    assert "2x1x4k2 accumulator, from power-up" in shown
    assert ", not " in shown
    by_part = {proof["part"]: proof for proof in json.loads(verdicts.read_text())}
    assert by_part["accumulator"]["status"] == "refuted"
    assert by_part["accumulator"]["designs"] == ["2x1x4k2"]
    assert by_part["cyclic"]["status"] == "proved"
    waves = sorted(path.name for path in (tmp_path / "waves" / "2x1x4k2").iterdir())
    assert waves == ["accumulator.vcd", "unit.vcd"]
    assert "$enddefinitions" in (tmp_path / "waves" / "2x1x4k2" / "unit.vcd").read_text()


def test_a_proof_that_runs_out_of_time_is_no_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert prove_command(("12x12x24",), limit=1.5) == 1
    assert "OUT OF TIME" in capsys.readouterr().out


def test_parts_that_units_share_are_proved_once() -> None:
    proofs = prove_designs([MacDesign.parse("2x1x4k2"), MacDesign.parse("2x1x4k3")], 60)
    assert len(proofs) == 3 + 2 + 2
    assert [proof.designs for proof in proofs if proof.part == "accumulator"] == [("2x1x4k2", "2x1x4k3")]
    assert {proof.status for proof in proofs} == {"proved"}


def test_small_units_have_every_pair_of_operands_and_every_slope_of_every_accumulator() -> None:
    assert {(design.activation_bits, design.weight_bits) for design in SMALL_UNITS} == {
        (activation, weight) for activation in range(1, 5) for weight in range(1, 5)
    }
    slopes = {(design.accumulator_bits, design.slope) for design in SMALL_UNITS}
    assert slopes == {(bits, slope) for bits in range(4, 17) for slope in (None, 1, 2, 3, 4, 8)} - {(4, 8)}
    assert len(set(SMALL_UNITS)) == len(SMALL_UNITS)
