"""The table that checks Theorem 1: which laws it holds, its bounds, and what it says of bounds that fail."""

import json
from typing import Any

import pytest

from models.fewshot.theorem import OneShotError, OneShotTrial
from models.progress import Progress
from reports.fewshot import theorem_table as module
from reports.fewshot.theorem_table import RATIOS, measure_theorem, theorem_table

TRIALS = 1500


def measured(trials: int, seed: int) -> dict[str, Any]:
    with Progress(quiet=True) as progress:
        return measure_theorem(trials, seed, progress)


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return measured(TRIALS, 2)


def test_every_law_is_measured_at_every_ratio(record: dict[str, Any]) -> None:
    named = [(row["law"].split(",")[0], row["dimensions"], row["ratio"]) for row in record["rows"]]
    laws = [("Gaussian", 2), ("Gaussian", 512), ("Student t", 2), ("Student t", 512), ("two points", 1)]
    assert named == [(*law, ratio) for law in laws for ratio in RATIOS]
    assert (record["trials"], record["seed"]) == (TRIALS, 2)
    assert json.loads(json.dumps(record)) == record


def test_bounds_are_the_theorems_and_hold(record: dict[str, Any]) -> None:
    for row in record["rows"]:
        ratio = row["ratio"]
        assert row["printed_bound"] == pytest.approx(min(1, 32 * ratio / (1 - ratio)))
        assert row["stronger_bound"] == pytest.approx(min(1, 8 * ratio / (1 - ratio / 2)))
        assert row["printed_bound_holds"] is (True if ratio < 1 / 33 else None)
        assert row["stronger_bound_holds"] is True


def test_only_laws_with_jumps_or_tails_err(record: dict[str, Any]) -> None:
    errors = {row["law"].split(",")[0]: row["error"] for row in record["rows"] if row["ratio"] == 0.1}
    assert errors["Gaussian"] == 0
    assert errors["two points"] == pytest.approx(0.1, rel=0.25)


def test_the_table_shows_the_record() -> None:
    record = measured(TRIALS, 0)
    table = theorem_table(record)
    assert len(table.rows) == len(record["rows"]) == 20
    assert {len(row) for row in table.rows} == {len(table.columns)}
    first, last = record["rows"][0], record["rows"][-1]
    assert table.rows[0] == ("Gaussian", "2", "0.003", "0.000%", "0.000", "9.63%", "yes", "2.40%", "yes")
    assert table.rows[-1][:3] == (last["law"], "1", "0.1")
    assert table.rows[-1][3:5] == (f"{100 * last['error']:.3f}%", f"{100 * last['standard_error']:.3f}")
    assert table.rows[-1][5:] == ("100.00%", "says nothing", "84.21%", "yes")
    assert first["error"] == 0
    assert "1,500 trials a row, seed 0" in table.note
    assert measured(TRIALS, 0) == record


@pytest.mark.parametrize(("excess", "verdict"), [(2.9, True), (3.1, False)])
def test_an_error_beyond_chance_breaks_a_bound(excess: float, verdict: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(trial: OneShotTrial, seed: int) -> OneShotError:
        bound = 8 * trial.ratio / (1 - trial.ratio / 2)
        return OneShotError(trial, bound + excess * 0.001, 0.001)

    monkeypatch.setattr(module, "one_shot_error", found)
    record = measured(10, 0)
    table = theorem_table(record)
    assert {row["stronger_bound_holds"] for row in record["rows"]} == {verdict}
    assert {row[8] for row in table.rows} == {"yes" if verdict else "no"}
    assert record["rows"][0]["printed_bound_holds"] is True


def test_no_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="trials is 0; allowed is an integer of at least 1"):
        measured(0, 0)
