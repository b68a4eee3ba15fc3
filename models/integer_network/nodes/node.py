"""Node, the base of all nodes, and Integers, the type of their results."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Integers:
    """A node's result for one image: its shape, (channels, height, width) or (features,), and its range."""

    shape: tuple[int, ...]
    smallest: int
    largest: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Node(ABC):
    """One operation on integers. inputs: names of the nodes that it reads, `arity` of them."""

    arity: ClassVar[int] = 1
    name: str
    inputs: tuple[str, ...]

    @abstractmethod
    def infer(self, *inputs: Integers) -> Integers:
        """Shape and range of the result for these inputs. Raises ValueError if they do not fit the node."""
