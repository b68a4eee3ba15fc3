"""Evaluation of a learner on episodes: heads on frozen features, or fine-tuning of the whole network."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from models.backbones.batch_norm import BatchNormMode, batch_norm_of, in_mode
from models.backbones.encoder import Encoder, with_classifier
from models.fewshot.adapted import adapted_accuracies, adapted_path
from models.fewshot.adaptive import Adaptation
from models.fewshot.augmentation.mirrored import WithMirrored, with_mirrored_shots
from models.fewshot.class_images import FewShotData
from models.fewshot.confidence.network import ConfidenceEncoder
from models.fewshot.config import FewShotConfig
from models.fewshot.ensembles import Ensemble, with_mean_logits
from models.fewshot.episodes import Episodes
from models.fewshot.evaluation import Head, embed, episode_accuracies
from models.fewshot.fine_tuning import FineTuningPath
from models.fewshot.heads import linear_logits, prototype_logits, ridge_logits, svm_logits
from models.fewshot.recipes import adaptation_of
from models.fewshot.settings import HeadName
from models.fewshot.task_evaluation import Tasks, task_accuracies
from models.progress import Progress

HEADS = {"prototype": prototype_logits, "ridge": ridge_logits, "svm": svm_logits, "linear": linear_logits}
"""The heads on frozen features by name, without those that need a learnt metric."""


def head_of(network: nn.Module, name: str) -> Head:
    """The head on the features of a network by name.

    Raises ValueError for one with a learnt metric if the network has none.
    """
    if name in HEADS:
        return HEADS[name]
    if not isinstance(network, ConfidenceEncoder):
        raise ValueError(f"head {name} needs a learnt metric, which networks of the learner mct have")
    return network.head(transductive=name == "mct-transductive")


class Evaluator(Protocol):
    """Classifies episodes of one split of one data set."""

    @property
    def batch_norm(self) -> str:
        """The mode of batch norm, for reports; `episode` is called transductive."""

    def accuracies(self, episodes: Episodes, count: int, progress: Progress | None = None) -> Tensor:
        """The share of queries classified correctly in each of the first `count` episodes: (count,), float64."""


class FeatureEvaluator:
    """A head on the features of an encoder, each image of the split embedded once.

    The logits of an ensemble are averaged. flip_shots: whether the mirror image of each support image is another shot.
    """

    batch_norm = "running"

    def __init__(
        self, encoder: nn.Module, head: str, data: FewShotData, split: str, *, flip_shots: bool = False
    ) -> None:
        if isinstance(encoder, Ensemble):
            self.head = with_mean_logits([head_of(member, head) for member in encoder.members])
        else:
            self.head = head_of(encoder, head)
        if flip_shots:
            encoder, self.head = WithMirrored(encoder), with_mirrored_shots(self.head)
        self.features = embed(encoder, data, split)

    def accuracies(self, episodes: Episodes, count: int, progress: Progress | None = None) -> Tensor:
        return episode_accuracies(self.features, episodes, count, self.head, progress)


class TaskEvaluator(Evaluator, Protocol):
    """Classifies episodes of any data, whose images it sees with each episode."""

    def accuracies(self, episodes: Tasks, count: int, progress: Progress | None = None) -> Tensor:
        """See Evaluator."""


@dataclass(frozen=True)
class EmbeddingEvaluator:
    """A head on the features of an encoder, the images embedded with each episode."""

    encoder: nn.Module
    head: str

    @property
    def batch_norm(self) -> str:
        return _spelt_out(self.encoder)

    def accuracies(self, episodes: Tasks, count: int, progress: Progress | None = None) -> Tensor:
        return task_accuracies(self.encoder, episodes, count, head_of(self.encoder, self.head), progress)


@dataclass(frozen=True)
class FineTuningEvaluator:
    """Fine-tuning of a network on each episode's support. An encoder gets a classifier for it, which starts at 0."""

    network: nn.Module
    adaptation: Adaptation

    @property
    def batch_norm(self) -> str:
        return _spelt_out(self.network)

    def accuracies(self, episodes: Tasks, count: int, progress: Progress | None = None) -> Tensor:
        return adapted_accuracies(self._start(episodes), episodes, count, self.adaptation, progress)

    def path(self, episodes: Tasks, count: int, progress: Progress | None = None) -> FineTuningPath:
        """Distances and losses, step by step, of the fine-tuning to each of the first `count` episodes."""
        return adapted_path(self._start(episodes), episodes, count, self.adaptation, progress)

    def _start(self, episodes: Tasks) -> nn.Module:
        if not isinstance(self.network, Encoder):
            return self.network
        network = with_classifier(self.network, episodes.shape.way)
        for name in ("weight", "bias"):
            nn.init.zeros_(network.get_parameter(f"classifier.{name}"))
        return network.to(next(self.network.parameters()).device)


def evaluator_of(
    config: FewShotConfig,
    network: nn.Module,
    data: FewShotData,
    split: str,
    head: HeadName | None = None,
    batch_norm: BatchNormMode | None = None,
    *,
    flip_shots: bool = False,
) -> Evaluator:
    """The evaluation of a network, or of an ensemble, on a split. head, batch_norm: None for the configuration's own.

    flip_shots: whether the mirror image of each support image is another shot.

    Raises ValueError for a head that does not go with the learner, for a mode of batch norm that the network has no
    statistics for, and for an ensemble or flip shots without features that serve all episodes.
    """
    head, batch_norm = head or config.head_name, batch_norm or config.batch_norm
    config.check_head(head)
    if head == "fine-tuning" or batch_norm != "running":
        if flip_shots or isinstance(network, Ensemble):
            raise ValueError(
                f"ensembles and flip shots are for heads on features with batch norm in mode running, not for {head} "
                f"in mode {batch_norm}"
            )
        return task_evaluator_of(config, network, head, batch_norm)
    return FeatureEvaluator(in_mode(network, batch_norm), head, data, split, flip_shots=flip_shots)


def task_evaluator_of(
    config: FewShotConfig, network: nn.Module, head: HeadName | None = None, batch_norm: BatchNormMode | None = None
) -> TaskEvaluator:
    """The evaluation of a network on episodes of any data; arguments and errors as of `evaluator_of`."""
    head = head or config.head_name
    config.check_head(head)
    network = in_mode(network, batch_norm or config.batch_norm)
    return fine_tuning_of(config, network) if head == "fine-tuning" else EmbeddingEvaluator(network, head)


def fine_tuning_of(config: FewShotConfig, network: nn.Module) -> FineTuningEvaluator:
    """The fine-tuning of a network as in its training or, if it is an encoder trained otherwise, as MAML does it."""
    encoder = network.encoder if isinstance(network, ConfidenceEncoder) else network
    return FineTuningEvaluator(encoder, adaptation_of(config, config.fine_tuning_steps))


def _spelt_out(network: nn.Module) -> str:
    """The mode of a network's batch norms; in mode `episode` queries help each other, which is said."""
    mode = batch_norm_of(network)
    return "episode (transductive)" if mode == "episode" else str(mode)
