"""Flower's ClientApp: a client that answers broadcasts with what it computes of its own utterances."""

from collections.abc import Mapping
from typing import Any

from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp

from models.federated.broadcast import Broadcast
from models.federated.flower.messages import answer_record, broadcast_of
from models.federated.flower.secure_messages import (
    masked_record,
    peers_of,
    question_of,
    revealed_record,
)
from models.federated.flower.settings import CLIENT, KEY, REVEAL, ROUND, config_of, source_of
from models.federated.secure.client import SecureClient
from models.federated.secure.messages import Turn
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import corpus_of, read_speech
from models.federated.training.features import Normalisation
from models.federated.training.secure_gathering import masked_answer
from models.federated.training.transport import Answer, client_work
from models.federated.transcription.vocabulary import Vocabulary

app = ClientApp()

_SECURE, _STATE = "secure", "state"


@app.query()
def query(message: Message, context: Context) -> Message:
    """Tells the client's number and, if its updates are to be masked, a public key."""
    facts: dict[str, Any] = {"number": client_of(context)}
    if config_of(context.run_config).secure:
        client = SecureClient(client_of(context))
        facts[KEY] = client.public
        _keep(client, context)
    return Message(RecordDict({CLIENT: ConfigRecord(facts)}), reply_to=message)


@app.train()
def train(message: Message, context: Context) -> Message:
    """Takes part in a round."""
    config, sent = config_of(context.run_config), broadcast_of(message.content)
    return answered(message, context, config, sent, work(message, context, config, sent))


@app.query(REVEAL)
def reveal(message: Message, context: Context) -> Message:
    """Helps to unmask the sum of a round's updates."""
    client = _kept(context)
    revealed = client.revealed(question_of(message.content), _turn(message))
    _keep(client, context)
    return Message(revealed_record(revealed), reply_to=message)


def client_of(context: Context) -> int:
    """The client's number."""
    return int(str(context.node_config[CLIENT]))


def work(message: Message, context: Context, config: FedAqtConfig, sent: Broadcast) -> Answer:
    """What the client computes in a round."""
    facts: Mapping[str, Any] = dict(message.content[ROUND])
    source, normalisation = source_of(context.run_config), Normalisation(facts["mean"], facts["deviation"])
    vocabulary = Vocabulary(config.tokens, tuple(facts["tokens"]), bytes(facts["model"]))
    speech = read_speech(source)
    corpus = corpus_of(speech, source, config, normalisation, vocabulary, lazy=True)  # it takes a few utterances
    return client_work(sent, config, corpus, int(facts["number"]), client_of(context))


def answered(message: Message, context: Context, config: FedAqtConfig, sent: Broadcast, answer: Answer) -> Message:
    """The reply with a client's answer, masked if the settings say so."""
    if not config.secure:
        return Message(answer_record(answer), reply_to=message)
    client = _kept(context)
    masked = masked_answer(answer, sent, config, client, peers_of(message.content), _turn(message))
    _keep(client, context)
    return Message(masked_record(masked), reply_to=message)


def _turn(message: Message) -> Turn:
    facts: Mapping[str, Any] = dict(message.content[ROUND])
    return int(facts["number"]), int(facts["attempt"])


def _kept(context: Context) -> SecureClient:
    """The client with its key, which lasts as long as the SuperNode takes part in the run."""
    facts: Mapping[str, Any] = dict(context.state[_SECURE])
    return SecureClient.from_state(bytes(facts[_STATE]))


def _keep(client: SecureClient, context: Context) -> None:
    context.state[_SECURE] = ConfigRecord({_STATE: client.state()})
