"""A numerical check of Theorem 1: the measured error of one-shot classification beside both bounds."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.fewshot.laws import Gaussian, Law, StudentT, past_the_middle
from models.fewshot.theorem import OneShotError, OneShotTrial, one_shot_error
from models.progress import Progress
from reports.tables.table import Table

RATIOS = (0.003, 0.01, 0.03, 0.1)
"""Variance ratios e. The printed bound says something below 1/33, the stronger one below 2/17."""

_TITLE = "Theorem 1: error of one-shot maximum-margin classification"
_COLUMNS = ("law", "dimensions", "e", "error", "1 SE", "32e / (1 - e)", "holds", "8e / (1 - e/2)", "holds")
_VERDICTS = {True: "yes", False: "no", None: "says nothing"}
_HIGH_DIMENSIONS = 512
_STANDARD_ERRORS = 3  # by which a measured error has to exceed a bound that does not hold


def measure_theorem(trials: int, seed: int, progress: Progress) -> dict[str, Any]:
    """The error of the maximum-margin classifier of one point a class for laws and variance ratios, beside the bounds.

    trials: independent draws of both points and a test point, for each row. Returns plain JSON values, where `holds` is
    None for a bound of 1, which says nothing. Raises ValueError for a number of trials below 1.
    """
    chosen = list(_trials(trials))
    task = progress.task("one-shot errors", len(chosen))
    rows = []
    for trial in chosen:
        rows.append(_record(one_shot_error(trial, seed)))
        task.advance()
    return {"trials": trials, "seed": seed, "rows": rows}


def theorem_table(record: Mapping[str, Any]) -> Table:
    """What `measure_theorem` returned, as a table."""
    rows = [_row(row) for row in record["rows"]]
    return Table(_TITLE, _COLUMNS, rows, _note(record["trials"], record["seed"]), labels=3)


def _trials(trials: int) -> Iterator[OneShotTrial]:
    laws: list[tuple[Law, int]] = [(law, size) for law in (Gaussian(), StudentT()) for size in (2, _HIGH_DIMENSIONS)]
    for law, dimensions in laws:
        for ratio in RATIOS:
            yield OneShotTrial(law=law, ratio=ratio, dimensions=dimensions, trials=trials)
    for ratio in RATIOS:
        yield OneShotTrial(law=past_the_middle(ratio), ratio=ratio, dimensions=1, share=1.0, trials=trials)


def _record(found: OneShotError) -> dict[str, Any]:
    trial = found.trial
    return {
        "law": trial.law.name,
        "dimensions": trial.dimensions,
        "share_of_x": trial.share,
        "ratio": trial.ratio,
        "error": found.error,
        "standard_error": found.standard_error,
        "printed_bound": found.printed_bound,
        "printed_bound_holds": _holds(found, found.printed_bound),
        "stronger_bound": found.stronger_bound,
        "stronger_bound_holds": _holds(found, found.stronger_bound),
    }


def _holds(found: OneShotError, bound: float) -> bool | None:
    return None if bound >= 1 else found.error <= bound + _STANDARD_ERRORS * found.standard_error


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    bounds = [(row[name], row[f"{name}_holds"]) for name in ("printed_bound", "stronger_bound")]
    return (
        row["law"],
        f"{row['dimensions']}",
        f"{row['ratio']:g}",
        f"{100 * row['error']:.3f}%",
        f"{100 * row['standard_error']:.3f}",
        *(cell for bound, holds in bounds for cell in (f"{100 * bound:.2f}%", _VERDICTS[holds])),
    )


def _note(trials: int, seed: int) -> str:
    return (
        "e is (Var X + Var Y) / Var U with the true Var U = (Var X + Var Y)/2 + D²/4, where D is the distance of the "
        "means. The theorem prints 32e / (1 - e); its argument gives 8e / (1 - e/2). Of two points, X jumps just past "
        "the middle and Y does not vary; in the other rows both classes vary alike. "
        f"{trials:,} trials a row, seed {seed}; no error among n trials leaves an error below 3/n at 95% confidence. "
        f"A bound of 1 says nothing; a bound that the error exceeds by {_STANDARD_ERRORS} SE does not hold."
    )
