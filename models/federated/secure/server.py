"""A server's part in a secure sum."""

from collections.abc import Mapping

import torch
from torch import Tensor

from models.federated.secure.masks import add_mask
from models.federated.secure.messages import Masked, PublicKeys, Question, Revealed
from models.federated.secure.sharing import fewest_in_sum, joined, threshold

Shapes = Mapping[str, tuple[int, ...]]


class SecureSum:
    """The sum of masked updates, added one at a time. peers: all clients of the sum. shapes: of what they add."""

    def __init__(self, peers: PublicKeys, shapes: Shapes) -> None:
        self.peers, self.shapes = peers, shapes
        self._sums = {name: torch.zeros(shape, dtype=torch.int32) for name, shape in shapes.items()}
        self._shares: dict[int, Mapping[int, bytes]] = {}

    def add(self, client: int, masked: Masked) -> None:
        """Adds a client's update. Raises ValueError, naming the tensor, if it does not fit."""
        for name in sorted(self.shapes.keys() ^ masked.numbers.keys()):
            raise ValueError(f"{'lacks' if name in self.shapes else 'adds an unknown'} {name}")
        for name, one in masked.numbers.items():
            if tuple(one.shape) != self.shapes[name] or one.dtype != torch.int32:
                raise ValueError(
                    f"has {name} of {one.dtype} and shape {tuple(one.shape)}; expected are 32-bit integers"
                )
        if masked.shares.keys() != self.peers.keys():
            raise ValueError("has no share of its mask for each client")
        for name, one in masked.numbers.items():
            self._sums[name].add_(one.to(self._sums[name].device))
        self._shares[client] = masked.shares

    def questions(self) -> dict[int, Question]:
        """What to ask each client whose update was added. Raises ValueError if they are too few to unmask the sum."""
        needed = fewest_in_sum(len(self.peers))
        if len(self._shares) < needed:
            raise ValueError(f"{len(self._shares)} of {len(self.peers)} clients added to the sum; it takes {needed}")
        survivors = frozenset(self._shares)
        return {
            client: Question(survivors, {other: shares[client] for other, shares in self._shares.items()})
            for client in sorted(survivors)
        }

    def unmasked(self, revealed: Mapping[int, Revealed]) -> dict[str, Tensor]:
        """The sum, of what clients answered to the questions.

        Raises ValueError if it cannot be unmasked: too few answered, one that shares a mask with a client which is not
        in the sum did not, or an answer is damaged.
        """
        places = {client: place for place, client in enumerate(sorted(self.peers))}
        dropped, needed = self.peers.keys() - self._shares.keys(), threshold(len(self.peers))
        if dropped and (silent := self._shares.keys() - revealed.keys()):
            raise ValueError(f"client {min(silent)} did not tell the masks it shares with those who dropped out")
        if len(revealed) < needed:
            raise ValueError(f"{len(revealed)} clients helped to unmask the sum; it takes {needed}")
        for client, one in revealed.items():
            if one.shares.keys() != self._shares.keys() or one.pairs.keys() != dropped:
                raise ValueError(f"client {client} told other secrets than it was asked for")
        for client in self._shares:
            seed = joined({places[other]: one.shares[client] for other, one in revealed.items()})
            add_mask(self._sums, seed, -1)
            for other in dropped:
                add_mask(self._sums, revealed[client].pairs[other], -1 if client < other else 1)
        return self._sums
