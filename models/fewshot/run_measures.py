"""Measures of finished runs (dissertation section 5.4): how features cluster, and how like another run's they are."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.backbones.batch_norm import batch_norm_of, estimate_statistics, set_batch_norm
from models.fewshot.class_images import FewShotData
from models.fewshot.evaluation import embed, images_at_once
from models.fewshot.inner.functional import trainable
from models.fewshot.measurement import Separation, alignment, check_pairs, class_separation
from models.fewshot.measures import feature_clustering_of_split, filter_normalised_distance
from models.fewshot.run import FewShotRun
from models.fewshot.statistics import Estimate, paired_difference
from models.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What to measure. split: of the data set. pairs: random pairs of classes, chosen by `seed`.

    printed: whether to measure R_FC and R_HV as the text prints them, too. Raises ValueError for numbers of pairs and
    seeds out of range.
    """

    split: str = "test"
    pairs: int = 10_000
    seed: int = 0
    printed: bool = False

    def __post_init__(self) -> None:
        check_pairs(self.pairs, self.seed)


@dataclass(frozen=True, eq=False)
class RunFeatures:
    """Features of all images of a split, (images, d). batch_norm: where the network's statistics came from."""

    features: Tensor
    batch_norm: str


def run_features(run: FewShotRun, data: FewShotData, split: str, progress: Progress) -> RunFeatures:
    """The features of a run's encoder, below its classifier if it has one, for the images normalised as it takes them.

    A network that was trained on episodes' own statistics has no running ones, and images that share statistics would
    have features that depend on each other's company. Its batch norms get the statistics of the whole split, which
    stay fixed while each image is embedded. The run's network stays as it is. Raises ValueError if the images do not
    fit the run.
    """
    run.check(data, split, allow_seen=True)
    data = data.normalised_by(run.mean, run.std)
    encoder = _encoder(run)
    batch_norm = str(batch_norm_of(encoder))
    if batch_norm in ("episode", "support"):
        encoder = deepcopy(encoder)
        estimate_statistics(encoder, _mixed_batches(data, split, progress))
        set_batch_norm(encoder, "running")
        batch_norm = f"fixed statistics of all images in {split}"
    return RunFeatures(embed(encoder, data, split, progress), batch_norm)


def measure_runs(
    runs: Sequence[FewShotRun], found: Sequence[RunFeatures], data: FewShotData, wanted: Measurement
) -> dict[str, Any]:
    """The measures of a run, as plain JSON values.

    runs: one, or two that are measured on the same pairs; then also the paired differences, CKA, and the distance of
    the encoders' parameters, None if their shapes differ. found: their features of the split. Training classes are
    allowed; the record counts them.

    Raises ValueError for classes or settings that allow no pairs.
    """
    seen = [one.check(data, wanted.split, allow_seen=True) for one in runs]
    classes = data.split(wanted.split)
    separations = [class_separation(one.features, classes.counts, wanted.pairs, wanted.seed) for one in found]
    measured = [
        _described(one, features, count) | _separation_record(separation, features, classes.counts, wanted.printed)
        for one, features, count, separation in zip(runs, found, seen, separations, strict=True)
    ]
    record = {
        "data": data.name,
        "data_digest": data.digest,
        "split": wanted.split,
        "classes": len(classes.counts),
        "images": len(classes.images),
        "pairs": wanted.pairs,
        "seed": wanted.seed,
        "runs": measured,
    }
    if len(runs) > 1:
        record |= _comparison(runs[0], runs[1], found, separations)
    return record


def _encoder(run: FewShotRun) -> nn.Module:
    return run.network.get_submodule("encoder") if run.config.is_fine_tuned else run.network


def _mixed_batches(data: FewShotData, split: str, progress: Progress) -> Iterator[Tensor]:
    """All images of a split, normalised, in a random order that is always the same, so that batches mix classes."""
    images = data.split(split).images
    task = progress.task(f"batch norm: {split} of {data.name}", len(images))
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).to(images.device)
    for chosen in order.tensor_split(-(-len(order) // images_at_once(data))):
        yield data.normalise(images[chosen])
        task.advance(len(chosen))


def _described(run: FewShotRun, found: RunFeatures, seen: int) -> dict[str, Any]:
    return {
        "run": str(run.folder),
        "learner": run.config.learner,
        "encoder": run.config.encoder,
        "dimensions": found.features.shape[1],
        "batch_norm": found.batch_norm,
        "seen_classes": seen,
    }


def _separation_record(
    separation: Separation, found: RunFeatures, counts: tuple[int, ...], printed: bool
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "feature_clustering": _figure(separation.clustering),
        "hyperplane_variation": _figure(separation.variation),
        "isotropic_hyperplane_variation": separation.isotropic_variation,
    }
    if printed:
        record["printed_hyperplane_variation"] = _figure(separation.printed_variation)
        record["printed_feature_clustering"] = feature_clustering_of_split(found.features, counts).item()
    return record


def _comparison(
    run: FewShotRun, against: FewShotRun, found: Sequence[RunFeatures], separations: list[Separation]
) -> dict[str, Any]:
    """The first run minus the second, and their likeness."""
    one, other = separations
    kernels = alignment(*(each.features for each in found))
    return {
        "difference": {
            "feature_clustering": _figure(paired_difference(one.clusterings, other.clusterings)),
            "hyperplane_variation": _figure(paired_difference(one.variations, other.variations)),
        },
        "alignment": {"unbiased": kernels.unbiased, "biased": kernels.biased},
        "filter_distance": _distance(_encoder(run), _encoder(against)),
    }


def _distance(encoder: nn.Module, other: nn.Module) -> float | None:
    """The filter-normalised distance of two encoders in units of the first one's filters."""
    parameters, others = trainable(encoder), trainable(other)
    if {name: each.shape for name, each in parameters.items()} != {name: each.shape for name, each in others.items()}:
        return None
    stacked = {name: each.unsqueeze(0) for name, each in others.items()}
    return filter_normalised_distance(parameters, stacked).sqrt().item()


def _figure(found: Estimate) -> dict[str, float]:
    return {"mean": found.mean, "standard_error": found.standard_error}
