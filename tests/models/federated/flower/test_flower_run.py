"""Real runs over Flower, on loopback with TLS: a client sends NaN, a SuperNode and the server are killed."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

from models.data.speech.tone_words import tone_words
from models.federated.broadcast import Broadcast
from models.federated.flower.engine import run_over_flower
from models.federated.training.clients import Drawn
from models.federated.training.config import FedAqtConfig
from models.federated.training.run import run_fedaqt
from models.federated.training.sources import SpeechSource
from models.federated.training.transport import Answer, InProcess
from models.progress import Progress
from tests.support.commands import Command, assert_refused
from tests.support.flower_clients import KILLED, SPOILT

SOURCE = SpeechSource(utterances=12, held_out=4, client_size=4)
CONFIG = FedAqtConfig(bands=8, rounds=2, clients_per_round=3, client_batch=2, evaluate_every=1, quorum=0.3)
DEADLINE = 240.0
APP = "tests.support.flower_clients:app"


class Survivors(InProcess):
    """The clients whose updates count in the other run."""

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Answer]]:
        """Those of InProcess, without the spoilt one, and without the killed one after the first round."""
        for client, answer in super().answers(sent, drawn):
            later = drawn.number > 0
            spoilt = client == SPOILT and not (later and self.config.clip_update)
            if not spoilt and not (client == KILLED and later):
                yield client, answer


def trained_here(config: FedAqtConfig, source: SpeechSource, folder: Path) -> None:
    """The run of the survivors, in this process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    speech = tone_words(source.utterances, source.held_out)
    with Progress(quiet=True) as progress:
        run_fedaqt(config, speech, source, folder, progress, transport=lambda corpus: Survivors(corpus, config))


def assert_same_weights(one: Path, other: Path) -> None:
    found, expected = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-6, atol=1e-6)


def counted(folder: Path) -> list[tuple[int, int, int]]:
    """Clients, refused and absent ones of each round."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [(one["clients"], one["refused"], one["absent"]) for one in lines]


@pytest.mark.slow
def test_a_run_bears_a_killed_super_node_and_a_client_that_sends_nan(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        over = run_over_flower(CONFIG, SOURCE, tmp_path / "over", progress, deadline=DEADLINE, client_app=APP)
    trained_here(CONFIG, SOURCE, tmp_path / "here")
    assert counted(tmp_path / "over") == [(2, 1, 0), (1, 1, 1)]
    assert over["last"]["refused"] == 1
    assert_same_weights(tmp_path / "over", tmp_path / "here")


@pytest.mark.slow
def test_secure_sums_bear_that_and_a_killed_server_too(tmp_path: Path) -> None:
    source = dataclasses.replace(SOURCE, utterances=16)
    secure = dataclasses.replace(CONFIG, clients_per_round=4, secure=True, clip_update=20.0, optimizer="sgd")

    def run(resume: bool) -> None:
        with Progress(quiet=True) as progress:
            run_over_flower(
                secure, source, tmp_path / "over", progress, deadline=DEADLINE, resume=resume, client_app=APP
            )

    with pytest.raises(ValueError, match=r"the server's process was killed; see .*; --resume goes on with the run"):
        run(resume=False)
    assert counted(tmp_path / "over") == [(3, 1, 0)]
    run(resume=True)
    assert counted(tmp_path / "over") == [(3, 1, 0), (3, 0, 1)]
    trained_here(dataclasses.replace(secure, secure=False), source, tmp_path / "here")
    assert_same_weights(tmp_path / "over", tmp_path / "here")


def test_what_flower_cannot_do_is_refused(command: Command, tmp_path: Path) -> None:
    run = ["train", "fedaqt", "--engine", "flower", "--out", "run"]
    assert_refused(command(*run), "300 clients are too many processes", tmp_path)
    assert_refused(command(*run, "--deadline", "0"), "deadline is 0", tmp_path)
    assert_refused(command(*run, "--algorithm", "central"), "algorithm is central", tmp_path)
    assert_refused(command(*run, "--initial", "x"), "--initial is not for --engine flower", tmp_path)
