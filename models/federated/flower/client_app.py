"""Flower's ClientApp: a client that answers broadcasts with what it computes of its own utterances."""

from collections.abc import Mapping
from typing import Any

from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp

from models.federated.flower.messages import answer_record, broadcast_of
from models.federated.flower.settings import CLIENT, ROUND, config_of, source_of
from models.federated.training.corpus import corpus_of, read_speech
from models.federated.training.features import Normalisation
from models.federated.training.transport import client_work

app = ClientApp()


@app.query()
def query(message: Message, context: Context) -> Message:
    """Tells the client's number."""
    number = int(str(context.node_config[CLIENT]))
    return Message(RecordDict({CLIENT: ConfigRecord({"number": number})}), reply_to=message)


@app.train()
def train(message: Message, context: Context) -> Message:
    """Takes part in a round."""
    config = config_of(context.run_config)
    facts: Mapping[str, Any] = dict(message.content[ROUND])
    source, normalisation = source_of(context.run_config), Normalisation(facts["mean"], facts["deviation"])
    corpus = corpus_of(read_speech(source), source, config, normalisation, lazy=True)  # it takes a few utterances
    client = int(str(context.node_config[CLIENT]))
    answer = client_work(broadcast_of(message.content), config, corpus, int(facts["number"]), client)
    return Message(answer_record(answer), reply_to=message)
