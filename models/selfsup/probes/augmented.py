"""A linear classifier of a frozen encoder's features, trained on random crops and flips."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from models.selfsup.probes.cached import CachedFeatures
from models.selfsup.probes.images import ProbeData
from models.selfsup.probes.logistic import Standardisation
from models.selfsup.probes.search import train_best
from models.selfsup.probes.training import ClassifierTraining, TrainingPlan, Workplace


class StandardisedLinear(nn.Module):
    """Features (images, d) to outputs (images, classes): a linear layer, from zeros, of standardised features.

    Standardised features are divided by the root of d, so that one learning rate suits encoders of all widths.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, standardisation: Standardisation, classes: int) -> None:
        super().__init__()
        dimensions = len(standardisation.mean)
        self.register_buffer("mean", standardisation.mean.clone())
        self.register_buffer("scale", 1 / (standardisation.deviation * dimensions**0.5))
        self.linear = nn.Linear(dimensions, classes, device=self.mean.device)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        outputs: Tensor = self.linear((features - self.mean) * self.scale)
        return outputs


def probe_augmented(
    encoder: nn.Module,
    features: CachedFeatures,
    data: ProbeData,
    chosen: Tensor,
    plans: Sequence[TrainingPlan],
    place: Workplace,
) -> tuple[Tensor, dict[str, Any]]:
    """Probabilities (test images, classes) and the record; see `train_best`.

    features: of the plain images, whose mean and deviation standardise. chosen: the labelled images.
    """
    standardisation = Standardisation.of(features.train[chosen])

    def start(numbers: Tensor, plan: TrainingPlan) -> ClassifierTraining:
        classifier = StandardisedLinear(standardisation, len(data.classes))
        return ClassifierTraining(classifier, data.train, numbers, plan, encoder)

    return train_best(start, data, chosen, plans, place)
