"""Mutants differ from their gates and from one another, and depend on the seed alone."""

from collections import Counter
from pathlib import Path

import pytest

from sim.gates.mutants import all_mutants, draw_mutants
from tests.support.netlists import CELLS, gates_by_hand

CELL = ("OAI21_X1", {"A": 2, "B1": 3, "B2": 3, "ZN": 4})


def test_the_mutants_of_a_gate(tmp_path: Path) -> None:
    gates = gates_by_hand([CELL], {"a": 2, "b": 3}, {"y": 4}, tmp_path)
    found = [mutant for mutant in all_mutants(gates, CELLS) if gates.assignments[mutant.site].target == "n4"]
    assert [mutant.change for mutant in found] == [
        "stuck at 0",
        "stuck at 1",
        "AOI21_X1 for OAI21_X1",
        "A and B1 of OAI21_X1 swapped",
        "A and B2 of OAI21_X1 swapped",
        "output of OAI21_X1 inverted",
        "A of OAI21_X1 inverted",
        "B1 of OAI21_X1 inverted",
        "B2 of OAI21_X1 inverted",
    ]
    assert len({mutant.function.table(("A", "B1", "B2")) for mutant in found}) == 9
    rest = [mutant.change for mutant in all_mutants(gates, CELLS) if mutant not in found]
    assert rest == ["stuck at 0", "stuck at 1"] * 2


def test_nets_that_nothing_reads_have_no_mutants(tmp_path: Path) -> None:
    register = ("DFF_X1", {"D": 2, "CK": 1, "Q": 3, "QN": 4})
    gates = gates_by_hand([register], {"a": 2}, {"y": 3}, tmp_path)
    targets = {gates.assignments[mutant.site].target for mutant in all_mutants(gates, CELLS)}
    assert targets == {"n2", "n3", "d0"}
    kinds = Counter(mutant.kind for mutant in all_mutants(gates, CELLS))
    assert kinds == {"stuck": 6, "inverted": 2}


def test_draws_depend_on_the_seed_alone(tmp_path: Path) -> None:
    gates = gates_by_hand([CELL], {"a": 2, "b": 3}, {"y": 4}, tmp_path)
    assert draw_mutants(gates, CELLS, 5, seed=1) == draw_mutants(gates, CELLS, 5, seed=1)
    assert draw_mutants(gates, CELLS, 5, seed=1) != draw_mutants(gates, CELLS, 5, seed=2)
    assert draw_mutants(gates, CELLS, 99, seed=1) == all_mutants(gates, CELLS)
    with pytest.raises(ValueError, match="count is 0"):
        draw_mutants(gates, CELLS, 0, seed=1)
