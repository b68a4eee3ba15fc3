"""Training of a classifier with labels: a linear one on a frozen encoder, or an encoder and classifier as a whole."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.data.sources import generator_of, shuffled_batches
from models.progress import Progress
from models.selfsup.probes.images import ProbeImages
from models.training.execution import Execution
from models.training.loop import run_stage
from models.training.method import Loss, Method
from models.training.optimizers import OptimizerSettings
from models.training.stage import Stage

_MOST_PASSES = 120
"""Most passes over the labelled images: Table 7.3's 60,000 steps are 112 over a tenth of ImageNet."""


@dataclass(frozen=True)
class TrainingPlan:
    """SGD with Nesterov's momentum of 0.9, whose learning rate falls to 0 as a cosine.

    steps: at most, of `batch` images each; fewer if that is more than 120 passes over the labelled images.
    """

    learning_rate: float
    weight_decay: float
    steps: int
    batch: int
    seed: int

    def steps_on(self, images: int) -> int:
        """The number of steps on so many labelled images."""
        return min(self.steps, _MOST_PASSES * math.ceil(images / self.batch))

    def record(self, images: int) -> dict[str, Any]:
        """The training on so many labelled images, as plain JSON values."""
        steps = self.steps_on(images)
        return {
            "optimizer": "sgd, nesterov momentum 0.9, cosine",
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "batch": min(self.batch, images),
            "steps": steps,
            "epochs": steps * min(self.batch, images) / images,
        }


class ClassifierTraining(Method):
    """Trains a classifier on random crops and flips of labelled images.

    classifier: what is trained: of images, or of the features that `encoder` gives, which stays as it is.
    chosen: the numbers of the labelled images.
    """

    def __init__(
        self,
        classifier: nn.Module,
        images: ProbeImages,
        chosen: Tensor,
        plan: TrainingPlan,
        encoder: nn.Module | None = None,
    ) -> None:
        self.models = {"classifier": classifier}
        self.images, self.chosen, self.plan, self.encoder = images, chosen, plan, encoder
        self.labels = images.labels
        settings = OptimizerSettings(
            optimizer="sgd",
            learning_rate=plan.learning_rate,
            nesterov=True,
            weight_decay=plan.weight_decay,
            every="step",
        )
        trained = [parameter for parameter in classifier.parameters() if parameter.requires_grad]
        self.optimizers = {"classifier": settings.build(trained, plan.steps_on(len(chosen)))}

    @property
    def network(self) -> nn.Module:
        """Images to outputs (images, classes)."""
        classifier = self.models["classifier"]
        return classifier if self.encoder is None else nn.Sequential(self.encoder, nn.Flatten(), classifier)

    def batches(self, epoch: int, first: int) -> Iterator[tuple[Tensor, Tensor]]:
        seed = self.plan.seed
        parts = shuffled_batches(len(self.chosen), self.plan.batch, generator_of(f"probe {seed} {epoch}"))
        numbers = [self.chosen[part] for part in parts[first:]]
        images = self.images.augmented(numbers, seed, epoch)
        return ((batch, self.labels[chosen]) for batch, chosen in zip(images, numbers, strict=True))

    def step(self, models: Mapping[str, nn.Module], batch: tuple[Tensor, Tensor]) -> Loss:
        images, labels = batch
        if self.encoder is not None:
            with torch.no_grad():
                images = self.encoder(images).flatten(1)
        outputs = models["classifier"](images)
        return Loss(cross_entropy(outputs.float(), labels), {"accuracy": (outputs.argmax(1) == labels).float().mean()})


@dataclass(frozen=True)
class Workplace:
    """A place to train a classifier in.

    folder: of its checkpoint, from which a training that was killed goes on. name: of the files. about: all that
    the result depends on beside the plan, as plain values. execution: how it is carried out.
    """

    folder: Path
    name: str
    about: Mapping[str, Any]
    progress: Progress
    execution: Execution = Execution()

    def part(self, name: str) -> "Workplace":
        """A place for a training that is part of a larger one."""
        return replace(self, name=f"{self.name}-{name}")


def train_classifier(method: ClassifierTraining, place: Workplace) -> None:
    """Trains to the end, or goes on with what a training of the same kind left in the folder.

    Raises TrainingError if the loss is not finite, or the folder holds a training of another kind.
    """
    labelled = len(method.chosen)
    stage = Stage(
        name=place.name,
        steps=method.plan.steps_on(labelled),
        settings={
            **place.about,
            **method.plan.record(labelled),
            **place.execution.numerics,
            "labels": labelled,
            "torch": torch.__version__,
        },
        checkpoint=place.folder / f"{place.name}.pt",
        metrics=place.folder / f"{place.name}.jsonl",
        key=f"{method.plan.seed} {place.name}",
    )
    run_stage(stage, method, place.execution.accelerator(place.folder), place.progress)
