"""Memory grows neither with rounds nor with clients, in a process of its own."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
from models.data.speech.tone_words import tone_words
from models.federated.training.corpus import corpus_of
from models.federated.training.method import training_of
from models.federated.training.sources import SpeechSource
from tests.support.federated import config

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

few, many = int(sys.argv[1]), int(sys.argv[2])
settings = config(clients_per_round=few, client_batch=1, rounds=many, evaluate_every=many, **json.loads(sys.argv[3]))
source = SpeechSource(client_size=1)
training = training_of(settings, corpus_of(tone_words(400, 4, voices=3, most=1), source, settings))
found = []
for number in range(many):
    drawn = next(iter(training.batches(0, number)))
    training.step(training.models, drawn)
    found.append(resident())
print(json.dumps(found))
"""


def resident(clients: int, rounds: int, **settings: object) -> list[int]:
    """Pages in memory after each round."""
    command = [sys.executable, "-c", SCRIPT, str(clients), str(rounds), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [int(one) for one in json.loads(done.stdout)]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"algorithm": "fedavg"}, {"secure": True, "clip_update": 9.0}])
def test_fifty_rounds_take_no_more_memory_than_ten(settings: dict[str, object]) -> None:
    found = resident(4, 50, **settings)
    assert max(found) < 1.02 * found[9]


@pytest.mark.slow
def test_a_hundred_clients_take_no_more_memory_than_three() -> None:
    assert max(resident(100, 2)) < 1.02 * max(resident(3, 10))
