"""Clients of a real Flower run of which one sends NaN, and one kills its SuperNode in the second round."""

import os
import signal
from collections.abc import Mapping
from typing import Any

import torch
from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from models.federated.client import Update
from models.federated.flower import client_app
from models.federated.flower.messages import answer_of, answer_record
from models.federated.flower.settings import CLIENT, ROUND

SPOILT, KILLED = 1, 2

app = ClientApp()
app.query()(client_app.query)


@app.train()
def train(message: Message, context: Context) -> Message:
    """Like a client's, but for the faults."""
    client = int(str(context.node_config[CLIENT]))
    facts: Mapping[str, Any] = dict(message.content[ROUND])
    if client == KILLED and int(facts["number"]) > 0:
        for one in _super_nodes():
            os.kill(one, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    reply = client_app.train(message, context)
    if client != SPOILT:
        return reply
    answer = answer_of(reply.content)
    assert isinstance(answer, Update)
    gradients = {name: one * torch.nan for name, one in answer.gradients.items()}
    return Message(answer_record(Update(gradients, answer.examples, answer.loss)), reply_to=message)


def _super_nodes() -> list[int]:
    """The processes above this one, up to the SuperNode."""
    found, process = [], os.getppid()
    while process > 1:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            command = file.read()
        if b"flower-super" not in command:
            break
        found.append(process)
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            process = int(file.read().rpartition(")")[2].split()[1])
    return found
