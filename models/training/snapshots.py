"""Models of a stage after some of its epochs, for ensembles."""

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from models.training.stage import Stage
from models.training.tensor_files import write_tensors


def keep_snapshot(stage: Stage, epoch: int, models: Mapping[str, nn.Module]) -> None:
    """Saves the models after epoch number `epoch`, from 1 on, if the stage keeps them."""
    if stage.snapshots is not None and epoch % stage.snapshots == 0:
        states = {name: model.state_dict() for name, model in models.items()}
        write_tensors(snapshot_file(stage.checkpoint, epoch), states)


def snapshot_file(checkpoint: Path, epoch: int) -> Path:
    """File with the models after an epoch of the stage whose state `checkpoint` holds."""
    return checkpoint.with_name(f"{checkpoint.stem}-epoch-{epoch}{checkpoint.suffix}")
