"""Fine-tuning of a whole encoder with a classifier on top, on few labels (Table 7.3) or for transfer (Table 7.4)."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from torch import Tensor

from models.backbones.encoder import Encoder, with_classifier
from models.selfsup.probes.images import ProbeData
from models.selfsup.probes.search import train_best
from models.selfsup.probes.training import ClassifierTraining, TrainingPlan, Workplace


def probe_fine_tuned(
    encoder: Encoder, data: ProbeData, chosen: Tensor, plans: Sequence[TrainingPlan], place: Workplace
) -> tuple[Tensor, dict[str, Any]]:
    """Probabilities (test images, classes) of a copy that is fine-tuned, and the record; see `train_best`.

    chosen: the labelled images. The encoder itself stays as it is.
    """

    def start(numbers: Tensor, plan: TrainingPlan) -> ClassifierTraining:
        network = with_classifier(deepcopy(encoder), len(data.classes), plan.seed)
        network.requires_grad_(True)
        return ClassifierTraining(network, data.train, numbers, plan)

    return train_best(start, data, chosen, plans, place)
