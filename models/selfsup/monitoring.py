"""Features watched during training: k-NN accuracy, spread and rank, and a warning where they collapse."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from models.data.sources import evenly_spaced
from models.progress import Progress
from models.selfsup.losses.features import unit
from models.selfsup.probes.features import outputs_of
from models.selfsup.probes.images import ProbeData
from models.selfsup.probes.nearest import nearest_neighbours
from models.training.processes import process_index

SMALLEST_SPREAD = 0.05
"""Spread under which features have collapsed."""
SMALLEST_RANK = 2.0
"""Effective rank under which features have collapsed."""


@torch.no_grad()
def spread(features: Tensor) -> float:
    """The mean deviation of unit features (n, d) in a dimension, times sqrt(d): 1 if spread evenly, 0 if all equal."""
    units = unit(features)
    return float(units.std(0, correction=0).mean()) * math.sqrt(features.shape[1])


@torch.no_grad()
def effective_rank(features: Tensor) -> float:
    """The exponential of the entropy of the singular values' shares, of centred unit features (n, d); 1 if all equal.

    (Roy and Vetterli, 2007.)
    """
    units = unit(features).double()
    values = torch.linalg.svdvals(units - units.mean(0))
    total = values.sum()
    if total <= 1e-6 * len(units) ** 0.5:  # rounding alone
        return 1.0
    shares = values / total
    return float(torch.special.entr(shares).sum().exp())


@dataclass
class CollapseWatch:
    """Counts the epochs after which the projections had collapsed, and warns of the first."""

    epochs: int = 0
    collapsed: int = 0

    def look(self, spread: float, rank: float) -> bool:
        """Takes in an epoch; returns whether the projections have collapsed, and warns of the first time."""
        self.epochs += 1
        found = spread < SMALLEST_SPREAD or rank < SMALLEST_RANK
        self.collapsed += found
        if found and self.collapsed == 1 and process_index() == 0:
            print(
                f"wrapmac: warning: projections have collapsed in epoch {self.epochs}: their spread is {spread:.3f} of "
                f"1/sqrt(d) (under {SMALLEST_SPREAD}) or their effective rank {rank:.2f} (under {SMALLEST_RANK:g})",
                file=sys.stderr,
            )
        return found

    def state_dict(self) -> dict[str, Any]:
        """The counts, for checkpoints."""
        return {"epochs": self.epochs, "collapsed": self.collapsed}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up counts."""
        self.epochs, self.collapsed = int(state["epochs"]), int(state["collapsed"])


@dataclass
class Monitor:
    """Watches a network after each epoch. data: labelled images, if there are any. count: of those to look at."""

    data: ProbeData | None
    count: int
    watch: CollapseWatch = field(default_factory=CollapseWatch)

    @torch.no_grad()
    def figures(self, encoder: nn.Module, projections: Tensor | None) -> Mapping[str, float]:
        """Spread and effective rank of projections (n, d), whether these have collapsed, and k-NN accuracy.

        The accuracy is of the encoder's features of images as they are, without random views. projections: of the last
        step; None if there was none.
        """
        found: dict[str, float] = {}
        if projections is not None:
            found = {"spread": spread(projections), "effective_rank": effective_rank(projections)}
            found["collapsed"] = float(self.watch.look(found["spread"], found["effective_rank"]))
        if self.data is not None:
            found["knn_accuracy"] = neighbour_accuracy(encoder, self.data, self.count)
        return found


def neighbour_accuracy(encoder: nn.Module, data: ProbeData, count: int) -> float:
    """The k-NN accuracy of features of at most `count` held-out images among at most as many training images."""
    quiet = Progress(quiet=True)
    chosen, asked = (evenly_spaced(len(images.labels), count) for images in (data.train, data.test))
    features = outputs_of(encoder, data.train, chosen, quiet, "k-NN")
    queries = outputs_of(encoder, data.test, asked, quiet, "k-NN")
    labels, answers = data.train.labels[chosen].to(features.device), data.test.labels[asked].to(features.device)
    votes = nearest_neighbours(features, labels, queries, len(data.classes))
    return (votes.argmax(1) == answers).double().mean().item()
