"""Mutation coverage of the bench's stimuli."""

from pathlib import Path

import pytest

import sim.gates.kills
from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from reports.cells.liberty import load_library
from reports.mac.mutants import measure_mutants, passed
from sim.mac.stimulus import carries, corners, families

DESIGN = MacDesign.parse("3x1x8k2")


def test_the_bench_kills_every_mutant_of_a_small_unit(tmp_path: Path) -> None:
    result = measure_mutants(
        GeneratedUnit.generate(DESIGN), load_library("builtin"), tmp_path, count=2000, seed=0, proof_limit=60
    )
    assert passed(result)
    assert result["equivalent"]
    assert result["transitions"]["tried"] == 4096
    assert result["cycles_per_second"] > 1e8
    assert 700 < len(result["mutants"]) < 2000
    assert {mutant["verdict"] for mutant in result["mutants"]} <= {"killed", "equivalent"}
    assert {"corners", "sums"} <= {mutant["by"] for mutant in result["mutants"]}


@pytest.mark.slow
def test_a_bench_without_most_of_its_stimuli_lets_mutants_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.gates.kills, "families", lambda: {"corners": corners})
    arguments = (GeneratedUnit.generate(DESIGN), load_library("builtin"), tmp_path, 25, 0, 60)
    result = measure_mutants(*arguments)
    survivors = [mutant for mutant in result["mutants"] if mutant["verdict"] == "survived"]
    assert survivors
    assert not passed(result)
    assert measure_mutants(*arguments)["mutants"] == result["mutants"]


def test_wrong_gates_are_told_from_mutants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another unit's golden model, the netlist itself is wrong."""
    right = sim.gates.kills.expected_outputs
    other = MacDesign.parse("3x1x8k4")
    monkeypatch.setattr(sim.gates.kills, "expected_outputs", lambda _, *rest: right(other, *rest))
    result = measure_mutants(
        GeneratedUnit.generate(DESIGN), load_library("builtin"), tmp_path, count=1, seed=0, proof_limit=60
    )
    assert not result["agrees"]
    assert not passed(result)


@pytest.mark.slow
def test_far_carries_kill_what_no_other_stimulus_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = MacDesign.parse("3x1x32")
    arguments = (GeneratedUnit.generate(design), load_library("builtin"), tmp_path, 2000, 0, 1e-9)
    result = measure_mutants(*arguments)
    assert sum(mutant["by"] == "carries, preset" for mutant in result["mutants"]) > 10
    assert result["transitions"] is None
    rest = {name: family for name, family in families().items() if family is not carries}
    monkeypatch.setattr(sim.gates.kills, "families", lambda: rest)
    assert sum(mutant["by"] is None for mutant in measure_mutants(*arguments)["mutants"]) > 10
