"""Whole exported networks on the kernels."""

import threading
from collections.abc import Hashable
from pathlib import Path

import torch
from torch import Tensor

from models.integer_network.core import INPUT
from models.integer_network.float_operations import apply_all
from models.integer_network.graph import IntegerGraph
from models.kernels.layouts import Array, fits_short
from models.kernels.paths import TORCH, chosen_path
from models.kernels.plan import Plan
from models.kernels.program import Program
from models.kernels.stem import faster_stem
from models.kernels.tape import Tape

Images = Tensor | Array

_MOST_PROGRAMS = 4  # of a thread, kept with their memory: one for each shape of images


class IntegerNetwork:
    """An exported network whose low-bit layers run on the kernels.

    source: a file that `wrapmac export` wrote, or its graph. path: of the kernels, see `chosen_path`. fused: nodes are
    computed together where that saves time. A stem and a head of floats run in torch. The integer evaluator computes
    nodes that have no kernel, such as carries, negative activations and accumulators that wrap in more than 16 bits.
    Raises ValueError, naming the file, if it cannot be read.
    """

    def __init__(self, source: Path | str | IntegerGraph, *, path: str | None = None, fused: bool = True) -> None:
        self.graph = source if isinstance(source, IntegerGraph) else IntegerGraph.load(Path(source))
        path = chosen_path(path)
        self._plan = Plan(self.graph, path, fused)
        self._stem = faster_stem(self.graph.stem, use_native=path != TORCH)
        self._of_thread = threading.local()
        self._input_kind = torch.int16 if fits_short(self.graph.integers[INPUT]) else torch.int64

    @property
    def on_kernels(self) -> list[str]:
        """Names of the nodes that the kernels compute, alone or together with the thresholds after them."""
        return self._plan.on_kernels

    @torch.no_grad()
    def __call__(self, images: Images) -> Tensor:
        """Logits (images, classes), float32, or int32 scores where the network has no floats.

        images: uint8 pixels (images, channels, height, width), an array or a tensor. Where the network has a float
        stem, normalised floats of any width, on any device; they are computed in float32 on the CPU. Raises ValueError
        for images of another shape or kind, or that are not finite.
        """
        return self.graph.result_of(self.last(self._input_of(images)))

    def _input_of(self, images: Images) -> Array:
        if self.graph.white is not None:
            return self.graph.as_pixels(images)
        return apply_all(self._stem, self.graph.as_float32(images)).to(self._input_kind).numpy()

    def core(self, integers: Array) -> dict[str, Array]:
        """The integers (images, ...) of `input` and all nodes, by name, from those of `input`.

        Leaves out nodes that are fused with those after them or equal earlier ones. Arrays may share memory. Raises
        ValueError for integers that `input` cannot have.
        """
        return self._plan.run(Tape(in_c=self._plan.in_c), {INPUT: self.graph.check_input(integers)})

    def last(self, integers: Array) -> Array:
        """The integers (images, ...) of the last node alone, from those of `input`.

        Where and in which order everything is computed is settled once for each shape, kind and order of axes, the last
        few of which are remembered, for each thread; so is the memory for it. Raises ValueError for integers that
        `input` cannot have, and MemoryError.
        """
        integers = self.graph.check_input(integers)
        programs: dict[Hashable, Program] = vars(self._of_thread).setdefault("programs", {})
        key = integers.shape, integers.strides, integers.dtype
        program = programs.pop(key, None)
        if program is None:
            program = Program(self._plan, self.graph.output, integers)
        else:
            program.run(integers)
        programs[key] = program  # the last one used comes last
        if len(programs) > _MOST_PROGRAMS:
            programs.pop(next(iter(programs)))
        return program.found()
