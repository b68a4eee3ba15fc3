"""A trained network of the tables, with what it is measured on."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from models.backbones.batch_norm import in_mode
from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import episode_accuracies
from models.fewshot.evaluators import FineTuningEvaluator, fine_tuning_of, head_of
from models.fewshot.held_out import held_out_shapes
from models.fewshot.run import FewShotRun
from models.fewshot.run_measures import run_features
from models.fewshot.settings import BatchNorm, HeadName
from models.progress import Progress
from reports.fewshot.networks import Network
from reports.fewshot.scales import Scale

EPISODE_SEED = 2
"""The seed of all test episodes, so that networks are compared on the same ones."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A network's run. network: says how it is measured. data: that it was trained on."""

    run: FewShotRun
    network: Network
    data: FewShotData
    scale: Scale
    progress: Progress
    _features: dict[str, Tensor] = field(default_factory=dict)

    @property
    def heads(self) -> tuple[HeadName, ...]:
        """The heads that it is evaluated by."""
        return self.network.heads or (self.run.config.head_name,)

    def features(self, split: str) -> Tensor:
        """Features of all images of a split, (images, d), each embedded once."""
        if split not in self._features:
            self._features[split] = run_features(self.run, self.data, split, self.progress).features
        return self._features[split]

    def shapes(self, split: str) -> list[EpisodeShape]:
        """The episodes of a split, of 1 and 5 shots."""
        return held_out_shapes(self.data, split, self.run.config.way)

    def evaluation(self, split: str, head: HeadName, shape: EpisodeShape) -> dict[str, Any]:
        """The accuracy of every episode, with what it was measured by."""
        episodes = Episodes(self.data, split, shape, EPISODE_SEED)
        if head == "fine-tuning":
            tuned = self._fine_tuning()
            accuracies = tuned.accuracies(episodes, self.scale.tuned_episodes, self.progress)
            return described(head, episodes, accuracies, tuned.batch_norm)
        chosen = head_of(self.run.network, head)
        accuracies = episode_accuracies(self.features(split), episodes, self.scale.episodes, chosen, self.progress)
        return described(head, episodes, accuracies, "running")

    def _fine_tuning(self) -> FineTuningEvaluator:
        """The fine-tuning of the network, in the mode of batch norm that the tables have for it."""
        mode: BatchNorm = "episode" if self.run.config.is_fine_tuned else self.network.batch_norm
        return fine_tuning_of(self.run.config, in_mode(self.run.network, mode))


def described(head: HeadName, episodes: Episodes, accuracies: Tensor, batch_norm: str) -> dict[str, Any]:
    """The accuracy of every episode, with what it was measured by, as plain JSON values."""
    return {
        "head": head,
        "shot": episodes.shape.shot,
        "query": episodes.shape.query,
        "batch_norm": batch_norm,
        "episode_digest": episodes.digest(len(accuracies)),
        "accuracies": accuracies.tolist(),
    }
