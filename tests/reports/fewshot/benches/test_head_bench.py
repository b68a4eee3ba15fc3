"""The bench of heads: the loop finds the batch's gradients, and the record says what was measured."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from models.fewshot.heads import prototype_logits, ridge_logits, svm_logits
from reports.fewshot.benches.bench_tables import head_table
from reports.fewshot.benches.head_bench import BATCH, LOOP, Head, bench_heads, random_task, step
from tests.support.commands import Command, assert_refused

SMALL: dict[str, Any] = {
    "tasks": (2,), "dimensions": (16, 24), "shots": (1, 2), "iterations": 3, "rounds": 1, "device": "cpu"
}  # fmt: skip


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return bench_heads(**SMALL)


@pytest.mark.parametrize("head", [prototype_logits, ridge_logits, svm_logits])
def test_loop_and_batch_find_the_same_gradients(head: Head) -> None:
    batch = random_task(3, dimensions=20, shots=2, seed=1, device=torch.device("cpu"))
    each = batch.of_each()
    step(head, [batch])
    step(head, each)
    for name in ("query", "support"):
        leaves = [getattr(task, name) for task in each]
        assert all(leaf.is_leaf and leaf._base is None for leaf in leaves)
        looped = torch.cat([leaf.grad for leaf in leaves]) / len(each)
        torch.testing.assert_close(getattr(batch, name).grad, looped, rtol=1e-4, atol=1e-6)


def test_every_setting_and_head_has_a_row_for_batch_and_loop(result: dict[str, Any]) -> None:
    settings = [f"2 tasks, d = {width}, {shot}-shot" for width in (16, 24) for shot in (1, 2)]
    heads = ("prototype", "ridge", "svm")
    assert [(row["name"], row["case"]) for row in result["rows"]] == [
        (f"{head}, {setting}", case) for setting in settings for head in heads for case in (BATCH, LOOP)
    ]
    assert result["iterations"] == 3


def test_ratios_are_to_the_loop_and_to_ridge(result: dict[str, Any]) -> None:
    times = {(row["name"], row["case"]): row["milliseconds"] for row in result["rows"]}
    for row in result["rows"]:
        assert row["ratio_to_loop"] == pytest.approx(times[row["name"], LOOP] / row["milliseconds"])
        ridge = times[row["name"].replace("svm", "ridge"), row["case"]]
        assert row.get("time_to_ridge") == (
            pytest.approx(row["milliseconds"] / ridge) if row["name"].startswith("svm") else None
        )


def test_the_table_shows_every_setting_and_head(result: dict[str, Any]) -> None:
    assert len(head_table(result).rows) == 12


def test_the_command_keeps_the_record_with_its_origin(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    line = f"bench heads --tasks 2 --dimensions 8 --shots 1 --rounds 1 --device cpu --seed 4 --json {file}"
    finished = command(*line.split())
    assert finished.returncode == 0, finished.stderr
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["seed"] == 4
    assert record["command"] == f"wrapmac {line}"
    assert {"rows", "tools", "machine", "device", "rounds", "created"} <= record.keys()
    assert finished.stdout.count("svm ") == 1


def test_the_command_refuses_impossible_settings_in_one_line(command: Command, tmp_path: Path) -> None:
    finished = command("bench", "episodes", "--looped", "0", "--json", str(tmp_path / "episodes.json"))
    assert_refused(finished, "looped is 0; allowed is an integer of at least 1", tmp_path)


@pytest.mark.parametrize("name", ["tasks", "dimensions", "shots", "iterations", "rounds"])
def test_impossible_settings_are_refused(name: str) -> None:
    value = 0 if isinstance(SMALL[name], int) else (0,)
    with pytest.raises(ValueError, match=f"{name} is 0"):
        bench_heads(**(SMALL | {name: value}))
