"""The few-shot benches' results as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.fewshot.benches import head_bench, regularizer_bench
from reports.tables.table import Table

Result = Mapping[str, Any]


def episode_table(result: Result) -> Table:
    """The result of `bench_episodes`."""
    return Table(
        "Evaluation on 5-way 1-shot episodes",
        ("head", "images", "contender", "episodes", "episodes/s", "times a loop", "accuracy"),
        [_episode_row(row) for row in result["rows"]],
        f"{_measured(result)} Ratios are to the fastest that embeds the images of every episode; times of these are "
        "scaled from fewer episodes, on which the accuracies agree.",
        labels=3,
    )


def head_table(result: Result) -> Table:
    """The result of `bench_heads`."""
    return Table(
        "Heads, forward and backward, 5-way with 75 queries",
        ("head", "tasks", "d", "shots", "ms at once", "ms in a loop", "times the loop", "SVM to ridge"),
        [_head_row(result["rows"], row) for row in result["rows"] if row["case"] == head_bench.BATCH],
        f"{_measured(result)} At most {result['iterations']} iterations of the SVM. Each task of the loop has leaf "
        "tensors of its own.",
    )


def adaptation_tables(result: Result) -> list[Table]:
    """The result of `bench_adaptation`: times and memory."""
    setting = result["setting"]
    times = Table(
        f"Meta-steps on {setting['tasks']} tasks of {setting['side']} x {setting['side']} pixels",
        ("learner", "way", "ms", "times the plain loop", "chosen"),
        [
            (
                row["name"],
                row["case"],
                f"{row['milliseconds']:.0f}",
                f"{row['ratio_to_plain_loop']:.2f}",
                "yes" if row["chosen"] else "",
            )
            for row in result["rows"]
        ],
        f"{_measured(result)} 5-way {setting['shots']}-shot, {setting['inner_steps']} inner steps. A short timing "
        "before the bench chose the way, as in training.",
        labels=2,
    )
    peaks = {(one["case"], one["tasks"]): one["peak_mib"] for one in result["memory"]}
    cases, batches = (dict.fromkeys(one[key] for one in result["memory"]) for key in ("case", "tasks"))
    memory = Table(
        "Peak memory of second-order MAML, MiB",
        ("way", *(f"{tasks} tasks" for tasks in batches)),
        [(case, *(f"{peaks[case, tasks]:.1f}" for tasks in batches)) for case in cases],
        "Tensors besides the network and the images, each figure from a process of its own.",
    )
    return [times, memory]


def regularizer_table(result: Result) -> Table:
    """The result of `bench_regularizers`."""
    rows = [
        (
            row["name"],
            row["case"],
            f"{row['milliseconds']:.1f}",
            *(("", "") if row["case"] == regularizer_bench.PLAIN else _additions(row)),
        )
        for row in result["rows"]
    ]
    return Table(
        f"A step of classical training on {result['images']} images",
        ("network", "regularizer", "ms", "adds", "alone"),
        rows,
        f"{_measured(result)} Alone: the time of the regularizer and its gradient over that of a step without it.",
        labels=2,
    )


def _episode_row(row: Result) -> tuple[str, ...]:
    return (
        _subject(row),
        row["name"].split(", ")[1],
        row["case"],
        f"{row['episodes']:,}",
        f"{row['episodes_per_second']:,.1f}",
        f"{row['ratio_to_peer']:,.1f}",
        f"{row['accuracy']:.3f}",
    )


def _head_row(rows: Sequence[Result], batch: Result) -> tuple[str, ...]:
    (loop,) = (row for row in rows if row["name"] == batch["name"] and row["case"] == head_bench.LOOP)
    return (
        _subject(batch),
        str(batch["tasks"]),
        str(batch["dimensions"]),
        str(batch["shots"]),
        f"{batch['milliseconds']:.2f}",
        f"{loop['milliseconds']:.2f}",
        f"{batch['ratio_to_loop']:.2f}",
        f"{batch['time_to_ridge']:.2f}" if "time_to_ridge" in batch else "",
    )


def _additions(row: Result) -> tuple[str, str]:
    return f"{100 * (row['ratio_to_none'] - 1):+.1f}%", f"{100 * row['alone_ratio_to_none']:.1f}%"


def _subject(row: Result) -> str:
    """The head that a row is about: its name begins with it."""
    return str(row["name"].split(", ")[0])


def _measured(result: Result) -> str:
    return f"Median of {result['rounds']} rounds in turns; {result['machine']}; {result['device']}."
