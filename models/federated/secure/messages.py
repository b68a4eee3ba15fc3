"""What clients and server tell each other for a sum."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

Turn = tuple[int, int]
"""A sum: the number of its round, and the attempt at it."""

PublicKeys = Mapping[int, bytes]
"""Public keys of the clients of a sum, by number."""


@dataclass(frozen=True)
class Masked:
    """A client's update under its masks. numbers: int32, by name.

    shares: of the seed of its own mask, by the client who alone can read it.
    """

    numbers: Mapping[str, Tensor]
    shares: Mapping[int, bytes]


@dataclass(frozen=True)
class Declined:
    """Says why a client adds nothing."""

    reason: str


@dataclass(frozen=True)
class Question:
    """Asks a client for what removes the masks. survivors: clients whose updates are in the sum.

    shares: those that they made for this client.
    """

    survivors: frozenset[int]
    shares: Mapping[int, bytes]


@dataclass(frozen=True)
class Revealed:
    """What removes the masks. shares: of the seeds of survivors' own masks.

    pairs: seeds of the masks that this client shares with those who are not in the sum.
    """

    shares: Mapping[int, bytes]
    pairs: Mapping[int, bytes]
