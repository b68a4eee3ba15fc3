"""Heads, forward and backward: all tasks of a batch at once, beside a loop over tasks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from models.fewshot.evaluation import Head
from models.fewshot.heads import prototype_logits, ridge_logits, svm_logits
from models.progress import Progress
from models.training.seeds import check_seed
from reports.bench.contenders import Timing, one_thread
from reports.bench.device import DeviceName, chosen_device, described, finished
from reports.bench.in_turn import check_count, in_turn
from reports.bench.rows import Comparison, Row, bench_record, compared
from reports.records.provenance import machine, tool_versions

LOOP, BATCH = "loop over tasks", "all tasks at once"
SVM = "svm"

TO_LOOP = Comparison(key="ratio_to_loop", reference=lambda _: LOOP, speedup=True)
"""How many times as fast as a loop."""

_WAYS = 5
_QUERIES = 15  # of each way


@dataclass(frozen=True)
class Tasks:
    """Leaf tensors: query and support (tasks, n, d); labels (tasks, n) of both."""

    query: Tensor
    query_labels: Tensor
    support: Tensor
    support_labels: Tensor

    def of_each(self) -> "list[Tasks]":
        """Its tasks one by one, each with leaf tensors of its own: slices of shared leaves would slow a loop down."""
        parts = (self.query, self.query_labels, self.support, self.support_labels)
        return [Tasks(*map(_leaf, tensors)) for tensors in zip(*(torch.split(part, 1) for part in parts), strict=True)]


def bench_heads(
    tasks: Sequence[int] = (8, 64),
    dimensions: Sequence[int] = (512, 1600, 2560),
    shots: Sequence[int] = (1, 5),
    iterations: int = 8,
    rounds: int = 15,
    seed: int = 0,
    device: DeviceName = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures the logits of heads, their cross-entropy, and its gradients, on 5-way episodes with 75 queries.

    The features are random, around a centre for each way. In the loop, each task has tensors of its own. All heads of a
    setting take turns with their loops; the median counts.

    tasks: numbers of tasks in a batch. dimensions: of the features. shots: support images of each way. iterations: of
    the SVM's solver, at most.

    Returns `rows`, a dictionary per setting, head and contender: `milliseconds`, `ratio_to_loop`, `tasks`,
    `dimensions`, `shots` and, of the SVM, `time_to_ridge`; further `rounds`, `iterations`, `device`, `tools` and
    `machine`. Raises ValueError for settings that are not allowed.
    """
    check_seed(seed)
    check_count("rounds", rounds)
    check_count("iterations", iterations)
    for name, values in (("tasks", tasks), ("dimensions", dimensions), ("shots", shots)):
        for value in values:
            check_count(name, value)
    heads: dict[str, Head] = {
        "prototype": prototype_logits,
        "ridge": ridge_logits,
        SVM: partial(svm_logits, iterations=iterations),
    }
    place = chosen_device(device)
    timing = Timing(warm_up_calls=1, wait=finished(place))
    settings = [(count, width, shot) for count in tasks for width in dimensions for shot in shots]
    rows: list[Row] = []
    with progress or Progress(quiet=True) as shown, one_thread():
        task = shown.task("rounds", len(settings) * rounds)
        for count, width, shot in settings:
            batch = random_task(count, width, shot, seed, place)
            each = batch.of_each()
            contenders: dict[str, Callable[[], None]] = {}
            for name, head in heads.items():
                contenders[f"{name} {BATCH}"] = partial(step, head, [batch])
                contenders[f"{name} {LOOP}"] = partial(step, head, each)
            title = f"{count} tasks, d = {width}, {shot}-shot"
            medians = in_turn(contenders, rounds, partial(task.advance, note=title), timing).medians()
            figures: dict[str, float | int | str] = {"tasks": count, "dimensions": width, "shots": shot}
            rows += [row for name in heads for row in _rows(name, title, medians, figures)]
        used = described(place)
    return bench_record(rows, TO_LOOP, tool_versions(), machine(), device=used, rounds=rounds, iterations=iterations)


def step(head: Head, tasks: Sequence[Tasks]) -> None:
    """Leaves the gradients of the queries' cross-entropy, summed over batches of tasks, in their leaves."""
    losses = []
    for task in tasks:
        task.query.grad = task.support.grad = None
        logits = head(task.query, task.support, task.support_labels, _WAYS)
        losses.append(cross_entropy(logits.flatten(0, 1), task.query_labels.flatten()))
    torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]  # once: each call would start the engine


def _rows(head: str, title: str, medians: dict[str, float], figures: dict[str, float | int | str]) -> list[Row]:
    milliseconds = {case: medians[f"{head} {case}"] for case in (BATCH, LOOP)}
    found = {case: dict(figures) for case in milliseconds}
    if head == SVM:
        for case, time in milliseconds.items():
            found[case]["time_to_ridge"] = time / medians[f"ridge {case}"]
    return compared(f"{head}, {title}", milliseconds, TO_LOOP, found)


def random_task(tasks: int, dimensions: int, shots: int, seed: int, device: torch.device) -> Tasks:
    """5-way tasks with 15 queries a way, of features around a centre for each way."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(tasks, _WAYS, 1, dimensions, generator=generator)

    def drawn(images: int) -> tuple[Tensor, Tensor]:
        features = centres + torch.randn(tasks, _WAYS, images, dimensions, generator=generator)
        labels = torch.arange(_WAYS).repeat_interleave(images).expand(tasks, -1)
        return _leaf(features.flatten(1, 2).to(device)), labels.contiguous().to(device)

    return Tasks(*drawn(_QUERIES), *drawn(shots))


def _leaf(tensor: Tensor) -> Tensor:
    copy = tensor.detach().clone()
    return copy.requires_grad_(copy.is_floating_point())
