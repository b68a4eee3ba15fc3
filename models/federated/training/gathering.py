"""What a round's clients answer, checked and made one update."""

import math
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from models.federated.aggregation import AGGREGATES, Aggregate, clipped
from models.federated.averaging import LocalModel, pseudo_gradients
from models.federated.broadcast import Broadcast
from models.federated.client import Update
from models.federated.recogniser import Recogniser
from models.federated.refusal import Limits, model_refusal, refusal
from models.federated.training.clients import Drawn
from models.federated.training.config import FedAqtConfig
from models.federated.training.transport import Answer, Transport


@dataclass
class Gathered:
    """Answers of an attempt at a round. moved: shares of integers that clients' steps changed.

    reason: of the last refusal. spoilt: why the answers make no update, although enough came.
    """

    aggregate: Aggregate
    answers: int = 0
    refused: int = 0
    moved: list[float] = field(default_factory=list)
    reason: str | None = None
    spoilt: str | None = None

    def refuse(self, drawn: Drawn, reason: str) -> None:
        """Counts a refusal, and prints it."""
        self.refused += 1
        self.reason = reason
        print(f"wrapmac: round {drawn.number}: {reason}; refused", file=sys.stderr)


class Gatherer(ABC):
    """Takes broadcasts to clients, and their answers back. recogniser: the server's."""

    def __init__(self, config: FedAqtConfig, recogniser: Recogniser) -> None:
        self.config, self.recogniser = config, recogniser

    def quorum(self, drawn: Drawn) -> float:
        """How many answers an attempt needs at least."""
        return self.config.quorum * len(drawn.clients)

    def gather(self, sent: Broadcast, drawn: Drawn) -> Gathered:
        """What the clients of one attempt at a round answer."""
        found = Gathered(AGGREGATES[self.config.aggregate]())
        if len(drawn.present) < self.quorum(drawn):
            found.answers = len(drawn.present)  # nobody needs to start
        else:
            self._fill(found, sent, drawn)
        return found

    @abstractmethod
    def _fill(self, found: Gathered, sent: Broadcast, drawn: Drawn) -> None:
        """Asks the clients, and adds what they answer."""


class OpenGatherer(Gatherer):
    """Sees each client's update, and refuses those that must not be added."""

    def __init__(self, config: FedAqtConfig, recogniser: Recogniser, transport: Transport) -> None:
        super().__init__(config, recogniser)
        self.transport = transport
        self.limits = Limits(config.used_utterances, math.inf if config.max_norm is None else config.max_norm)

    def _fill(self, found: Gathered, sent: Broadcast, drawn: Drawn) -> None:
        for client, answer in self.transport.answers(sent, drawn):
            found.answers += 1
            update, reason = self._checked(answer, sent)
            if update is None:
                found.refuse(drawn, f"client {client} {reason}")
            else:
                found.aggregate.add(clipped(update, self.config.clip_update))
                found.moved += answer.moved if isinstance(answer, LocalModel) else ()

    def _checked(self, answer: Answer, sent: Broadcast) -> tuple[Update | None, str | None]:
        """An answer as an update, or why it must not be added."""
        if isinstance(answer, LocalModel):
            reason = model_refusal(answer.model, sent)
            if reason is not None:
                return None, reason
            answer = pseudo_gradients(sent, answer)
        reason = refusal(answer, self.recogniser, self.limits)
        return (answer, None) if reason is None else (None, reason)
