"""Nodes that have no kernel, computed by the integer evaluator."""

import numpy as np

from models.integer_network.evaluator import evaluate_node
from models.integer_network.nodes import Node
from models.kernels.layouts import Array
from models.kernels.tape import Compute, Tape


def by_evaluator(node: Node) -> Compute:
    """The node in NumPy, on int64."""

    def evaluated(arrays: list[Array]) -> Array:
        return evaluate_node(node, [values.astype(np.int64) for values in arrays])

    def compute(tape: Tape, arrays: list[Array]) -> tuple[Array, ...]:
        return (tape.compute(evaluated, arrays),)

    return compute
