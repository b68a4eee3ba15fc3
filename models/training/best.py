"""The best models of a stage, by a validation metric."""

from collections.abc import Mapping

from torch import nn

from models.memory import is_lack_of_memory
from models.training.errors import TrainingError
from models.training.stage import Stage
from models.training.tensor_files import read_tensors, write_tensors


class BestModels:
    """Keeps the models that validate best in a file, if the stage asks for it. value: their metric so far."""

    def __init__(self, stage: Stage, models: Mapping[str, nn.Module]) -> None:
        self.stage = stage
        self.models = models
        self.value: float | None = None

    def keep(self, figures: Mapping[str, float]) -> None:
        """Saves the models if these figures are better than those so far. Raises TrainingError without the metric."""
        best = self.stage.best
        if best is None:
            return
        if best.metric not in figures:
            raise TrainingError(f"stage {self.stage.name!r} keeps the best {best.metric!r}, which validation lacks")
        if best.improves(figures[best.metric], self.value):
            self.value = figures[best.metric]
            states = {name: model.state_dict() for name, model in self.models.items()}
            write_tensors(self.stage.best_checkpoint, states)

    def restore(self) -> None:
        """Loads the best models, if the stage keeps them."""
        if self.stage.best is None:
            return
        path = self.stage.best_checkpoint
        try:
            states = read_tensors(path)
            for name, model in self.models.items():
                model.load_state_dict(states[name])
        except (RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
            if is_lack_of_memory(error):
                raise
            raise TrainingError(
                f"{path} is missing or damaged; remove {self.stage.checkpoint} to train again"
            ) from error
