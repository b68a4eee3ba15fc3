"""A run in a folder of its own: config.json, metrics.jsonl, checkpoints, model.safetensors, result.json."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from types import MappingProxyType
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from models.files import write_bytes, write_text
from models.json_files import read_object
from models.memory import is_lack_of_memory
from models.training.execution import process_state

CONFIG, RESULT, MODEL = "config.json", "result.json", "model.safetensors"
"""The files of a finished run that are read again."""

_METRICS = "metrics.jsonl"
_METHOD = "method"
_LONGEST_REASON = 300  # characters; torch lists every tensor that does not fit
_OLDEST_METHOD = "wrapnet"  # of runs from before configurations named their method


@dataclass(frozen=True)
class FinishedRun:
    """What a finished run left. settings: as its configuration stores them. result: its summary."""

    folder: Path
    method: str
    settings: dict[str, Any]
    result: dict[str, Any]
    weights: dict[str, Tensor]

    def check_method(self, method: str) -> None:
        """Raises ValueError for a run of another method."""
        if self.method != method:
            raise ValueError(f"its method is {self.method!r}, not {method!r}")

    @contextmanager
    def reading(self, *names: str) -> Iterator[None]:
        """Turns what values of a wrong kind or shape raise into a ValueError of one line.

        names: the files that the values came from, which the message names.
        """
        try:
            yield
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError) as error:
            files = " or ".join(str(self.folder / name) for name in names)
            reason = f"{error} is missing" if isinstance(error, KeyError) else shorten(str(error), _LONGEST_REASON)
            raise ValueError(f"{files} is damaged, or of another version: {reason}") from error


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run of a method."""

    path: Path

    @property
    def metrics(self) -> Path:
        """JSON lines with the metrics of every epoch."""
        return self.path / _METRICS

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of a finished run, with the checkpoints and snapshots of its training."""
        named = (self.path / name for name in (CONFIG, RESULT, MODEL))
        return self.metrics, *named, *sorted(self.path.glob("*.pt"))

    def start(
        self, method: str, settings: Mapping[str, Any], *, resume: bool, added: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Writes the configuration, or checks it against that of the run that the folder holds.

        settings: plain values that the result depends on. resume: whether the folder may hold a run, to go on with.
        added: settings that runs of earlier versions did not store, with the values that they had in effect.
        Raises ValueError if it holds a run and `resume` is not set, or a run of another method or other settings.
        """
        config = self.path / CONFIG
        state = process_state()
        described = {_METHOD: method, **settings, "processes": state.num_processes}
        self.check_free(resume=resume)
        if config.exists():
            self._compare(described, added)
        state.wait_for_everyone()  # no process writes before all have looked
        if state.is_main_process:
            write_text(config, json.dumps(described, indent=2))

    def check_free(self, *, resume: bool) -> None:
        """Raises ValueError if the folder holds a run and `resume` is not set."""
        if (self.path / CONFIG).exists() and not resume:
            raise ValueError(f"{self.path} holds a run already; resume it with --resume, or name another folder")

    def finish(self, weights: Mapping[str, Tensor], result: Mapping[str, Any]) -> None:
        """Writes the weights and the summary, from the main process."""
        if process_state().is_main_process:
            content = save({name: tensor.contiguous() for name, tensor in weights.items()})
            write_bytes(self.path / MODEL, content)
            write_text(self.path / RESULT, json.dumps(result, indent=2))

    def load(self) -> FinishedRun:
        """Reads a finished run. Raises ValueError, naming the file, if it is not finished or damaged.

        Raises OSError if the weights cannot be read for another reason.
        """
        for name in (CONFIG, RESULT, MODEL):
            if not (self.path / name).is_file():
                raise ValueError(f"{self.path} does not hold a finished run: {name} is missing")
        settings, result = (self._read(name) for name in (CONFIG, RESULT))
        content = (self.path / MODEL).read_bytes()
        try:
            weights = load(content)
        except Exception as error:  # safetensors raises errors of many types on damaged files
            if is_lack_of_memory(error):
                raise
            raise ValueError(f"{self.path / MODEL} is damaged") from error
        return FinishedRun(self.path, method_of(settings), settings, result, weights)

    def method(self) -> str:
        """The method of the run that the folder holds. Raises ValueError if it holds none."""
        if not (self.path / CONFIG).is_file():
            raise ValueError(f"{self.path} does not hold a run: {CONFIG} is missing")
        return method_of(self._read(CONFIG))

    def check_method(self, method: str, what: str) -> None:
        """Raises ValueError if the folder holds no run, or one of another method. what: that runs of `method` have."""
        found = self.method()
        if found != method:
            raise ValueError(f"{self.path} holds a run of method {found!r}; {what} are of {method} runs")

    def _read(self, name: str) -> dict[str, Any]:
        return read_object(self.path / name)

    def _compare(self, settings: Mapping[str, Any], added: Mapping[str, Any]) -> None:
        stored = {_METHOD: _OLDEST_METHOD, **added} | self._read(CONFIG)
        different = [name for name in settings if stored.get(name) != settings[name]]
        if different:
            listed = ", ".join(f"{name} {stored.get(name)} (now {settings[name]})" for name in different)
            raise ValueError(
                f"{self.path} holds a run of other settings: {listed}; to reuse the stages that these settings leave "
                f"unchanged, copy the checkpoints of {self.path} to a new folder and train there"
            )


def method_of(settings: Mapping[str, Any]) -> str:
    """The method that a run's configuration names."""
    return str(settings.get(_METHOD, _OLDEST_METHOD))
