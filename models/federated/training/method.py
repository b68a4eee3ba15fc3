"""Federated rounds as steps of the training loop."""

import math
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from models.extras import required
from models.federated.broadcast import Broadcast, broadcast
from models.federated.choices import FLOAT_BITS
from models.federated.client import client_recogniser
from models.federated.linear_layers import fake_quantize
from models.federated.recogniser import Recogniser
from models.federated.server import set_gradients
from models.federated.training.clients import Drawn, draw_clients, draw_utterances
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import Corpus
from models.federated.training.evaluation import error_rates
from models.federated.training.gathering import Gathered, Gatherer, OpenGatherer
from models.federated.training.transport import InProcess, Transport, batch_of
from models.federated.transducer import TransducerRecogniser
from models.training.errors import TrainingError
from models.training.method import Gradients, Loss, Method
from models.training.optimizers import OptimizerSettings
from models.training.seeds import seed_torch

if TYPE_CHECKING:
    from models.federated.training.secure_gathering import SecureTransport

_MOST_ATTEMPTS = 10
_MOST_IDLE = 10


class PastRounds:
    """The loss of the last round that had an update, and how many rounds in turn had none since."""

    def __init__(self) -> None:
        self.loss, self.idle = 0.0, 0
        self.reason = "no client had an utterance"

    def note(self, found: Gathered) -> None:
        """Takes up a round. Raises TrainingError if too many in turn had no update."""
        self.reason = found.reason or self.reason
        if found.aggregate.examples:
            self.loss, self.idle = found.aggregate.loss / found.aggregate.examples, 0
            return
        self.idle += 1
        if self.idle == _MOST_IDLE:
            raise TrainingError(
                f"{_MOST_IDLE} rounds in a row had no update that could be added; in the last one, {self.reason}; try "
                "lower learning rates"
            )

    def state_dict(self) -> dict[str, Any]:
        """Both numbers."""
        return {"loss": self.loss, "idle": self.idle}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up both numbers."""
        self.loss, self.idle = float(state["loss"]), int(state["idle"])


class FederatedTraining(Method):
    """A server's recogniser, which is trained in rounds; a round is a step of the loop.

    Clients work in this process. Raises ValueError if there are too few for a secure sum.
    """

    def __init__(self, config: FedAqtConfig, corpus: Corpus) -> None:
        self.config, self.corpus = config, corpus
        seed_torch(f"{config.seed} weights")
        self.recogniser = new_recogniser(config, len(corpus.vocabulary))
        self.gatherer = _gatherer(config, corpus, self.recogniser)
        self.models = {"recogniser": self.recogniser}
        settings = OptimizerSettings(
            optimizer=config.used_optimizer,
            learning_rate=config.used_learning_rate,
            momentum=config.momentum,
            schedule=config.used_schedule,
            warmup=config.used_warmup,
            every="step",
        )
        self.optimizers = {"server": settings.build(self.recogniser, config.rounds)}
        self.past = PastRounds()
        self.state = {"rounds": self.past}
        self._warned = False

    def reach(self, transport: "Transport | SecureTransport") -> None:
        """Takes another way to the clients."""
        self.gatherer = _gatherer(self.config, self.corpus, self.recogniser, transport)

    def batches(self, epoch: int, first: int) -> Iterator[Drawn]:
        """The clients of each round."""
        every = self.config.evaluate_every
        for number in range(epoch * every + first, (epoch + 1) * every):
            yield self._drawn(number, 0)

    def share(self, batch: Drawn, process: int, processes: int) -> Drawn:
        """A round is not shared: it runs in a single process."""
        return batch

    def step(self, models: Mapping[str, nn.Module], batch: Drawn) -> Gradients:
        """A round: broadcast, work of clients, mean of their updates, relay; again with others if too few answer."""
        config, sent = self.config, self.sent()
        drawn, found = batch, self.gatherer.gather(sent, batch)
        while found.spoilt or found.answers < self.gatherer.quorum(drawn):
            if drawn.attempt + 1 == _MOST_ATTEMPTS:
                raise TrainingError(_gave_up(drawn, found, math.ceil(self.gatherer.quorum(drawn))))
            drawn = self._drawn(drawn.number, drawn.attempt + 1)
            found = self.gatherer.gather(sent, drawn)
        self._warn(found.moved)
        self.past.note(found)
        if found.aggregate.examples:
            relay = config.relay and config.algorithm == "fedsgd"
            set_gradients(self.recogniser, found.aggregate.means(), config.bits, config.scale_per, relay=relay)
        metrics: dict[str, float] = {
            "clients": found.answers - found.refused,
            "absent": len(drawn.clients) - found.answers,
            "refused": found.refused,
            "repeats": drawn.attempt,
            "utterances": found.aggregate.examples,
        }
        if config.algorithm == "fedavg" and config.bits != FLOAT_BITS:
            metrics["moved"] = sum(found.moved) / max(1, len(found.moved))
        tensors = {name: torch.tensor(float(value)) for name, value in metrics.items()}
        return Gradients(torch.tensor(self.past.loss), tensors)

    def sent(self) -> Broadcast:
        """What clients get now."""
        return broadcast(self.recogniser, self.config.bits, self.config.scale_per)

    def validate(self) -> Mapping[str, float]:
        """Error rates on held-out utterances of the recogniser that clients get."""
        client = client_recogniser(self.sent(), self.config.conformer, self.config.bands)
        return error_rates(client, self.corpus.held_out, self.corpus.vocabulary)

    def _drawn(self, number: int, attempt: int) -> Drawn:
        config, count = self.config, len(self.corpus.clients)
        return draw_clients(config.seed, number, attempt, count, config.clients_per_round, config.absent)

    def _warn(self, moved: list[float]) -> None:
        if 0.0 in moved and not self._warned:
            self._warned = True
            print(
                "wrapmac: warning: a step on a client moved no code: its learning rate is too small for rounding to "
                "nearest; --rounding stochastic or more --bits help",
                file=sys.stderr,
            )


class CentralTraining(FederatedTraining):
    """Quantization-aware training in one place, on the utterances that the clients of each round would train on."""

    def __init__(self, config: FedAqtConfig, corpus: Corpus) -> None:
        super().__init__(config, corpus)
        if config.bits != FLOAT_BITS:
            fake_quantize(self.recogniser.encoder, config.bits, config.scale_per)

    def step(self, models: Mapping[str, nn.Module], batch: Drawn) -> Loss:  # type: ignore[override]
        """The loss of all utterances of a round."""
        config = self.config
        chosen = [
            one
            for client in batch.present
            for one in draw_utterances(
                config.seed, batch.number, client, self.corpus.clients[client], config.client_batch
            )
        ]
        device = next(self.recogniser.parameters()).device
        loss = self.recogniser.loss(batch_of(self.corpus, chosen).to(device))
        return Loss(loss, {"utterances": torch.tensor(float(len(chosen)))})


def _gatherer(
    config: FedAqtConfig,
    corpus: Corpus,
    recogniser: Recogniser,
    transport: "Transport | SecureTransport | None" = None,
) -> Gatherer:
    if not config.secure:
        return OpenGatherer(config, recogniser, cast("Transport | None", transport) or InProcess(corpus, config))
    required("cryptography", "federated")
    from models.federated.training.secure_gathering import SecureGatherer, SecureInProcess

    clients = cast("SecureTransport | None", transport) or SecureInProcess(corpus, config)
    return SecureGatherer(config, recogniser, clients, len(corpus.clients))


def _gave_up(drawn: Drawn, found: Gathered, needed: int) -> str:
    """Why there is no further attempt at a round."""
    if found.spoilt:
        why = f"{found.spoilt}; {found.reason}" if found.reason else found.spoilt
        return f"round {drawn.number} could not be added up in {_MOST_ATTEMPTS} attempts; in the last, {why}"
    return (
        f"round {drawn.number} had too few answers in {_MOST_ATTEMPTS} attempts; the last had {found.answers} of "
        f"{len(drawn.clients)}, and it takes {needed}"
    )


def new_recogniser(config: FedAqtConfig, tokens: int) -> Recogniser:
    """A recogniser as settings ask for. tokens: their number, the blank among them."""
    kind = TransducerRecogniser if config.criterion == "transducer" else Recogniser
    return kind(config.conformer, config.bands, tokens)


def training_of(config: FedAqtConfig, corpus: Corpus) -> FederatedTraining:
    """The training that settings ask for."""
    return CentralTraining(config, corpus) if config.algorithm == "central" else FederatedTraining(config, corpus)
