"""The nodes of a network's integer core: their parameters, and the shape and range of their results."""

from models.integer_network.nodes.levels import Requantize, Threshold
from models.integer_network.nodes.maps import Add, Flatten, MaxPool, PaddedShortcut, Relu, SumPool
from models.integer_network.nodes.node import Integers, Node
from models.integer_network.nodes.weighted import Convolution, Linear, WeightedNode

__all__ = [
    "NODES",
    "Add",
    "Convolution",
    "Flatten",
    "Integers",
    "Linear",
    "MaxPool",
    "Node",
    "PaddedShortcut",
    "Relu",
    "Requantize",
    "SumPool",
    "Threshold",
    "WeightedNode",
]

NODES: dict[str, type[Node]] = {
    kind.__name__: kind
    for kind in (Convolution, Linear, Threshold, Requantize, Add, Relu, MaxPool, SumPool, Flatten, PaddedShortcut)
}
"""All kinds of nodes by name."""
