"""Who holds which utterances, who takes part in a round, and what they train on: functions of seed and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from models.checks import check_positive
from models.data.draws import Integers, distinct, key_of, uniform
from models.data.sources import generator_of
from models.data.speech.utterances import Recording, speaker_places
from models.federated.training.sources import ClientKind

_CLIENT, _ABSENCE, _UTTERANCE = range(3)  # streams of random numbers


@dataclass(frozen=True)
class Drawn:
    """Clients that are asked in a round. number: of the round, from 0. attempt: 0, or more if the quorum was missed.

    clients: their numbers, in order. absent: those of them that will not answer.
    """

    number: int
    attempt: int
    clients: tuple[int, ...]
    absent: frozenset[int]

    @property
    def present(self) -> tuple[int, ...]:
        """The clients that answer."""
        return tuple(client for client in self.clients if client not in self.absent)


def client_parts(utterances: Sequence[Recording], kind: ClientKind, size: int, seed: int) -> list[list[int]]:
    """The numbers of each client's utterances: those of a speaker, or `size` of the shuffled ones (or the rest).

    Raises ValueError for a size below 1.
    """
    check_positive("client_size", size)
    if kind == "speaker":
        return list(speaker_places(utterances).values())
    order = torch.randperm(len(utterances), generator=generator_of(f"clients {seed}")).tolist()
    return [order[first : first + size] for first in range(0, len(order), size)]


def draw_clients(seed: int, number: int, attempt: int, count: int, wanted: int, absent: float) -> Drawn:
    """`wanted` of `count` clients, or all, of which each stays away with probability `absent`."""
    key, place = key_of("clients", seed, attempt), np.array([number])
    chosen = distinct(key, place, _CLIENT, np.array([count]), min(wanted, count))[0]
    away = uniform(key_of("absent", seed, attempt, number), chosen, _ABSENCE, 0) < absent
    gone = frozenset(int(client) for client in chosen[away])
    return Drawn(number, attempt, tuple(sorted(int(client) for client in chosen)), gone)


def draw_utterances(seed: int, number: int, client: int, own: Sequence[int], wanted: int) -> list[int]:
    """`wanted` of a client's own utterances, or all of them in random order, for a round."""
    key, place = key_of("utterances", seed, client), np.array([number])
    chosen: Integers = distinct(key, place, _UTTERANCE, np.array([len(own)]), min(wanted, len(own)))[0]
    return [own[one] for one in chosen]
