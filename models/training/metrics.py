"""Metrics of a stage: collected on the device step by step, averaged over an epoch, kept as JSON lines."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.files import write_text
from models.json_files import parse_object
from models.training.errors import TrainingError
from models.training.processes import average, process_count


class StepMetrics:
    """Metrics of the steps of an epoch so far, by name; they stay on the device until somebody asks.

    Whoever asks does so on every process at once: what is told is averaged over them.
    """

    def __init__(self) -> None:
        self._steps: dict[str, list[Tensor]] = {}
        self._averaged = 0  # steps whose metrics are averaged over processes already
        self._seen = 0

    def add(self, metrics: Mapping[str, Tensor]) -> None:
        """Adds a step's metrics, scalar tensors; each step has to bring the same names."""
        for name, value in metrics.items():
            self._steps.setdefault(name, []).append(value.detach().float().reshape(()))

    def __len__(self) -> int:
        """Steps so far."""
        return max(map(len, self._steps.values()), default=0)

    def unseen(self, name: str) -> Tensor:
        """A metric of the steps since the last call: (steps,)."""
        self._average()
        unseen = self._steps.get(name, [])[self._seen :]
        self._seen = len(self)
        return torch.stack(unseen) if unseen else torch.empty(0)

    def means(self) -> dict[str, float]:
        """The mean of each metric over the steps."""
        self._average()
        means = torch.stack([torch.stack(values).mean() for values in self._steps.values()])
        return dict(zip(self._steps, means.tolist(), strict=True))

    def state_dict(self) -> dict[str, Tensor]:
        """The metrics so far, by name: (steps,)."""
        self._average()
        return {name: torch.stack(values).cpu() for name, values in self._steps.items()}

    def load_state_dict(self, state: Mapping[str, Tensor], device: torch.device) -> None:
        """Takes up the metrics of an epoch that was interrupted."""
        self._steps = {name: list(values.to(device).unbind()) for name, values in state.items()}
        self._averaged = self._seen = len(self)

    def _average(self) -> None:
        if self._averaged == len(self) or process_count() == 1:
            return
        new = torch.stack([torch.stack(values[self._averaged :]) for values in self._steps.values()])
        average([new])
        for values, averaged in zip(self._steps.values(), new, strict=True):
            values[self._averaged :] = averaged.unbind()
        self._averaged = len(self)


class MetricLog:
    """JSON lines, one an epoch; drops the lines of epochs that a resumed run repeats."""

    def __init__(self, path: Path, stage: str, done: int) -> None:
        self.path = path
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            entries = [parse_object(line) for line in lines]
            self.entries = [entry for entry in entries if entry["stage"] != stage or entry["epoch"] <= done]
        except (ValueError, LookupError, TypeError) as error:
            raise TrainingError(f"{path} is damaged; remove it to go on without the losses so far") from error

    def append(self, entry: dict[str, Any]) -> None:
        """Adds a line."""
        self.entries.append(entry)
        write_text(self.path, "".join(json.dumps(entry) + "\n" for entry in self.entries))
