"""How a server reaches its clients."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from models.federated.averaging import LocalModel, LocalSettings, train_locally
from models.federated.broadcast import Broadcast
from models.federated.client import Update, gradients_of
from models.federated.recogniser import SpeechBatch, speech_batch
from models.federated.training.clients import Drawn, draw_utterances
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import Corpus
from models.training.seeds import seed_torch

Answer = Update | LocalModel


class Transport(Protocol):
    """Takes a broadcast to clients, and their answers back."""

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Answer]]:
        """The answers of the clients that are there, one at a time in the order of their numbers."""


class InProcess:
    """Clients that work one after another in this process, through one model at a time."""

    def __init__(self, corpus: Corpus, config: FedAqtConfig) -> None:
        self.corpus, self.config = corpus, config

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Answer]]:
        """See Transport."""
        for client in drawn.present:
            yield client, client_work(sent, self.config, self.corpus, drawn.number, client)


def client_batches(corpus: Corpus, config: FedAqtConfig, number: int, client: int) -> Iterator[SpeechBatch]:
    """What a client trains on in round `number`: one batch, or several with fedavg."""
    chosen = draw_utterances(config.seed, number, client, corpus.clients[client], config.used_utterances)
    for first in range(0, len(chosen), config.client_batch):
        yield batch_of(corpus, chosen[first : first + config.client_batch])


def batch_of(corpus: Corpus, chosen: Iterable[int]) -> SpeechBatch:
    """Training utterances, by number, as a batch."""
    places = list(chosen)
    return speech_batch([corpus.features[one] for one in places], [corpus.transcripts[one] for one in places])


def client_work(sent: Broadcast, config: FedAqtConfig, corpus: Corpus, number: int, client: int) -> Answer:
    """A client's part in round `number`. Its random numbers are a function of seed, round and client."""
    key = f"{config.seed} {number} {client}"
    seed_torch(key)
    device = sent.floats[next(iter(sent.floats))].device
    batches = (batch.to(device) for batch in client_batches(corpus, config, number, client))
    if config.algorithm == "fedavg":
        local = LocalSettings(
            learning_rate=config.local_learning_rate, scale_per=config.scale_per, rounding=config.rounding
        )
        return train_locally(sent, config.conformer, config.bands, batches, local, key)
    return gradients_of(sent, config.conformer, config.bands, next(batches))
