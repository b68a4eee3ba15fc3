"""Checkpoints: everything that a stage needs to go on where it stopped."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.memory import is_lack_of_memory
from models.training.errors import TrainingError
from models.training.method import Stateful
from models.training.tensor_files import read_tensors, write_tensors

_VERSION = 2


@dataclass
class Position:
    """Where a stage is. epoch: finished epochs. batch: finished batches of the next one. step: finished steps.

    Raises ValueError for others than counts.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not int or value < 0:
                raise ValueError(f"{name} is {value!r}; allowed are integers of at least 0")


@dataclass(frozen=True)
class Checkpoint:
    """A file with the state of a stage.

    path: of the file. settings: what the stage's result depends on, as plain values; a checkpoint with others is
    refused. parts: what is kept, by name.
    """

    path: Path
    settings: Mapping[str, Any]
    parts: Mapping[str, Stateful]

    def save(self, position: Position, extra: Mapping[str, Any]) -> None:
        """Writes the file, whole or not at all. extra: more to keep, of plain values and tensors."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        content = {"version": _VERSION, "settings": self._described(), "position": vars(position), "extra": dict(extra)}
        write_tensors(self.path, content | {"parts": state})

    def restore(self) -> tuple[Position, dict[str, Any]] | None:
        """Loads the file into the parts; returns the position and the extra state, or None if there is no file.

        Raises TrainingError if the file is damaged, of another version, or of other settings.
        """
        if not self.path.exists():
            return None
        with self.reading():
            saved = read_tensors(self.path)
            version, settings = saved.get("version"), saved["settings"]
        if version != _VERSION:
            raise TrainingError(
                f"{self.path} was written by another version of wrapmac; remove it to train the stage again"
            )
        if settings != self._described():
            raise TrainingError(f"{self.path} was written with other settings: {settings}")
        with self.reading():
            for name, part in self.parts.items():
                part.load_state_dict(saved["parts"][name])
            return Position(**saved["position"]), dict(saved["extra"])

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turns what values of a wrong kind or shape raise into a TrainingError that names the file."""
        try:
            yield
        except (RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
            if is_lack_of_memory(error):
                raise
            raise TrainingError(f"{self.path} is damaged; remove it to train the stage again") from error

    def _described(self) -> str:
        return json.dumps(self.settings, sort_keys=True)
