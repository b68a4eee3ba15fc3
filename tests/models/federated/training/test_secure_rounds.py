"""Rounds whose server sees nothing but sums."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch

from models.federated.broadcast import Broadcast
from models.federated.secure.messages import Declined, Masked, PublicKeys, Question, Revealed
from models.federated.training import secure_gathering
from models.federated.training.clients import Drawn, draw_clients
from models.federated.training.config import FedAqtConfig
from models.federated.training.method import FederatedTraining, training_of
from models.federated.training.secure_gathering import SecureInProcess
from models.federated.training.transport import Answer, client_work
from models.training.errors import TrainingError
from models.training.method import Gradients
from tests.support.commands import Command, assert_refused
from tests.support.federated import config, corpus

NORM = 20.0


def secure(**changed: Any) -> FedAqtConfig:
    return config(**{"secure": True, "clip_update": NORM, "clients_per_round": 4, "quorum": 0.3} | changed)


def step(training: FederatedTraining, number: int = 0) -> Gradients:
    drawn = next(iter(training.batches(number // 2, number % 2)))
    result = training.step(training.models, drawn)
    assert isinstance(result, Gradients)
    return result


def gradients(training: FederatedTraining) -> dict[str, torch.Tensor]:
    return {name: one.grad for name, one in training.recogniser.named_parameters() if one.grad is not None}


def distance(one: FederatedTraining, other: FederatedTraining) -> float:
    """Of all gradients together, relative: some are 0 but for rounding."""
    first, second = (torch.cat([value.flatten() for value in gradients(each).values()]) for each in (one, other))
    return ((first - second).norm() / second.norm()).item()


ONE_AWAY = next(seed for seed in range(100) if len(draw_clients(seed, 0, 0, 4, 4, 0.4).absent) == 1)


@pytest.mark.parametrize("absent", [0.0, 0.4])
@pytest.mark.parametrize("settings", [{}, {"bits": 4}, {"algorithm": "fedavg", "local_steps": 2, "clip_update": 2.0}])
def test_secure_rounds_are_open_ones(settings: dict[str, Any], absent: float) -> None:
    masked, seen = (
        training_of(secure(absent=absent, secure=kind, seed=ONE_AWAY, **settings), corpus()) for kind in (True, False)
    )
    result, expected = step(masked), step(seen)
    assert expected.metrics["absent"] == (absent > 0)
    assert distance(masked, seen) < 1e-6
    assert result.loss.item() == pytest.approx(expected.loss.item(), abs=1e-4)
    for name in ("clients", "absent", "refused", "repeats", "utterances"):
        assert result.metrics[name] == expected.metrics[name]
    if "moved" in expected.metrics:
        assert result.metrics["moved"].item() == pytest.approx(expected.metrics["moved"].item(), abs=1e-6)


class Listening(SecureInProcess):
    """Clients whose answers are kept."""

    heard: list[Masked]

    def masked(self, sent: Broadcast, drawn: Drawn, peers: PublicKeys) -> Iterator[tuple[int, Masked | Declined]]:
        """Those of SecureInProcess."""
        self.heard = []
        for client, answer in super().masked(sent, drawn, peers):
            assert isinstance(answer, Masked)
            self.heard.append(answer)
            yield client, answer


def test_masks_differ_from_run_to_run_and_gradients_do_not() -> None:
    found, heard = [], []
    for _ in range(2):
        training = training_of(secure(), corpus())
        listening = Listening(training.corpus, training.config)
        training.reach(listening)
        step(training)
        found.append(gradients(training))
        heard.append(listening.heard)
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())
    for one, other in zip(*heard, strict=True):
        assert not any(torch.equal(value, other.numbers[name]) for name, value in one.numbers.items())


class Late(SecureInProcess):
    """Clients of which one is late in first attempts."""

    asked = 0

    def masked(self, sent: Broadcast, drawn: Drawn, peers: PublicKeys) -> Iterator[tuple[int, Masked | Declined]]:
        """Those of SecureInProcess, without the first in first attempts."""
        for client, answer in super().masked(sent, drawn, peers):
            if drawn.attempt or client != drawn.clients[0]:
                yield client, answer

    def revealed(self, drawn: Drawn, questions: Mapping[int, Question]) -> Iterator[tuple[int, Revealed]]:
        """Those of SecureInProcess, counted."""
        self.asked += 1
        return super().revealed(drawn, questions)


def test_the_sum_of_an_attempt_below_the_quorum_is_not_unmasked() -> None:
    """It would tell, with the next attempt's, the update of the client that was late."""
    training = training_of(secure(quorum=0.9), corpus())
    late = Late(training.corpus, training.config)
    training.reach(late)
    assert step(training).metrics["repeats"] == 1
    assert late.asked == 1


def test_clients_that_all_decline_leave_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    training = training_of(secure(), corpus())
    monkeypatch.setattr(secure_gathering, "not_finite", lambda _: "has a loss of nan")
    result = step(training)
    assert (result.metrics["refused"], result.metrics["clients"], result.metrics["repeats"]) == (4, 0, 0)
    assert not gradients(training)


def test_three_clients_take_all_three() -> None:
    settings = secure(clients_per_round=3, quorum=0.1, absent=0.2, seed=1, rounds=9, evaluate_every=9)
    training = training_of(settings, corpus())
    for drawn in training.batches(0, 0):
        result = training.step(training.models, drawn)
        assert isinstance(result, Gradients)
        assert result.metrics["clients"] == 3


def test_secure_steps_in_floats_do_not_warn_of_codes(capsys: pytest.CaptureFixture[str]) -> None:
    result = step(training_of(secure(algorithm="fedavg", bits=32, local_steps=1), corpus()))
    assert "moved" not in result.metrics
    assert "moved no code" not in capsys.readouterr().err


def test_larger_updates_are_clipped_by_their_clients() -> None:
    masked, seen = (training_of(secure(clip_update=0.1, secure=kind), corpus()) for kind in (True, False))
    step(masked), step(seen)
    assert distance(masked, seen) < 1e-6


def test_a_client_that_comes_to_nan_declines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    training, alone = training_of(secure(), corpus()), training_of(secure(secure=False), corpus())
    drawn = next(iter(training.batches(0, 0)))
    bad = drawn.clients[1]

    def spoilt(sent: Broadcast, settings: FedAqtConfig, data: Any, number: int, client: int) -> Answer:
        answer = client_work(sent, settings, data, number, client)
        return dataclasses.replace(answer, loss=torch.nan) if client == bad else answer

    monkeypatch.setattr(secure_gathering, "client_work", spoilt)
    result = training.step(training.models, drawn)
    alone.step(alone.models, dataclasses.replace(drawn, absent=frozenset({bad})))
    assert isinstance(result, Gradients)
    assert (result.metrics["refused"], result.metrics["clients"]) == (1, 3)
    assert distance(training, alone) < 1e-6
    assert f"round 0: client {bad} has a loss of nan; refused" in capsys.readouterr().err


class Leaving(SecureInProcess):
    """Clients of which one leaves before the sums of first attempts are unmasked."""

    def revealed(self, drawn: Drawn, questions: Mapping[int, Question]) -> Iterator[tuple[int, Revealed]]:
        """Those of SecureInProcess, without the first in first attempts."""
        for client, answer in super().revealed(drawn, questions):
            if drawn.attempt or client != min(questions):
                yield client, answer


def test_a_sum_that_cannot_be_unmasked_is_tried_again() -> None:
    settings = secure(absent=0.3, seed=3)
    training = training_of(settings, corpus())
    drawn = next(one for one in training.batches(0, 0) if one.absent and len(one.present) > 2)
    training.reach(Leaving(training.corpus, settings))
    result = training.step(training.models, drawn)
    assert isinstance(result, Gradients)
    assert result.metrics["repeats"] >= 1


class Silent(SecureInProcess):
    """Clients that do not help to unmask sums."""

    def revealed(self, drawn: Drawn, questions: Mapping[int, Question]) -> Iterator[tuple[int, Revealed]]:
        """None."""
        yield from ()


def test_sums_that_are_never_unmasked_end_the_run_clearly() -> None:
    training = training_of(secure(), corpus())
    training.reach(Silent(training.corpus, training.config))
    with pytest.raises(TrainingError, match="could not be added up in 10 attempts; in the last, 0 clients helped"):
        step(training)


class Forging(SecureInProcess):
    """Clients of which the first adds far more than it may."""

    def masked(self, sent: Broadcast, drawn: Drawn, peers: PublicKeys) -> Iterator[tuple[int, Masked | Declined]]:
        """Those of SecureInProcess, the first with a larger number in one place."""
        for client, answer in super().masked(sent, drawn, peers):
            if client == drawn.clients[0] and isinstance(answer, Masked):
                answer.numbers["head.weight"].add_(2**30)
            yield client, answer


def test_a_sum_beyond_what_clients_may_add_leaves_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    training = training_of(secure(), corpus())
    training.reach(Forging(training.corpus, training.config))
    result = step(training)
    assert (result.metrics["refused"], result.metrics["clients"], result.metrics["utterances"]) == (4, 0, 0)
    assert not gradients(training)
    assert "round 0: the sum has a norm of" in capsys.readouterr().err


def test_settings_that_do_not_go_with_secure_sums_are_refused(command: Command, tmp_path: Any) -> None:
    run = ["train", "fedaqt", "--secure", "--out", "run"]
    assert_refused(command(*run), "secure needs clip_update", tmp_path)
    for more, message in (
        (["--clip-update", "0"], "clip_update is 0"),
        (["--clip-update", "1", "--max-norm", "2"], "max_norm cannot go with secure"),
        (["--clip-update", "1", "--aggregate", "median"], "aggregate is median; secure allows mean alone"),
        (["--clip-update", "1", "--clients-per-round", "2"], "clients_per_round is 2; secure needs 3 and more"),
        (["--clip-update", "1", "--algorithm", "central"], "is for fedsgd and fedavg, not for central"),
        (["--clip-update", "1", "--client-size", "2000"], "there are 2 clients; a secure sum needs 3"),
    ):
        assert_refused(command(*run, *more), message, tmp_path)
