"""The values that flow through a network while it is translated."""

from dataclasses import dataclass

from models.integer_network.float_operations import FloatOperation


@dataclass(frozen=True)
class Floats:
    """Floats: the result of `operations` on the integers of node `source`, or on the images if it is None."""

    source: str | None
    operations: tuple[FloatOperation, ...]


@dataclass(frozen=True)
class Stream:
    """A residual stream: the integers of node `source`, in units of step / SUBDIVISIONS."""

    source: str
    step: float


@dataclass(frozen=True)
class Scores:
    """The integers of node `source`, which are a network's result."""

    source: str


Value = Floats | Stream | Scores
