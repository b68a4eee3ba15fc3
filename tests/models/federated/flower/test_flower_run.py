"""A real run over Flower, on loopback with TLS: one client sends NaN, one SuperNode is killed in mid-round."""

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


class Survivors(InProcess):
    """The clients whose updates count in the other run."""

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Answer]]:
        """Those of InProcess, without the spoilt one, and without the killed one after the first round."""
        for client, answer in super().answers(sent, drawn):
            if client != SPOILT and not (client == KILLED and drawn.number):
                yield client, answer


@pytest.mark.slow
def test_a_run_bears_a_killed_super_node_and_a_client_that_sends_nan(tmp_path: Path) -> None:
    app = "tests.support.flower_clients:app"
    with Progress(quiet=True) as progress:
        over = run_over_flower(CONFIG, SOURCE, tmp_path / "over", progress, deadline=DEADLINE, client_app=app)
        AcceleratorState._reset_state(reset_partial_state=True)
        speech = tone_words(SOURCE.utterances, SOURCE.held_out)
        run_fedaqt(
            CONFIG,
            speech,
            SOURCE,
            tmp_path / "here",
            progress,
            transport=lambda corpus: Survivors(corpus, CONFIG),
        )
    lines = [json.loads(line) for line in (tmp_path / "over" / "metrics.jsonl").read_text().splitlines()]
    assert [(one["clients"], one["refused"], one["absent"]) for one in lines] == [(2, 1, 0), (1, 1, 1)]
    assert over["last"]["refused"] == 1
    found, expected = (load_file(tmp_path / name / "model.safetensors") for name in ("over", "here"))
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        torch.testing.assert_close(found[name], one, rtol=1e-6, atol=1e-6)


def test_what_flower_cannot_do_is_refused(command: Command, tmp_path: Path) -> None:
    run = ["train", "fedaqt", "--engine", "flower", "--out", "run"]
    assert_refused(command(*run), "300 clients are too many processes", tmp_path)
    assert_refused(command(*run, "--deadline", "0"), "deadline is 0", tmp_path)
    assert_refused(command(*run, "--algorithm", "central"), "algorithm is central", tmp_path)
    assert_refused(command(*run, "--initial", "x"), "--initial is not for --engine flower", tmp_path)
