"""The integer core of a network while it grows."""

import torch

from models.integer_network.float_operations import FloatOperation, Quantize, apply_all
from models.integer_network.nodes import Integers, Node
from models.integer_network.nodes.checks import check_number

INPUT = "input"
"""Name of the integers that the core reads: the stem's, or the images' pixels."""

LARGEST_PIXEL = 255

UNFIT = (ValueError, TypeError, AttributeError, IndexError, RuntimeError, ArithmeticError)
"""Whatever torch and Python raise on numbers and arrays of a wrong kind or shape."""


class Core:
    """Nodes in order, with shape and range of their integers, which are inferred once, as each node is added.

    given: shape and range of what they read, called `input`. integers: the same of all, by name.
    """

    def __init__(self, given: Integers) -> None:
        self.nodes: list[Node] = []
        self.integers = {INPUT: given}

    def add(self, node: Node) -> None:
        """Appends a node. Raises ValueError if its name is taken, or its inputs are missing or do not fit it."""
        if node.name in self.integers:
            raise ValueError(f"two nodes are called {node.name!r}")
        if len(node.inputs) != node.arity:
            raise ValueError(f"node {node.name!r} reads {node.inputs}; it needs {node.arity} of them")
        unknown = [name for name in node.inputs if name not in self.integers]
        if unknown:
            raise ValueError(f"node {node.name!r} reads {', '.join(map(repr, unknown))}, which no node before it gives")
        try:
            self.integers[node.name] = node.infer(*(self.integers[name] for name in node.inputs))
        except ValueError as error:
            raise ValueError(f"node {node.name!r}: {error}") from error
        self.nodes.append(node)


def stem_integers(image_shape: tuple[int, ...], stem: tuple[FloatOperation, ...]) -> Integers:
    """Shape and range of what a stem makes of images (channels, height, width).

    Raises ValueError if the stem does not fit the images or does not end with a Quantize.
    """
    if not stem or not isinstance(stem[-1], Quantize):
        raise ValueError("the stem does not end with a Quantize")
    return Integers(shape_after(stem, image_shape, "stem"), stem[-1].smallest, stem[-1].largest)


def pixel_integers(image_shape: tuple[int, ...], white: int) -> Integers:
    """Shape and range of images' pixels. Raises ValueError if these do not have 1 to 8 bits."""
    check_number("white", white, range(1, LARGEST_PIXEL + 1))
    return Integers(tuple(image_shape), 0, white)


@torch.no_grad()
def shape_after(operations: tuple[FloatOperation, ...], shape: tuple[int, ...], part: str) -> tuple[int, ...]:
    """Shape of one image's result. Raises ValueError, naming the part, if the operations do not fit the shape."""
    try:
        return tuple(apply_all(operations, torch.zeros(1, *shape, device="meta")).shape[1:])  # without the numbers
    except UNFIT as error:
        raise ValueError(f"the {part} does not fit the shape {shape}: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """An error's message without the lines that torch appends."""
    return str(error).partition("\n")[0]
