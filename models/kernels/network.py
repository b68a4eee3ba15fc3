"""Whole exported networks on the kernels."""

from pathlib import Path

import torch
from torch import Tensor

from models.integer_network.float_operations import apply_all
from models.integer_network.graph import INPUT, IntegerGraph
from models.kernels.paths import PATHS, chosen_path
from models.kernels.plan import Plan
from models.kernels.stem import quickened
from models.kernels.stream import Array, fits_short


class IntegerNetwork:
    """An exported network whose layers of low-bit weights run on the kernels.

    source: the file that `wrapmac export` wrote, or its graph. path: of the kernels, see `chosen_path`. fused: nodes
    are computed together where that saves time. Stem and head run in torch; layers that the kernels do not take
    (other weights, exact sums, carries, activations below 0) in integers by NumPy. Raises ValueError, naming the file,
    if it cannot be read.
    """

    def __init__(self, source: Path | str | IntegerGraph, *, path: str | None = None, fused: bool = True) -> None:
        self.graph = source if isinstance(source, IntegerGraph) else IntegerGraph.load(Path(source))
        self._plan = Plan(self.graph, path, fused)
        self._stem = quickened(self.graph.stem, chosen_path(path) != PATHS[-1])
        self._input_kind = torch.int16 if fits_short(self.graph.integers[INPUT]) else torch.int64

    @property
    def on_kernels(self) -> list[str]:
        """Names of the nodes that the kernels compute, alone or with the thresholds after them."""
        return self._plan.on_kernels

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Logits (images, classes) of normalised float images (images, channels, height, width).

        Raises ValueError for images of another shape or kind, or that are not finite.
        """
        self.graph.check_images(images)
        integers = apply_all(self._stem, images).to(self._input_kind).numpy(force=True)
        return apply_all(self.graph.head, torch.from_numpy(self.core(integers)[self.graph.output]).float())

    def core(self, integers: Array) -> dict[str, Array]:
        """The integers of `input` and all nodes, by name, (images, ...), from the stem's integers.

        Nodes that are fused with those after them, or give the same as earlier ones, are left out. Raises ValueError
        for other integers than the stem may give.
        """
        self.graph.check_input(integers)
        values = {INPUT: integers}
        for step in self._plan.steps:
            values.update(zip(step.names, step.compute([values[name] for name in step.inputs]), strict=True))
        return values
