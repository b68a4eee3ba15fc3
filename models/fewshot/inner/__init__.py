"""Inner loops: learners that adapt a whole network to each task."""

from models.fewshot.inner.functional import Network, Parameters, functional, trainable
from models.fewshot.inner.maml import Episode, maml_gradient
from models.fewshot.inner.tasks import How

__all__ = ["Episode", "How", "Network", "Parameters", "functional", "maml_gradient", "trainable"]
