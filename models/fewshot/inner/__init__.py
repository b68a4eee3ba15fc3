"""Inner loops: learners that adapt a whole network to each task."""

from models.fewshot.inner.cancelled_biases import biases_before_batch_norm
from models.fewshot.inner.functional import Network, Parameters, functional, trainable
from models.fewshot.inner.maml import Episode, maml_gradient
from models.fewshot.inner.minibatches import minibatches, whole_support
from models.fewshot.inner.reptile import clustered_reptile_gradient, reptile_gradient
from models.fewshot.inner.tasks import How
from models.fewshot.inner.timing import Timing, time_ways

__all__ = [
    "Episode",
    "How",
    "Network",
    "Parameters",
    "Timing",
    "biases_before_batch_norm",
    "clustered_reptile_gradient",
    "functional",
    "maml_gradient",
    "minibatches",
    "reptile_gradient",
    "time_ways",
    "trainable",
    "whole_support",
]
