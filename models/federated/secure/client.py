"""A client's part in a secure sum."""

import json
import secrets
from collections.abc import Mapping
from typing import Self

from torch import Tensor

from models.federated.choices import FEWEST_SECURE
from models.federated.secure.keys import SECRET_BYTES, decrypted, encrypted, new_key, public_key, shared_secret
from models.federated.secure.masks import add_mask
from models.federated.secure.messages import Masked, PublicKeys, Question, Revealed, Turn
from models.federated.secure.sharing import fewest_in_sum, split


class SecureClient:
    """A client that masks its updates, once in a turn, and helps to unmask the sum of many, once.

    It never tells both what removes a client's own mask and what removes those it shares. That hides updates from a
    server which asks all clients about the same sum. number: the client's.
    """

    def __init__(self, number: int, key: bytes | None = None) -> None:
        self.number = number
        self._key = key or new_key()
        self._turn: Turn = (-1, -1)
        self._peers: dict[int, bytes] = {}  # of a turn that is not yet unmasked

    @property
    def public(self) -> bytes:
        """The public key."""
        return public_key(self._key)

    def masked(self, numbers: Mapping[str, Tensor], peers: PublicKeys, turn: Turn) -> Masked:
        """Numbers (int32, by name) under the masks of a turn. peers: all clients of the sum, this one among them.

        Raises ValueError if a turn is not later than the one before, or there are too few clients or keys.
        """
        if turn <= self._turn:
            raise ValueError(f"client {self.number} was asked for round {_said(turn)} after {_said(self._turn)}")
        if len(set(peers.values())) != len(peers):
            raise ValueError(f"client {self.number} got the same key twice")
        if peers.get(self.number) != self.public or len(peers) < FEWEST_SECURE:
            raise ValueError(
                f"client {self.number} got the keys of a sum without it, or of fewer than {FEWEST_SECURE} clients"
            )
        self._turn, self._peers = turn, dict(peers)
        masked = {name: one.clone() for name, one in numbers.items()}
        seed = secrets.token_bytes(SECRET_BYTES)
        add_mask(masked, seed, 1)
        for other in peers:
            if other != self.number:
                add_mask(masked, self._pair_seed(other), 1 if self.number < other else -1)
        shares = zip(sorted(peers), split(seed, len(peers)), strict=True)
        return Masked(masked, {other: encrypted(share, self._channel(self.number, other)) for other, share in shares})

    def revealed(self, question: Question, turn: Turn) -> Revealed:
        """What unmasks the sum of the turn's survivors.

        Raises ValueError if it is not of this client's last turn, was told already, would tell about so few survivors
        that their sum says much about each, or a share was changed.
        """
        peers, survivors = self._peers, question.survivors
        if turn != self._turn or not peers:
            raise ValueError(f"client {self.number} has nothing to tell about round {_said(turn)}")
        if self.number not in survivors or not survivors <= peers.keys() or len(survivors) < fewest_in_sum(len(peers)):
            raise ValueError(f"client {self.number} does not unmask a sum of clients {sorted(survivors)}")
        if question.shares.keys() != survivors:
            raise ValueError(f"client {self.number} got shares of other clients than those of the sum")
        shares = {
            other: decrypted(share, self._channel(other, self.number)) for other, share in question.shares.items()
        }
        pairs = {other: self._pair_seed(other) for other in peers.keys() - survivors}
        self._peers = {}
        return Revealed(shares, pairs)

    def state(self) -> bytes:
        """All that the client has to keep between two messages, its private key among it."""
        peers = {str(number): key.hex() for number, key in self._peers.items()}
        return json.dumps({"number": self.number, "key": self._key.hex(), "turn": self._turn, "peers": peers}).encode()

    @classmethod
    def from_state(cls, state: bytes) -> Self:
        """The client that `state` was taken from."""
        record = json.loads(state)
        client = cls(record["number"], bytes.fromhex(record["key"]))
        client._turn = (record["turn"][0], record["turn"][1])
        client._peers = {int(number): bytes.fromhex(key) for number, key in record["peers"].items()}
        return client

    def _pair_seed(self, other: int) -> bytes:
        """The seed of the mask that this client and another share."""
        low, high = sorted((self.number, other))
        return self._secret(other, f"mask of {low} and {high}")

    def _channel(self, sender: int, receiver: int) -> bytes:
        """The secret that encrypts one client's share for another."""
        return self._secret(receiver if sender == self.number else sender, f"share of {sender} for {receiver}")

    def _secret(self, other: int, purpose: str) -> bytes:
        try:
            return shared_secret(self._key, self._peers[other], f"{_said(self._turn)} {purpose}")
        except ValueError as error:
            raise ValueError(f"client {other} has a public key that is none: {error}") from error


def _said(turn: Turn) -> str:
    return f"{turn[0]}, attempt {turn[1]}"
