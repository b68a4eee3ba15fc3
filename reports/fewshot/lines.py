"""Evaluations of few-shot runs, each in one line, from their records."""

from typing import Any


def episodes_line(record: dict[str, Any]) -> str:
    """Accuracy on episodes, from a record of `models.fewshot.comparison`."""
    line = (
        f"{record['way']}-way {record['shot']}-shot, {how(record)}: {_figure(record)} over {record['episodes']} "
        f"episodes {record['episode_digest']} of {record['split']}, batch norm {record['batch_norm']}"
    )
    if record["support_from"]:
        line += (
            f"; support from {', '.join(record['support_from'])}, queries from others, {record['classes']} classes "
            f"({record['classes_left_out']} left out)"
        )
    line += _turned(record)
    if record["within_groups"]:
        line += "; classes of an episode from one group"
    if record.get("normalised_by") == "data":
        line += "; images normalised by the training classes of their own data set"
    line += _seen(record)
    if "against" in record:
        other = record["against"]
        line += f"; against {other['run']}, {how(other)}: {_figure(other)}, batch norm {other['batch_norm']}"
        line += _seen(other) + _difference(other["difference"])
    return line


def how(record: dict[str, Any]) -> str:
    """The head of an evaluation, and what it is the mean of, from the part of its record about one run."""
    snapshots = record.get("snapshots", 0)
    ensemble = f", mean of {snapshots} snapshots" if snapshots else ""
    return f"{record['head']}{ensemble}{', flip shots' if record.get('flip_shots') else ''}"


def official_line(record: dict[str, Any]) -> str:
    """Right answers in Omniglot's official runs, from a record of `models.fewshot.official`."""
    line = f"{record['data']}, 20-way 1-shot, episodes {record['episode_digest']}, {_answers(record)}"
    if "against" in record:
        other = record["against"]
        line += f"; against {other['run']}, {_answers(other)}{_difference(other['difference'])}"
    return line


def classes_line(record: dict[str, Any]) -> str:
    """How many classes a run had, with and without turned ones, from the record of its training."""
    parts = []
    for split, count in record["classes_without_turned"].items():
        with_turned = record["classes_with_turned"][split]
        parts.append(f"{count} in {split}" + (f", {with_turned} with turned ones" if with_turned > count else ""))
    return f"classes: {'; '.join(parts)}"


def _turned(record: dict[str, Any]) -> str:
    without = record.get("classes_without_turned", record.get("classes"))
    if without == record.get("classes"):
        return ""
    return f"; {without} classes, {record['classes']} with turned ones"


def _answers(record: dict[str, Any]) -> str:
    right, error = f"{record['right']} of {record['questions']} right", f"error {100 * record['error_rate']:.2f}%"
    by_run = " ".join(map(str, record["right_by_run"]))
    return f"{record['head']}: {right}, {error}, by run {by_run}, batch norm {record['batch_norm']}"


def _figure(record: dict[str, Any]) -> str:
    return (
        f"{100 * record['mean']:.2f}% ± {100 * record['standard_error']:.2f} (1 SE), 95% interval "
        f"{100 * record['low']:.2f} to {100 * record['high']:.2f}"
    )


def _seen(record: dict[str, Any]) -> str:
    return f", trained on {record['seen_classes']} of these classes" if record["seen_classes"] else ""


def _difference(difference: dict[str, float]) -> str:
    mean, error = 100 * difference["mean"], 100 * difference["standard_error"]
    return f", paired difference {mean:+.2f} ± {error:.2f} (1 SE)"
