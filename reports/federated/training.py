"""The last rounds of a federated run, as a table, and its error rates as lines."""

from collections.abc import Mapping
from typing import Any

from reports.tables.table import Table

_FIGURES = {
    "loss": ("loss", "{:.4f}"),
    "word_error_rate": ("word error rate", "{:.2%}"),
    "character_error_rate": ("character error rate", "{:.2%}"),
    "utterance_error_rate": ("utterances with an error", "{:.2%}"),
    "substitutions": ("words substituted", "{:.0f}"),
    "deletions": ("words deleted", "{:.0f}"),
    "insertions": ("words inserted", "{:.0f}"),
    "clients": ("clients of a round", "{:.2f}"),
    "absent": ("clients that stayed away", "{:.2f}"),
    "refused": ("updates refused", "{:.2f}"),
    "repeats": ("repeats for want of a quorum", "{:.2f}"),
    "moved": ("codes that a client's step moved", "{:.2%}"),
}


def training_table(record: Mapping[str, Any]) -> Table:
    """The figures of the last rounds, from a run's summary."""
    short = len(record["left_out"])
    left_out = f" Too short for their transcripts, and left out: {short}." if short else ""
    note = (
        f"{record['data']}: {record['utterances']} utterances of {record['clients']} clients, {record['held_out']} "
        f"held out; rounds: {record['rounds']}, seed {record['seed']}; {record['parameters'] / 1e6:.2f} M parameters. "
        f"A client gets {_kilobytes(record['quantized_bytes'])} of quantized matrices and "
        f"{_kilobytes(record['float_bytes'])} of floats. Counts are means over the rounds since the last "
        f"evaluation.{left_out}"
    )
    title = f"Last rounds: {record['algorithm']}, {record['bits']} bits"
    return Table(title, ("figure", "value"), _shown(record["last"]), note)


def error_lines(figures: Mapping[str, float]) -> tuple[str, ...]:
    """Error rates on held-out utterances, one a line."""
    return tuple(f"{title} {shown}" for title, shown in _shown(figures))


def _shown(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    return [(title, form.format(figures[name])) for name, (title, form) in _FIGURES.items() if name in figures]


def _kilobytes(count: int) -> str:
    return f"{count / 1000:.1f} kB"
