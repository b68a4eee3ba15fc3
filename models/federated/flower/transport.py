"""Rounds over Flower: broadcasts to SuperNodes, and their answers."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from flwr.app import ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid

from models.federated.broadcast import Broadcast
from models.federated.flower.messages import answer_of, broadcast_record
from models.federated.flower.settings import CLIENT, KEY, ROUND
from models.federated.training.clients import Drawn
from models.federated.training.features import Normalisation
from models.federated.training.transport import Answer
from models.federated.transcription.vocabulary import Vocabulary
from models.training.errors import TrainingError

Read = TypeVar("Read")

_PAUSE = 1.0  # seconds between two looks for SuperNodes
_PATIENCE, _PATIENCE_EACH = 60.0, 20.0  # seconds that SuperNodes have to start and say who they are


def round_facts(drawn: Drawn) -> dict[str, int]:
    """What a message says of the round that it is of."""
    return {"number": drawn.number, "attempt": drawn.attempt}


class FlowerTransport:
    """Clients that are SuperNodes. clients: their number. deadline: of a round's answers, in seconds.

    Later answers are dropped. Raises TrainingError if the SuperNodes are not there in time, or have wrong numbers.
    """

    def __init__(
        self, grid: Grid, clients: int, normalisation: Normalisation, vocabulary: Vocabulary, deadline: float
    ) -> None:
        self.grid, self.normalisation, self.vocabulary, self.deadline = grid, normalisation, vocabulary, deadline
        self.keys: dict[int, bytes] = {}  # public ones of clients that have some
        self.nodes = self._nodes(clients, _PATIENCE + _PATIENCE_EACH * clients)

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Answer]]:
        """See Transport."""
        content = self.content(sent, drawn)
        return self.exchange(drawn, dict.fromkeys(drawn.present, content), MessageType.TRAIN, answer_of)

    def content(self, sent: Broadcast, drawn: Drawn) -> RecordDict:
        """A broadcast in a round, with what all clients have to have alike."""
        content = broadcast_record(sent)
        content[ROUND] = ConfigRecord(
            {
                **round_facts(drawn),
                "mean": self.normalisation.mean,
                "deviation": self.normalisation.deviation,
                "tokens": list(self.vocabulary.tokens),
                "model": self.vocabulary.model,
            }
        )
        return content

    def exchange(
        self, drawn: Drawn, contents: Mapping[int, RecordDict], kind: str, read: Callable[[RecordDict], Read]
    ) -> Iterator[tuple[int, Read]]:
        """Sends clients their messages, and yields what `read` makes of those that come back, in the order of clients.

        Those that are late, report an error or cannot be read are left out, with a line on standard error.
        """
        numbers = {self.nodes[client]: client for client in contents}
        messages = [
            Message(contents[client], dst_node_id=node, message_type=kind, ttl=self.deadline)
            for node, client in numbers.items()
        ]
        replies: dict[int, Message] = {}
        for reply in self.grid.send_and_receive(messages, timeout=self.deadline) if messages else ():
            if reply.has_error():  # of a client, or of the SuperLink about one that is gone
                print(f"wrapmac: round {drawn.number}: no answer: {reply.error.reason}", file=sys.stderr)
            else:
                replies[numbers[reply.metadata.src_node_id]] = reply
        for client in sorted(replies):
            try:
                answer = read(replies[client].content)
            except ValueError as error:
                print(f"wrapmac: round {drawn.number}: client {client}: {error}; dropped", file=sys.stderr)
                continue
            yield client, answer

    def _nodes(self, clients: int, patience: float) -> dict[int, int]:
        """The SuperNode of each client, when all are there. Each is asked once who it is."""
        ends = time.monotonic() + patience
        found: dict[int, int] = {}
        asked: set[int] = set()
        waiting: set[str] = set()
        while len(found) < clients:
            if time.monotonic() > ends:
                raise TrainingError(f"{len(found)} of {clients} SuperNodes are there after {patience:g} s")
            new = set(self.grid.get_node_ids()) - asked
            asked |= new
            questions = [
                Message(RecordDict(), dst_node_id=node, message_type=MessageType.QUERY, ttl=patience)
                for node in sorted(new)
            ]
            waiting |= set(self.grid.push_messages(questions)) if questions else set()
            time.sleep(_PAUSE)
            for reply in self.grid.pull_messages(list(waiting)) if waiting else ():
                waiting.discard(reply.metadata.reply_to_message_id)
                if not reply.has_error():
                    facts: Mapping[str, Any] = dict(reply.content[CLIENT])
                    self._place(found, int(facts["number"]), reply.metadata.src_node_id, clients)
                    if KEY in facts:
                        self.keys[int(facts["number"])] = bytes(facts[KEY])
        return found

    def _place(self, found: dict[int, int], number: int, node: int, clients: int) -> None:
        if number in found or not 0 <= number < clients:
            raise TrainingError(
                f"a SuperNode says that it is client {number}; expected are 0 to {clients - 1}, once each"
            )
        found[number] = node
