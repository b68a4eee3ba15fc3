"""Programs: a plan on images of one shape, laid out in memory once."""

import numpy as np

from models.integer_network.core import INPUT
from models.kernels.layouts import Array
from models.kernels.plan import Plan
from models.kernels.tape import Memory, Tape


class Program:
    """Computes one node of a plan for input of one shape, kind and order of axes: those of `like`.

    Making it computes the node of `like`. Not for several threads at a time. Raises MemoryError.
    """

    def __init__(self, plan: Plan, output: str, like: Array) -> None:
        self._input = np.empty_like(like)
        np.copyto(self._input, like)
        tape = Tape(Memory(), in_c=plan.in_c)
        values = plan.run(tape, {INPUT: self._input}, keep=(output,))
        self._output = values[output]
        self._again = tape.replay()

    def run(self, integers: Array) -> None:
        """Computes the node from the integers of the input. Raises MemoryError."""
        np.copyto(self._input, integers)
        self._again()

    def found(self) -> Array:
        """The node's integers, a copy."""
        return self._output.copy()
