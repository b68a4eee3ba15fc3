"""Training with the best of a few learning rates and weight decays, chosen on a validation part of the labels."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from models.selfsup.probes.features import all_of, outputs_of
from models.selfsup.probes.images import ProbeData, ProbeImages
from models.selfsup.probes.labels import validation_part
from models.selfsup.probes.training import ClassifierTraining, TrainingPlan, Workplace, train_classifier

Start = Callable[[Tensor, TrainingPlan], ClassifierTraining]
"""A new training on the labelled images with these numbers, always from the same weights."""


def train_best(
    start: Start, data: ProbeData, chosen: Tensor, plans: Sequence[TrainingPlan], place: Workplace
) -> tuple[Tensor, dict[str, Any]]:
    """Trains on all chosen images: probabilities (test images, classes), and the record.

    Of several plans, it takes the first that does best on a validation part after training on the rest; the record
    holds the accuracy of each. Raises ValueError if a class has too few labels for one.
    """
    found: dict[str, Any] = {}
    plan = plans[0]
    if len(plans) > 1:
        training, validation = validation_part(data.train.labels, chosen, plan.seed, data.classes)
        right = [
            _validated(start, data, training, validation, one, place.part(f"search-{number}"))
            for number, one in enumerate(plans, 1)
        ]
        plan = plans[max(range(len(plans)), key=right.__getitem__)]
        tried = [
            {"learning_rate": one.learning_rate, "weight_decay": one.weight_decay, "validation_top1": share}
            for one, share in zip(plans, right, strict=True)
        ]
        found["search"] = {"validation_images": len(validation), "tried": tried}
    outputs = _outputs(start(chosen, plan), data.test, all_of(data.test), place)
    return outputs.softmax(1), plan.record(len(chosen)) | found


def _validated(
    start: Start, data: ProbeData, training: Tensor, validation: Tensor, plan: TrainingPlan, place: Workplace
) -> float:
    """The share of validation images that are right after training by a plan."""
    outputs = _outputs(start(training, plan), data.train, validation, place)
    labels = data.train.labels[validation].to(outputs.device)
    return (outputs.argmax(1) == labels).double().mean().item()


def _outputs(method: ClassifierTraining, images: ProbeImages, wanted: Tensor, place: Workplace) -> Tensor:
    train_classifier(method, place)
    return outputs_of(method.network, images, wanted, place.progress, f"{place.name}: classifying")
