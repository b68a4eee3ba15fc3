"""An encoder with its learnt metric."""

from functools import partial

from torch import Tensor

from models.backbones.encoder import Encoder
from models.backbones.options import seeded
from models.fewshot.confidence.metric import InstanceMetric
from models.fewshot.evaluation import Head
from models.fewshot.heads import refined_logits

ROUNDS = 10
"""Rounds in which the queries refine the prototypes in a transductive evaluation."""


class ConfidenceEncoder(Encoder):
    """Features of an encoder, and the metric that they are compared with.

    seed: of the metric's initial weights.
    """

    def __init__(self, encoder: Encoder, seed: int = 0) -> None:
        super().__init__()
        self.encoder = encoder
        self.features_dim = encoder.features_dim
        with seeded(seed):
            self.metric = InstanceMetric(encoder.features_dim)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.encoder(images)
        return features

    def head(self, *, transductive: bool) -> Head:
        """The head of evaluation: prototypes under the metric, which the queries refine if it is transductive."""
        return partial(refined_logits, metric=self.metric, rounds=ROUNDS if transductive else 0)
