"""The memory bench and the figures of chapter 3."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from models.federated.broadcast import broadcast
from models.federated.recogniser import Recogniser
from models.progress import Progress
from reports.federated.benches import memory_bench
from reports.federated.benches.client_step import (
    VARIABLES,
    ClientStep,
    StepPeaks,
    random_batch,
    random_broadcast,
    take_step,
    tensor_peak,
)
from reports.federated.benches.memory_bench import ALLOCATORS, bench_memory, memory_tables
from reports.federated.figures import moved_share
from tests.support.commands import Command, assert_refused

STEP = ClientStep(size="tiny", seconds=0.6, tokens=4, words=2)


@pytest.mark.parametrize("variables", ["int8", "int4"])
def test_a_random_broadcast_is_as_large_as_a_real_one(variables: str) -> None:
    bits = {"int8": 8, "int4": 4}[variables]
    real, random = (
        broadcast(Recogniser(STEP.settings, 80, STEP.tokens), bits, "channel"),
        random_broadcast(STEP, variables),
    )
    assert (random.quantized_bytes, random.float_bytes) == (real.quantized_bytes, real.float_bytes)
    for name, one in real.low_bit.items():
        codes = random.low_bit[name].codes(slice(0, one.shape[0]))
        assert int(codes.abs().max()) <= 2 ** (bits - 1) - 1
        assert codes.unique().numel() > 10


@pytest.mark.parametrize("averaging", [False, True])
@pytest.mark.parametrize("variables", VARIABLES)
def test_a_step_runs_with_any_variables(variables: str, averaging: bool) -> None:
    step = ClientStep(size="tiny", seconds=0.6, tokens=4, words=2, averaging=averaging)
    take_step(step, random_broadcast(step, variables), random_batch(step, variables))
    assert random_batch(step, variables).features.dtype == (torch.bfloat16 if variables == "bfloat16" else torch.float)


@pytest.mark.parametrize("averaging", [False, True])
@pytest.mark.parametrize("variables", ["float32", "int8"])
def test_a_step_holds_the_weights_once(variables: str, averaging: bool) -> None:
    step = ClientStep(size="S", seconds=0.3, tokens=4, words=2, averaging=averaging)
    sent = random_broadcast(step, variables)
    whole = sent.quantized_bytes + sent.float_bytes
    assert whole < tensor_peak(step, variables) < whole + (10 << 20)  # 36 MB in floats, 9 in integers


def test_rows_are_medians_of_fresh_processes_and_ratios_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Mapping[str, str]]] = []
    mebibytes = iter(range(100, 10_000, 50))

    def elsewhere(function: Callable[[], Any], environment: Mapping[str, str] = {}) -> Any:  # type: ignore[assignment]
        asked.append((function.args[1], environment))  # type: ignore[attr-defined]
        if function.func is tensor_peak:  # type: ignore[attr-defined]
            return {"float32": 40 << 20}.get(function.args[1], 10 << 20)  # type: ignore[attr-defined]
        return StepPeaks(next(mebibytes) << 20, 60 << 20, 0.5, 3 << 20, 1 << 20)

    monkeypatch.setattr(memory_bench, "called_elsewhere", elsewhere)
    with Progress(quiet=True) as progress:
        result = bench_memory(STEP, 3, progress)
    rounds = [(variables, environment) for environment in ALLOCATORS.values() for variables in VARIABLES]
    assert asked == [*rounds * 3, *((variables, {}) for variables in VARIABLES)]
    first, second = result["rows"][:2]
    assert (first["resident_mib"], second["resident_mib"]) == (500, 550)  # of runs that are 400 apart
    assert first["resident_range_mib"] == 800
    assert second["resident_ratio"] == pytest.approx(550 / 500)
    assert second["less_start_ratio"] == pytest.approx(490 / 440)
    assert second["tensors_ratio"] == 0.25
    with Progress(quiet=True) as progress:
        fewer = bench_memory(STEP, 1, progress, ("int4",))
    assert [row["case"] for row in fewer["rows"]] == ["float32", "int4"] * 2
    assert [row[0] for row in memory_tables(fewer)[0].rows] == ["float32", "float16", "int8"]
    published, where = memory_tables(result)
    assert published.rows[0][:3] == ("float32", "734,188", f"{500 * 1.048576 * 1000:,.0f}")
    assert [row[1] for row in where.rows] == list(VARIABLES) * 2


def test_rounding_to_nearest_loses_small_steps() -> None:
    assert moved_share(4, "nearest", 0.1) == 0
    assert 0.02 < moved_share(4, "stochastic", 0.1) < 0.06
    assert moved_share(8, "nearest", 0.1) == pytest.approx(0.56, abs=0.04)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runs", "0"], "runs is 0"),
        (["--words", "500"], "500 words are too many for 12 s"),
        (["--tokens", "1"], "tokens is 1"),
        (["--seconds", "inf"], "seconds is inf"),
        (["--variables", "int8", "int3"], "variables are int3; allowed are float32, bfloat16, int8, int4"),
        (["--seed", "-1"], "seed is -1"),
    ],
)
def test_impossible_steps_are_refused(options: list[str], message: str, command: Command, tmp_path: Path) -> None:
    assert_refused(command("bench", "memory", *options), message, tmp_path)
