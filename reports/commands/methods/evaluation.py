"""The options of `wrapmac evaluate`, for runs of every method."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import OmitArgPrefixes, arg

from models.fewshot.settings import BatchNorm, HeadName
from models.fewshot.sources import FewShotSource, SplitOptions, named_sources
from models.selfsup.probes.settings import ProbeSettings


@dataclass(frozen=True, kw_only=True)
class EpisodeOptions(SplitOptions):
    """Options for runs of `train fewshot`: the episodes to evaluate on, and the data set's split."""

    way: int = 5
    """Classes of an episode."""
    shot: tuple[int, ...] = (1, 5)
    """Support images of each class; one or more numbers, each evaluated by itself."""
    query: int = 15
    """Query images of each class."""
    episodes: int = 10_000
    """Episodes; the first ones of an endless sequence that split, shape and seed determine."""
    split: str = "test"
    """Classes that episodes come from: train, val or test."""
    within_groups: bool = False
    """Whether the classes of an episode come from one group, such as an alphabet."""
    support_from: tuple[str, ...] = ()
    """Drawings: designers of the support images; query images are by all others. Anyone, if left out."""
    episode_seed: int = 2
    """Seed of the episodes."""
    head: HeadName | None = None
    """Head that classifies by the features; that of the run if left out."""
    batch_norm: BatchNorm | None = None
    """Statistics of batch norm: running (of training), episode (of the episode's images: queries help each other) or
    support (of the support and one query at a time); those of the run if left out."""
    ensemble: bool = False
    """Evaluate the mean of the logits of all networks that the run kept by --snapshots."""
    flip_shots: bool = False
    """Take the mirror image of each support image as another shot."""
    against: Annotated[Path | None, arg(metavar="RUN2")] = None
    """Another run, or the same one, evaluated on the same episodes: their paired difference, with its own standard
    error."""
    against_ensemble: bool = False
    """Evaluate RUN2 as an ensemble of its snapshots."""
    against_flip_shots: bool = False
    """Evaluate RUN2 with flip shots."""
    on: Annotated[tuple[str, ...], arg(metavar="NAME[:PATH] ...")] = ()
    """Several data sets instead of --dataset and --data, also of other domains, each with its path, such as
    omniglot:DIR cifar10:DIR digits. Images are scaled to those that the run takes; a data set of few classes gets fewer
    ways, one of few images fewer queries."""
    normalise_by: Literal["run", "data"] = "run"
    """Images are normalised by mean and deviation of the run's training classes, or by those of the training classes
    of the data set that they are from."""
    allow_seen: bool = False
    """Whether to evaluate on classes that the run was trained on; the report says so."""

    def changed(self) -> set[str]:
        """The names of the options that are not at their defaults."""
        return {field.name for field in fields(self) if getattr(self, field.name) != field.default}

    @property
    def sources(self) -> tuple[FewShotSource, ...]:
        """The data sets of `on`. Raises ValueError for an unknown one, and one that is named twice."""
        return named_sources(self.on, self)


@dataclass(frozen=True, kw_only=True)
class SpeechOptions:
    """Options for runs of `train fedaqt`."""

    beam: int | None = None
    """Transcripts that a prefix beam search keeps; the likeliest path if left out."""
    part: str = "dev-clean"
    """Part of LibriSpeech to evaluate on."""


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """Held-out data to evaluate on, and the options of methods."""

    dataset: Annotated[
        str | None,
        arg(
            metavar="NAME",
            help="data set. Of wrapnet and lsa: digits (if left out), cifar10, imagenet; of lsa also shapes, ade20k "
            "and coco. Of fewshot: procedural (if left out), "
            "folders, omniglot, omniglot-runs (the official test of 20 runs), cifar10, drawings, "
            "digits. Of selfsup: digits, cifar10, imagenet (any folder with train/CLASS and val/CLASS), or a few-shot "
            "set: probes train on three quarters of the images of each class of --split. Of fedaqt: "
            "tone-words, spoken-digits, connected-digits, librispeech; the run's own if left out",
        ),
    ] = None
    data: Annotated[
        Path | None,
        arg(
            metavar="PATH",
            help="where the data set is. CIFAR-10: python batches or image folders, or a tar of them; ImageNet-style "
            "folders; few-shot sets: as of `train fewshot`; speech: as of `train fedaqt`",
        ),
    ] = None
    speech: OmitArgPrefixes[SpeechOptions] = SpeechOptions()
    fewshot: OmitArgPrefixes[EpisodeOptions] = EpisodeOptions()
    selfsup: OmitArgPrefixes[ProbeSettings] = ProbeSettings()

    def check_method(self, method: str) -> None:
        """Raises ValueError if an option for runs of another method is given."""
        idle = sorted(self.selfsup.changed()) if method != "selfsup" else []
        if self.speech != SpeechOptions() and method != "fedaqt":
            raise ValueError(f"--beam and --part are for runs of train fedaqt, not of {method}")
        if idle:
            raise ValueError(f"--{idle[0].replace('_', '-')} is for runs of train selfsup, not of {method}")

    def dataset_of(self, names: tuple[str, ...]) -> str:
        """The data set, by default the first of a method's `names`. Raises ValueError for any other."""
        if self.dataset is not None and self.dataset not in names:
            raise ValueError(f"--dataset is {self.dataset}; a run of this method allows {', '.join(names)}")
        return self.dataset or names[0]

    @property
    def paths(self) -> tuple[Path | None, ...]:
        """Where the data sets are."""
        return self.data, *(source.data for source in self.fewshot.sources)
