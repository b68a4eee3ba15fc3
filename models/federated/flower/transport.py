"""Rounds over Flower: broadcasts to SuperNodes, and their answers."""

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flwr.app import ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid

from models.federated.broadcast import Broadcast
from models.federated.flower.messages import answer_of, broadcast_record
from models.federated.flower.settings import CLIENT, ROUND
from models.federated.training.clients import Drawn
from models.federated.training.features import Normalisation
from models.federated.training.transport import Answer
from models.training.errors import TrainingError

_PAUSE = 1.0  # seconds between two looks for SuperNodes
_PATIENCE, _PATIENCE_EACH = 60.0, 20.0  # seconds that SuperNodes have to start and say who they are


class FlowerTransport:
    """Clients that are SuperNodes. clients: their number. deadline: of a round's answers, in seconds.

    Later answers are dropped. Raises TrainingError if the SuperNodes are not there in time, or have wrong numbers.
    """

    def __init__(self, grid: Grid, clients: int, normalisation: Normalisation, deadline: float) -> None:
        self.grid, self.normalisation, self.deadline = grid, normalisation, deadline
        self.nodes = self._nodes(clients, _PATIENCE + _PATIENCE_EACH * clients)

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Answer]]:
        """See Transport."""
        numbers = {self.nodes[client]: client for client in drawn.present}
        replies: dict[int, Message] = {}
        for reply in self._ask(sent, drawn, list(numbers)):
            if reply.has_error():  # of a client, or of the SuperLink about one that is gone
                print(f"wrapmac: round {drawn.number}: no answer: {reply.error.reason}", file=sys.stderr)
            else:
                replies[numbers[reply.metadata.src_node_id]] = reply
        for client in sorted(replies):
            try:
                answer = answer_of(replies[client].content)
            except ValueError as error:
                print(f"wrapmac: round {drawn.number}: client {client}: {error}; dropped", file=sys.stderr)
                continue
            yield client, answer

    def _ask(self, sent: Broadcast, drawn: Drawn, nodes: list[int]) -> list[Message]:
        if not nodes:
            return []
        content = broadcast_record(sent)
        content[ROUND] = ConfigRecord(
            {"number": drawn.number, "mean": self.normalisation.mean, "deviation": self.normalisation.deviation}
        )
        messages = [
            Message(content, dst_node_id=node, message_type=MessageType.TRAIN, ttl=self.deadline) for node in nodes
        ]
        return list(self.grid.send_and_receive(messages, timeout=self.deadline))

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
        return found

    def _place(self, found: dict[int, int], number: int, node: int, clients: int) -> None:
        if number in found or not 0 <= number < clients:
            raise TrainingError(
                f"a SuperNode says that it is client {number}; expected are 0 to {clients - 1}, once each"
            )
        found[number] = node
