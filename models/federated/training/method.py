"""Federated rounds as steps of the training loop."""

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from models.federated.aggregation import AGGREGATES, Aggregate, clipped
from models.federated.averaging import LocalModel, pseudo_gradients
from models.federated.broadcast import Broadcast, broadcast
from models.federated.choices import FLOAT_BITS
from models.federated.client import client_recogniser
from models.federated.linear_layers import fake_quantize
from models.federated.recogniser import Recogniser
from models.federated.refusal import Limits, refusal
from models.federated.server import set_gradients
from models.federated.training.clients import Drawn, draw_clients, draw_utterances
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import Corpus
from models.federated.training.evaluation import error_rates
from models.federated.training.transport import InProcess, Transport, batch_of
from models.training.errors import TrainingError
from models.training.method import Gradients, Loss, Method
from models.training.optimizers import OptimizerSettings
from models.training.seeds import seed_torch

_MOST_ATTEMPTS = 10
_MOST_IDLE = 10


class PastRounds:
    """The loss of the last round that had an update, and how many rounds in turn had none since."""

    def __init__(self) -> None:
        self.loss, self.idle = 0.0, 0
        self.refusal = "no client had an utterance"

    def note(self, mean: Aggregate) -> None:
        """Takes up a round. Raises TrainingError if too many in turn had no update."""
        if mean.examples:
            self.loss, self.idle = mean.loss / mean.examples, 0
            return
        self.idle += 1
        if self.idle == _MOST_IDLE:
            raise TrainingError(
                f"{_MOST_IDLE} rounds in turn had no update that could be added; the last one {self.refusal}; try "
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

    transport: to the clients; by default they work in this process.
    """

    def __init__(self, config: FedAqtConfig, corpus: Corpus, transport: Transport | None = None) -> None:
        self.config, self.corpus = config, corpus
        self.transport = transport or InProcess(corpus, config)
        seed_torch(f"{config.seed} weights")
        self.recogniser = Recogniser(config.conformer, config.bands, len(corpus.vocabulary))
        self.models = {"recogniser": self.recogniser}
        settings = OptimizerSettings(
            optimizer=config.used_optimizer,
            learning_rate=config.used_learning_rate,
            momentum=config.momentum,
            schedule=config.schedule,
            warmup=config.used_warmup,
            every="step",
        )
        self.optimizers = {"server": settings.build(self.recogniser, config.rounds)}
        self.past = PastRounds()
        self.limits = Limits(config.used_utterances, math.inf if config.max_norm is None else config.max_norm)
        self.state = {"rounds": self.past}
        self._warned = False

    def batches(self, epoch: int, first: int) -> Iterator[Drawn]:
        """The clients of each round."""
        every = self.config.evaluate_every
        for number in range(epoch * every + first, (epoch + 1) * every):
            yield self._draw(number)

    def share(self, batch: Drawn, process: int, processes: int) -> Drawn:
        """A round is not shared: it runs in a single process."""
        return batch

    def step(self, models: Mapping[str, nn.Module], batch: Drawn) -> Gradients:
        """A round: broadcast, work of clients, mean of their updates, relay."""
        config = self.config
        sent = self.sent()
        mean, refused, moved = AGGREGATES[config.aggregate](), 0, list[float]()
        for client, answer in self.transport.answers(sent, batch):
            if isinstance(answer, LocalModel):
                moved += answer.moved
                answer = pseudo_gradients(sent, answer)
            reason = refusal(answer, self.recogniser, self.limits)
            if reason is None:
                mean.add(clipped(answer, config.clip_update))
            else:
                refused += 1
                self.past.refusal = reason
                print(f"wrapmac: round {batch.number}: client {client} {reason}; refused", file=sys.stderr)
        self._warn(moved)
        self.past.note(mean)
        if mean.examples:
            relay = config.relay and config.algorithm == "fedsgd"
            set_gradients(self.recogniser, mean.means(), config.bits, config.scale_per, relay=relay)
        metrics: dict[str, float] = {
            "clients": len(batch.present) - refused,
            "absent": len(batch.absent),
            "refused": refused,
            "repeats": batch.attempt,
            "utterances": mean.examples,
        }
        if config.algorithm == "fedavg" and config.bits != FLOAT_BITS:
            metrics["moved"] = sum(moved) / max(1, len(moved))
        tensors = {name: torch.tensor(float(value)) for name, value in metrics.items()}
        return Gradients(torch.tensor(self.past.loss), tensors)

    def sent(self) -> Broadcast:
        """What clients get now."""
        return broadcast(self.recogniser, self.config.bits, self.config.scale_per)

    def validate(self) -> Mapping[str, float]:
        """Error rates on held-out utterances of the recogniser that clients get."""
        client = client_recogniser(self.sent(), self.config.conformer, self.config.bands)
        return error_rates(client, self.corpus.held_out, self.corpus.vocabulary)

    def _draw(self, number: int) -> Drawn:
        """The clients of a round; others if too few of them answer."""
        config, count = self.config, len(self.corpus.clients)
        for attempt in range(_MOST_ATTEMPTS):
            drawn = draw_clients(config.seed, number, attempt, count, config.clients_per_round, config.absent)
            if len(drawn.present) >= config.quorum * len(drawn.clients):
                return drawn
        raise TrainingError(
            f"round {number} had too few answers in {_MOST_ATTEMPTS} attempts; the last had {len(drawn.present)} of "
            f"{len(drawn.clients)}, and the quorum is {config.quorum:g}"
        )

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


def training_of(config: FedAqtConfig, corpus: Corpus) -> FederatedTraining:
    """The training that settings ask for."""
    return CentralTraining(config, corpus) if config.algorithm == "central" else FederatedTraining(config, corpus)
