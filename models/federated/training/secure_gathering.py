"""Secure sums of a round's updates: what clients do, and what the server does."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from models.federated.aggregation import clipped
from models.federated.averaging import LocalModel, pseudo_gradients
from models.federated.broadcast import Broadcast
from models.federated.choices import FEWEST_SECURE, FLOAT_BITS
from models.federated.client import Update
from models.federated.recogniser import Recogniser
from models.federated.refusal import Limits, not_finite, refusal
from models.federated.secure.client import SecureClient
from models.federated.secure.fixed_point import TOTALS, FixedPoint
from models.federated.secure.messages import Declined, Masked, PublicKeys, Question, Revealed, Turn
from models.federated.secure.server import SecureSum
from models.federated.secure.sharing import fewest_in_sum
from models.federated.training.clients import Drawn
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import Corpus
from models.federated.training.gathering import Gathered, Gatherer
from models.federated.training.transport import Answer, client_work

_ROUNDING = 1e-3  # of a norm, relative


class SecureTransport(Protocol):
    """Takes broadcasts to clients that mask what they answer."""

    def public_keys(self, clients: tuple[int, ...]) -> dict[int, bytes]:
        """Public keys of clients."""

    def masked(self, sent: Broadcast, drawn: Drawn, peers: PublicKeys) -> Iterator[tuple[int, Masked | Declined]]:
        """The masked updates of clients that are there, one at a time. peers: all keys of the sum."""

    def revealed(self, drawn: Drawn, questions: Mapping[int, Question]) -> Iterator[tuple[int, Revealed]]:
        """What clients that are there tell to unmask a sum."""


class SecureInProcess:
    """Clients that work one after another in this process, each with a key of its own."""

    def __init__(self, corpus: Corpus, config: FedAqtConfig) -> None:
        self.corpus, self.config = corpus, config
        self._clients: dict[int, SecureClient] = {}

    def public_keys(self, clients: tuple[int, ...]) -> dict[int, bytes]:
        """See SecureTransport."""
        return {client: self._client(client).public for client in clients}

    def masked(self, sent: Broadcast, drawn: Drawn, peers: PublicKeys) -> Iterator[tuple[int, Masked | Declined]]:
        """See SecureTransport."""
        for client in drawn.present:
            answer = client_work(sent, self.config, self.corpus, drawn.number, client)
            yield client, masked_answer(answer, sent, self.config, self._client(client), peers, turn_of(drawn))

    def revealed(self, drawn: Drawn, questions: Mapping[int, Question]) -> Iterator[tuple[int, Revealed]]:
        """See SecureTransport."""
        for client, question in questions.items():
            yield client, self._client(client).revealed(question, turn_of(drawn))

    def _client(self, number: int) -> SecureClient:
        if number not in self._clients:
            self._clients[number] = SecureClient(number)
        return self._clients[number]


class SecureGatherer(Gatherer):
    """Sees the sum of a round's updates alone, and checks that.

    Raises ValueError for fewer than FEWEST_SECURE clients, and for too many for one sum. count: of all clients.
    """

    def __init__(self, config: FedAqtConfig, recogniser: Recogniser, transport: SecureTransport, count: int) -> None:
        super().__init__(config, recogniser)
        self.transport = transport
        if count < FEWEST_SECURE:
            raise ValueError(f"there are {count} clients; a secure sum needs {FEWEST_SECURE}")
        code_of(config, min(config.clients_per_round, count))  # refuses what is impossible before anyone starts
        self.shapes = {name: tuple(one.shape) for name, one in recogniser.named_parameters()}

    def quorum(self, drawn: Drawn) -> float:
        """How many answers an attempt needs at least, and so many that their sum can be unmasked."""
        return max(super().quorum(drawn), fewest_in_sum(len(drawn.clients)))

    def _fill(self, found: Gathered, sent: Broadcast, drawn: Drawn) -> None:
        peers = self.transport.public_keys(drawn.clients)
        code = code_of(self.config, len(peers))
        total = SecureSum(peers, self.shapes | {TOTALS: (3,)})
        for client, answer in self.transport.masked(sent, drawn, peers):
            found.answers += 1
            if isinstance(answer, Declined):
                found.refuse(drawn, f"client {client} {answer.reason}")
                continue
            try:
                total.add(client, answer)
            except ValueError as error:
                found.refuse(drawn, f"client {client} {error}")
        if found.answers < self.quorum(drawn):
            return  # another attempt has the same updates: two sums would tell the difference
        if found.answers - found.refused < fewest_in_sum(len(peers)):
            return  # they declined, and would again
        try:
            sums = total.unmasked(dict(self.transport.revealed(drawn, total.questions())))
        except ValueError as error:
            found.spoilt = str(error)
            return
        self._add(found, drawn, code.decoded(sums), code)

    def _add(self, found: Gathered, drawn: Drawn, mean: tuple[Update, float], code: FixedPoint) -> None:
        update, moved = mean
        reason = refusal(update, self.recogniser, Limits(code.clients * code.examples, code.norm * (1 + _ROUNDING)))
        if reason is not None:
            found.refuse(drawn, f"the sum {reason}")
            found.refused = found.answers  # nobody knows whose fault it is
            return
        own = dict(self.recogniser.named_parameters())
        gradients = {name: one.to(own[name]) for name, one in update.gradients.items()}
        found.aggregate.add(replace(update, gradients=gradients))
        if self.config.algorithm == "fedavg" and self.config.bits != FLOAT_BITS:
            found.moved.append(moved)


def masked_answer(
    answer: Answer, sent: Broadcast, config: FedAqtConfig, client: SecureClient, peers: PublicKeys, turn: Turn
) -> Masked | Declined:
    """A client's answer to a broadcast, which it checks, clips and masks itself."""
    moved = 0.0
    if isinstance(answer, LocalModel):
        moved = sum(answer.moved) / max(1, len(answer.moved))
        answer = pseudo_gradients(sent, answer)
    if not answer.examples:
        return Declined("has no utterance")
    reason = not_finite(answer)
    if reason is not None:
        return Declined(reason)
    numbers = code_of(config, len(peers)).encoded(clipped(answer, config.clip_update), moved)
    return client.masked(numbers, peers, turn)


def code_of(config: FedAqtConfig, clients: int) -> FixedPoint:
    """How updates of a sum of `clients` become integers. Raises ValueError if the settings limit no norm."""
    if config.clip_update is None:
        raise ValueError("clip_update is missing, which a secure sum's integers are made for")
    return FixedPoint(clients, config.used_utterances, config.clip_update)


def turn_of(drawn: Drawn) -> Turn:
    """The name of an attempt's sum."""
    return drawn.number, drawn.attempt
