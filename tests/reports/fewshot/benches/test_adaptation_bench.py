"""The bench of adaptation: plain loops find our gradients, and the record holds times and memory."""

import pickle
from typing import Any

import pytest
import torch

from models.fewshot.adaptive import AdaptiveLearner
from reports.fewshot.benches import adaptation_bench
from reports.fewshot.benches.adaptation_bench import LOOP, PLAIN, VMAP, bench_adaptation, maml_peak
from reports.fewshot.benches.adaptation_steps import AdaptationSetting, AdaptationSteps
from reports.fewshot.benches.bench_tables import adaptation_tables

CPU = torch.device("cpu")
SMALL = AdaptationSetting(tasks=2, side=16, shots=2, queries=2, inner_steps=2, width=3)
LEARNERS: tuple[AdaptiveLearner, ...] = ("maml", "fomaml", "reptile")


@pytest.mark.parametrize("learner", LEARNERS)
def test_plain_loops_find_the_same_gradients(learner: AdaptiveLearner) -> None:
    steps = AdaptationSteps(SMALL, CPU)
    expected = steps.plain(learner)
    assert any(gradient.abs().max() > 1e-4 for gradient in expected.values())
    for how in ("loop", "vmap"):
        found = steps.ours(learner, how)
        assert found.keys() == expected.keys()
        for name, gradient in expected.items():
            torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-5)


def test_reptile_takes_as_many_images_as_there_are() -> None:
    assert AdaptationSteps(SMALL, CPU).batches.shape == (2, 2, 10)


def test_memory_of_the_loop_does_not_grow_with_the_batch_and_that_of_vmap_does() -> None:
    def peak(tasks: int, how: Any, chunk: int | None) -> int:
        return maml_peak(AdaptationSetting(tasks=tasks, side=16, queries=3, inner_steps=1, width=4), CPU, how, chunk)

    for how, chunk in (("loop", None), ("vmap", 1)):
        assert peak(4, how, chunk) == pytest.approx(peak(2, how, chunk), rel=0.02)
    assert peak(4, "vmap", None) > 1.7 * peak(2, "vmap", None)


def test_the_record_and_its_tables_show_times_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere: list[Any] = []
    monkeypatch.setattr(adaptation_bench, "called_elsewhere", lambda call: elsewhere.append(call) or call())
    result = bench_adaptation(SMALL, batches=(2,), memory_side=16, rounds=1, device="cpu")
    assert len(pickle.dumps(elsewhere)) > 0  # as other processes need it
    assert [(row["name"], row["case"]) for row in result["rows"]] == [
        (learner, case) for learner in LEARNERS for case in (PLAIN, LOOP, VMAP)
    ]
    for first in range(0, 9, 3):
        plain, *ours = result["rows"][first : first + 3]
        assert plain["ratio_to_plain_loop"] == 1
        assert not plain["chosen"]
        assert [row["chosen"] for row in ours].count(True) == 1
    assert [one["case"] for one in result["memory"]] == [LOOP, "vmap, chunks of 1", VMAP]
    assert [one["tasks"] for one in result["memory"]] == [2, 2, 2]
    assert all(one["peak_mib"] > 0 for one in result["memory"])
    assert result["setting"]["inner_steps"] == 2
    times, memory = adaptation_tables(result)
    assert len(times.rows) == 9
    assert [len(row) for row in memory.rows] == [2, 2, 2]


@pytest.mark.parametrize(
    ("setting", "others", "message"),
    [
        ({"tasks": 0}, {}, "tasks is 0"),
        ({"shots": 0}, {}, "shots is 0"),
        ({"inner_steps": 0}, {}, "inner_steps is 0"),
        ({"side": 8}, {}, r"image_shape is \(3, 8, 8\)"),
        ({}, {"batches": (0,)}, "batches is 0"),
        ({}, {"rounds": 0}, "rounds is 0"),
        ({"seed": -1}, {}, "seed"),
    ],
)
def test_impossible_settings_are_refused(setting: dict[str, Any], others: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bench_adaptation(AdaptationSetting(**setting), device="cpu", **others)
