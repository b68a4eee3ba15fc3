"""Runs on Omniglot's official one-shot test: right answers of 400, as papers since Lake et al. (2015) report them."""

from typing import Any

from torch import Tensor

from models.backbones.batch_norm import BatchNormMode
from models.fewshot.comparison import check_ways
from models.fewshot.evaluators import task_evaluator_of
from models.fewshot.readers.omniglot_runs import RUNS, WAYS, OmniglotRuns
from models.fewshot.run import FewShotRun
from models.fewshot.settings import HeadName
from models.fewshot.statistics import paired_difference


def evaluate_official(
    run: FewShotRun,
    official: OmniglotRuns,
    against: FewShotRun | None = None,
    head: HeadName | None = None,
    batch_norm: BatchNormMode | None = None,
) -> dict[str, Any]:
    """The right answers of a run, in all and by official run, and its error rate, as plain JSON values.

    against: another run, whose paired difference over the official runs is reported. head, batch_norm: None for the
    runs' own. Raises ValueError if a run takes images of another shape, or is to be fine-tuned to another number of
    ways.
    """
    accuracies, record = _evaluated(run, official, head, batch_norm)
    record |= {"data": official.name, "episode_digest": official.digest}
    if against is not None:
        others, other = _evaluated(against, official, head, batch_norm)
        difference = paired_difference(accuracies, others).record
        record["against"] = {"run": str(against.folder)} | other | {"difference": difference}
    return record


def _evaluated(
    run: FewShotRun, official: OmniglotRuns, head: HeadName | None, batch_norm: BatchNormMode | None
) -> tuple[Tensor, dict[str, Any]]:
    """Accuracies (20,) by official run, and the run's part of the record."""
    if run.image_shape != official.image_shape:
        raise ValueError(
            f"{run.folder} takes images of {run.image_shape} (channels, height, width), "
            f"not {official.image_shape} as {official.name} have"
        )
    head = head or run.config.head_name
    check_ways(run, head, WAYS)
    evaluator = task_evaluator_of(run.config, run.network, head, batch_norm)
    accuracies = evaluator.accuracies(official.normalised_by(run.mean, run.std), RUNS)
    right = [round(WAYS * accuracy) for accuracy in accuracies.tolist()]
    return accuracies, {
        "head": head,
        "batch_norm": evaluator.batch_norm,
        "right": sum(right),
        "questions": RUNS * WAYS,
        "error_rate": 1 - sum(right) / (RUNS * WAYS),
        "right_by_run": right,
    }
