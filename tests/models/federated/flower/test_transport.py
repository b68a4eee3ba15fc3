"""Rounds over a grid that stands in for Flower's: who is asked, and what becomes of odd answers."""

from collections.abc import Iterable
from typing import Any

import pytest
import torch
from flwr.app import ConfigRecord, Message, RecordDict
from flwr.supercore.task_identity import TaskIdentity

from models.federated.broadcast import broadcast
from models.federated.client import Update
from models.federated.conformer.settings import ConformerSettings
from models.federated.flower import transport
from models.federated.flower.messages import answer_record
from models.federated.flower.transport import FlowerTransport
from models.federated.recogniser import Recogniser
from models.federated.training.clients import Drawn
from models.federated.training.features import Normalisation
from models.federated.transcription.vocabulary import Vocabulary
from models.training.errors import TrainingError

SENT = broadcast(Recogniser(ConformerSettings(blocks=1, width=4, heads=1, kernel=3), 5, 4), 8, "channel")


class Grid:
    """SuperNodes 100, 101, ... that say that they are clients of these numbers, and answer with their number."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = {100 + place: number for place, number in enumerate(numbers)}
        self.asked: list[int] = []

    def get_node_ids(self) -> Iterable[int]:
        return list(self.numbers)

    def push_messages(self, messages: Iterable[Message]) -> list[str]:
        self.questions = list(messages)
        return [str(one.metadata.dst_node_id) for one in self.questions]

    def pull_messages(self, waiting: list[str]) -> list[Any]:
        return [self._reply(int(one), RecordDict({"client": self._number(int(one))})) for one in waiting]

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float) -> list[Any]:
        self.asked = [self.numbers[one.metadata.dst_node_id] for one in messages]
        replies = []
        for number in reversed(self.asked):
            node = next(node for node, own in self.numbers.items() if own == number)
            answer = answer_record(Update({"a": torch.full((2,), float(number))}, 1, 0.5))
            replies.append(self._reply(node, RecordDict() if number == 3 else answer))
        return replies

    def _number(self, node: int) -> ConfigRecord:
        return ConfigRecord({"number": self.numbers[node]})

    def _reply(self, node: int, content: RecordDict) -> Any:
        class Metadata:
            src_node_id, reply_to_message_id = node, str(node)

        class Reply:
            metadata = Metadata

            @staticmethod
            def has_error() -> bool:
                return False

        Reply.content = content  # type: ignore[attr-defined]
        return Reply


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_run_id", "_task_id", "_node_id"):  # which Flower sets where an app runs
        monkeypatch.setattr(TaskIdentity, name, 1, raising=False)
    monkeypatch.setattr(transport, "_PAUSE", 0.01)
    monkeypatch.setattr(transport, "_PATIENCE", 0.05)
    monkeypatch.setattr(transport, "_PATIENCE_EACH", 0.05)


def over(grid: Grid, clients: int = 4) -> FlowerTransport:
    return FlowerTransport(grid, clients, Normalisation(0.0, 1.0), Vocabulary("words", ("la",)), 1.0)  # type: ignore[arg-type]


def test_clients_that_stay_away_are_not_asked_and_answers_come_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    grid = Grid(2, 0, 3, 1)
    drawn = Drawn(5, 0, (0, 1, 2, 3), frozenset({1}))
    answers = list(over(grid).answers(SENT, drawn))
    assert sorted(grid.asked) == [0, 2, 3]
    assert [client for client, _ in answers] == [0, 2]
    for client, answer in answers:
        assert isinstance(answer, Update)
        assert answer.gradients["a"].tolist() == [client, client]
    assert "round 5: client 3: a message lacks 'facts'; dropped" in capsys.readouterr().err


@pytest.mark.parametrize("numbers", [(0, 0, 1, 2), (1, 2, 3, 4)])
def test_super_nodes_with_wrong_numbers_are_named(numbers: tuple[int, ...]) -> None:
    with pytest.raises(TrainingError, match=r"a SuperNode says that it is client \d; expected are 0 to 3, once each"):
        over(Grid(*numbers))


def test_super_nodes_that_do_not_come_are_counted() -> None:
    with pytest.raises(TrainingError, match="2 of 4 SuperNodes are there after"):
        over(Grid(0, 1))
