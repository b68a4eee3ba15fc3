"""Clients of a real Flower run of which one comes to NaN, one kills its SuperNode, and one may kill the server."""

import dataclasses
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from models.federated.client import Update
from models.federated.flower import client_app
from models.federated.flower.messages import broadcast_of
from models.federated.flower.settings import REVEAL, ROUND, SERVER, config_of, further_of

KILLER, SPOILT, KILLED = 0, 1, 2

app = ClientApp()
app.query()(client_app.query)
app.query(REVEAL)(client_app.reveal)


@app.train()
def train(message: Message, context: Context) -> Message:
    """Like a client's, but for the faults.

    With secure sums, NaN comes in the first round alone, and the server is killed in the second, once: they bear one
    fault at a time.
    """
    client, config = client_app.client_of(context), config_of(context.run_config)
    facts: Mapping[str, Any] = dict(message.content[ROUND])
    later = int(facts["number"]) > 0
    if client == KILLER and later and config.secure:
        _kill_server(Path(further_of(context.run_config)["out"]) / "flower")
    if client == KILLED and later:
        for one in _super_nodes():
            os.kill(one, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    sent = broadcast_of(message.content)
    answer = client_app.work(message, context, config, sent)
    if client == SPOILT and not (later and config.secure):
        assert isinstance(answer, Update)
        answer = dataclasses.replace(
            answer, gradients={name: one * torch.nan for name, one in answer.gradients.items()}
        )
    return client_app.answered(message, context, config, sent, answer)


def _kill_server(folder: Path) -> None:
    """Kills the server's process, the first time."""
    mark = folder / "killed"
    if not mark.exists():
        mark.touch()
        os.kill(int((folder / SERVER).read_text()), signal.SIGKILL)


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
