"""Meta-steps of MAML, FOMAML and Reptile: our ways of working on a batch's tasks beside a plain loop."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, get_args

import torch

from models.fewshot.adaptive import AdaptiveLearner
from models.fewshot.inner import How, time_ways
from models.progress import Progress
from models.training.seeds import check_seed
from reports.bench.contenders import Call, Timing, one_thread
from reports.bench.device import DeviceName, chosen_device, described, finished
from reports.bench.in_turn import check_count, in_turn
from reports.bench.memory import peak_memory
from reports.bench.other_process import called_elsewhere
from reports.bench.rows import Comparison, Row, bench_record, compared
from reports.fewshot.benches.adaptation_steps import AdaptationSetting, AdaptationSteps
from reports.records.provenance import machine, tool_versions

PLAIN, LOOP, VMAP = "plain loop", "loop over tasks", "vmap"

TO_PLAIN = Comparison(key="ratio_to_plain_loop", reference=lambda _: PLAIN, speedup=True)
"""How many times as fast as a plain loop."""

_CASES: dict[How, str] = {"loop": LOOP, "vmap": VMAP}
_WAYS_OF_MEMORY: dict[str, tuple[How, int | None]] = {
    LOOP: ("loop", None),
    f"{VMAP}, chunks of 1": ("vmap", 1),
    VMAP: ("vmap", None),
}
_MEBIBYTE = 1 << 20


def bench_adaptation(
    setting: AdaptationSetting | None = None,
    batches: Sequence[int] = (2, 4, 8),
    memory_side: int = 32,
    rounds: int = 5,
    device: DeviceName = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures the gradients of a meta-step, and the peak memory of MAML's of second order.

    The contenders take turns, and the median counts. Before, a short timing chooses between loop and vmap, as training
    does. Memory is that of tensors, each figure from a process of its own; network and images are not counted.

    setting: the tasks; None for 8 of 28 x 28 pixels, 5-way 1-shot, 5 inner steps. batches: tasks in the batches whose
    memory is measured. memory_side: of their images, in pixels.

    Returns `rows`, a dictionary per learner and contender: `milliseconds`, `ratio_to_plain_loop`, and `chosen`, whether
    training would take this way; `memory`, a dictionary per way and batch: `case`, `tasks`, `peak_mib`; further
    `rounds`, `device`, `tools` and `machine`. Raises ValueError for settings that are not allowed.
    """
    setting = setting or AdaptationSetting()
    _check(setting, batches, memory_side, rounds)
    place = chosen_device(device)
    timing = Timing(warm_up_calls=1, warm_up_seconds=0, wait=finished(place))
    rows: list[Row] = []
    with progress or Progress(quiet=True) as shown, one_thread():
        learners: tuple[AdaptiveLearner, ...] = get_args(AdaptiveLearner)
        task = shown.task("rounds", len(learners) * rounds)
        steps = AdaptationSteps(setting, place)
        for learner in learners:
            chosen = time_ways(partial(steps.ours, learner), place).how
            contenders: dict[str, Call] = {PLAIN: partial(steps.plain, learner)}
            contenders |= {case: partial(steps.ours, learner, how) for how, case in _CASES.items()}
            medians = in_turn(contenders, rounds, partial(task.advance, note=learner), timing).medians()
            rows += _rows(learner, medians, _CASES[chosen])
        used = described(place)
        task = shown.task("memory", len(batches) * len(_WAYS_OF_MEMORY))
        memory = []
        for case, (how, chunk) in _WAYS_OF_MEMORY.items():
            for tasks in batches:
                one = replace(setting, tasks=tasks, side=memory_side)
                peak = called_elsewhere(partial(maml_peak, one, place, how, chunk))
                memory.append({"case": case, "tasks": tasks, "peak_mib": peak / _MEBIBYTE})
                task.advance(note=case)
    return bench_record(
        rows, TO_PLAIN, tool_versions(), machine(), memory=memory, device=used, rounds=rounds, setting=vars(setting)
    )


def maml_peak(setting: AdaptationSetting, device: torch.device, how: How, chunk: int | None) -> int:
    """Most bytes that a meta-step of second-order MAML takes at a time, besides network and images."""
    steps = AdaptationSteps(setting, device)
    with peak_memory(device) as peak:
        steps.ours("maml", how, chunk)
    return peak[0]


def _rows(learner: str, medians: dict[str, float], chosen: str) -> list[Row]:
    return compared(learner, medians, TO_PLAIN, {case: {"chosen": case == chosen} for case in medians})


def _check(setting: AdaptationSetting, batches: Sequence[int], memory_side: int, rounds: int) -> None:
    check_seed(setting.seed)
    counts = [("tasks", setting.tasks), ("shots", setting.shots), ("queries", setting.queries)]
    counts += [("inner_steps", setting.inner_steps), ("rounds", rounds), ("side", setting.side)]
    counts += [("memory_side", memory_side), *(("batches", tasks) for tasks in batches)]
    for name, value in counts:
        check_count(name, value)
