"""The memory bench: what a client's step takes in floats and in integers, each in a fresh process (Table 3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from statistics import median
from typing import Any

from models.checks import check_above_zero
from models.progress import Progress
from models.training.seeds import check_seed
from reports.bench.in_turn import check_count
from reports.bench.memory import resident_peak
from reports.bench.other_process import called_elsewhere
from reports.federated.benches.client_step import VARIABLES, ClientStep, StepPeaks, step_peaks, tensor_peak
from reports.records.provenance import machine, tool_versions
from reports.tables.beside import rendered
from reports.tables.published import Mark, PublishedTable, number, text
from reports.tables.table import Table

ALLOCATORS: Mapping[str, Mapping[str, str]] = {
    "returned": {"MALLOC_MMAP_THRESHOLD_": str(1 << 20), "MALLOC_ARENA_MAX": "1"},
    "kept": {},
}
"""Environments of a process. returned: glibc gives blocks from 1 MiB on back at once; kept: it keeps many."""

_REFERENCE = "float32"
_MEBIBYTE = 1 << 20


def bench_memory(
    step: ClientStep, runs: int = 3, progress: Progress | None = None, variables: Sequence[str] = VARIABLES
) -> dict[str, Any]:
    """Takes a step in a fresh process with each kind of variables, in turns, `runs` times; on one thread.

    variables: of VARIABLES, float32 among them.

    Returns `rows`, a dictionary for each allocator and kind of variables, with medians in MiB: `resident_mib`,
    `resident_range_mib`, `at_start_mib`, `tensors_mib`, `quantized_mib`, `floats_mib`, and ratios to float32;
    `milliseconds`; further the step's settings, `runs`, `tools` and `machine`. Raises ValueError for impossible
    numbers.
    """
    check_seed(step.seed)
    check_count("runs", runs)
    for name in ("utterances", "tokens", "words"):
        check_count(name, getattr(step, name), 2 if name == "tokens" else 1)
    check_above_zero("seconds", step.seconds)
    if resident_peak() is None:
        raise ValueError("this system does not tell how much memory a process takes; the bench needs Linux")
    if not step.words < step.seconds * 10:
        raise ValueError(f"{step.words} words are too many for {step.seconds:g} s")
    for name in variables:
        if name not in VARIABLES:
            raise ValueError(f"variables are {name}; allowed are {', '.join(VARIABLES)}")
    chosen = [name for name in VARIABLES if name in variables or name == _REFERENCE]
    total = len(chosen) * (len(ALLOCATORS) * runs + 1)
    task = None if progress is None else progress.task("memory", total)
    peaks: dict[tuple[str, str], list[StepPeaks]] = {}
    for _ in range(runs):
        for allocator, environment in ALLOCATORS.items():
            for name in chosen:
                found = called_elsewhere(partial(step_peaks, step, name), environment)
                peaks.setdefault((allocator, name), []).append(found)
                if task is not None:
                    task.advance(note=name)
    tensors = {}
    for name in chosen:
        tensors[name] = called_elsewhere(partial(tensor_peak, step, name))
        if task is not None:
            task.advance(note=f"{name}, tensors")
    rows = [_row(allocator, name, found, tensors[name]) for (allocator, name), found in peaks.items()]
    return {
        "rows": [_with_ratios(row, rows) for row in rows],
        **asdict(step),
        "runs": runs,
        "tools": tool_versions(),
        "machine": machine(),
    }


def memory_tables(result: Mapping[str, Any]) -> list[Table]:
    """Table 3.2 with ours beside the published figures, and where the memory goes."""
    from reports.federated.published import PUBLISHED

    returned = {row["case"]: row for row in result["rows"] if row["name"] == "returned"}
    titles = {"float32": "float32", "float16": "bfloat16", "int8": "int8"}
    names = {row: name for row, name in titles.items() if name in returned}
    first = returned[_REFERENCE]["resident_mib"]
    kilobytes = {row: returned[name]["resident_mib"] * _MEBIBYTE / 1000 for row, name in names.items()}
    measured: dict[str, dict[str, Any]] = {row: {"memory": [one]} for row, one in kilobytes.items()}
    for row in measured:
        saving = first * _MEBIBYTE / 1000 - kilobytes[row]
        measured[row]["saving"] = Mark.ABSENT if row == _REFERENCE else [saving]
    note = f"{_step_note(result)} Ours: bfloat16 for float16; peak resident memory of the whole process, kB."
    return [rendered(PUBLISHED["3.2"], measured, note), _where(result)]


def _where(result: Mapping[str, Any]) -> Table:
    mebibytes = [
        number(heading, 0, "MiB") for heading in ("process", "at start", "tensors", "matrices", "other floats")
    ]
    ratios = [number(heading, 3) for heading in ("process, ratio", "less start, ratio", "tensors, ratio")]
    columns = (text("allocator"), text("variables"), *mebibytes, *ratios, number("time", 1, "s"))
    keys = ("resident_mib", "at_start_mib", "tensors_mib", "quantized_mib", "floats_mib")
    further = ("resident_ratio", "less_start_ratio", "tensors_ratio")
    rows = tuple(
        (row["name"], row["case"], *(row[key] for key in (*keys, *further)), row["milliseconds"] / 1000)
        for row in result["rows"]
    )
    notes = (
        f"{_step_note(result)} Process: peak resident memory; at start: before there was any tensor, Python and torch "
        "alone; tensors: the most that they took at a time. Ratios are to float32. Allocator: whether glibc returns "
        "blocks of a mebibyte at once."
    )
    return rendered(PublishedTable("memory3", "Where a client's memory goes", columns, rows, notes, labels=2))


def _step_note(result: Mapping[str, Any]) -> str:
    algorithm = "FedAVG, one step" if result["averaging"] else "FedSGD, gradients dropped as they are made"
    kept = "gradient checkpointing" if result["checkpointing"] else "activations kept"
    return (
        f"Conformer {result['size']}, {result['utterances']} utterances of {result['seconds']:g} s, {result['tokens']} "
        f"tokens; {algorithm}; {kept}. Medians of {result['runs']} fresh processes; {result['machine']}."
    )


def _row(allocator: str, variables: str, found: Sequence[StepPeaks], tensors: int) -> dict[str, Any]:
    resident = [one.resident for one in found]
    return {
        "name": allocator,
        "case": variables,
        "milliseconds": 1000 * median(one.seconds for one in found),
        "resident_mib": median(resident) / _MEBIBYTE,
        "resident_range_mib": (max(resident) - min(resident)) / _MEBIBYTE,
        "at_start_mib": median(one.at_start for one in found) / _MEBIBYTE,
        "tensors_mib": tensors / _MEBIBYTE,
        "quantized_mib": found[0].quantized / _MEBIBYTE,
        "floats_mib": found[0].floats / _MEBIBYTE,
    }


def _with_ratios(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = next(one for one in rows if one["name"] == row["name"] and one["case"] == _REFERENCE)
    return {
        **row,
        "resident_ratio": row["resident_mib"] / first["resident_mib"],
        "less_start_ratio": (row["resident_mib"] - row["at_start_mib"])
        / (first["resident_mib"] - first["at_start_mib"]),
        "tensors_ratio": row["tensors_mib"] / first["tensors_mib"],
    }
