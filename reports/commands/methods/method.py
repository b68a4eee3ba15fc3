"""What the commands ask of a training method."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from models.integer_network.graph import IntegerGraph
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

    def integer_graph(self) -> "IntegerGraph":
        """The model as an integer network. Raises ValueError if it has no such form."""


@dataclass(frozen=True)
class TrainingMethod:
    """A method. training: its options of `train`. load: reads a finished run from its folder."""

    training: type[Training]
    load: Callable[[Path], TrainedModel]
