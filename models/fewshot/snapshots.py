"""The networks that a run kept after some of its epochs."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from models.fewshot.run import FewShotRun, checkpoint_file
from models.training.diagnosis import broken_tensor
from models.training.snapshots import snapshot_file
from models.training.tensor_files import read_tensors


def snapshot_files(run: FewShotRun) -> list[Path]:
    """The files of a run's snapshots, by epoch. Raises ValueError if it kept none, or is fine-tuned to each task."""
    if run.config.is_fine_tuned:
        raise ValueError(f"{run.folder}: an ensemble is of heads on features, which {run.config.learner} does not have")
    every = run.config.snapshots
    if every is None:
        raise ValueError(f"{run.folder} kept no snapshots for an ensemble; train it with --snapshots")
    checkpoint = checkpoint_file(run.config, run.folder)
    return [snapshot_file(checkpoint, epoch) for epoch in range(every, run.config.epochs + 1, every)]


def load_snapshots(run: FewShotRun) -> list[nn.Module]:
    """A run's network after each epoch that it kept, in evaluation mode.

    Raises ValueError, naming the file, if it kept none, or one is missing or damaged.
    """
    return [_loaded(run, path) for path in snapshot_files(run)]


def _loaded(run: FewShotRun, path: Path) -> nn.Module:
    states = read_tensors(path)
    network = deepcopy(run.network)
    try:
        network.load_state_dict(_weights(states))
    except (RuntimeError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged, or of another run") from error
    broken = broken_tensor(network)
    if broken is not None:
        raise ValueError(f"{path} is damaged: {broken} is not finite")
    return network.eval()


def _weights(states: Mapping[str, Any]) -> dict[str, Tensor]:
    """The encoder's, with its metric if it has one, from the models of a training with a head or of a classical one."""
    if "metric" in states:
        return {f"{part}.{name}": one for part in ("encoder", "metric") for name, one in states[part].items()}
    if "encoder" in states:
        found: dict[str, Tensor] = states["encoder"]
        return found
    prefix = "encoder."
    return {name.removeprefix(prefix): one for name, one in states["network"].items() if name.startswith(prefix)}
