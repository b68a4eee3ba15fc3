"""What the commands ask of a training method."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from reports.commands.methods.deployment import Deployment
    from reports.commands.methods.evaluation import EvaluationOptions
    from reports.tables.table import Table


class Training(Protocol):
    """A training: a dataclass of its options, whose defaults, data sets and output folder are the method's own."""

    def run(self) -> "list[Table]":
        """Trains; returns the tables to print, none in processes that print nothing."""


@dataclass(frozen=True)
class Evaluation:
    """Figures of a trained model on held-out data. record: as plain JSON values. lines, tables: as printed."""

    record: dict[str, Any]
    lines: tuple[str, ...] = ()
    tables: "tuple[Table, ...]" = ()


class TrainedModel(Protocol):
    """The model of a finished run."""

    def evaluate(self, options: "EvaluationOptions") -> Evaluation:
        """Runs the model on held-out data. Raises ValueError if the data does not fit it."""

    def export(self, out: Path | None, deployment: "Deployment", inputs: Sequence[Path]) -> list[str]:
        """Writes the model for other programs; returns the lines to print, such as the paths of the files.

        out: None for the method's own place. deployment: other files to write.
        inputs: files that are not to be overwritten.
        Raises ValueError if the model has no such form, or files would overwrite each other.
        """


@dataclass(frozen=True)
class TrainingMethod:
    """A method. training: its options of `train`. load: reads a finished run from its folder."""

    training: type[Training]
    load: Callable[[Path], TrainedModel]
