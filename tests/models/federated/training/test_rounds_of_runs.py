"""Rounds as steps of the training loop: whose updates count, and what they lead to."""

import dataclasses
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from models.federated.averaging import LocalModel
from models.federated.broadcast import Broadcast
from models.federated.client import Update
from models.federated.linear import LowBitLinear
from models.federated.training.clients import Drawn
from models.federated.training.corpus import Corpus
from models.federated.training.method import FederatedTraining, training_of
from models.federated.training.transport import InProcess
from models.training.errors import TrainingError
from models.training.method import Gradients, Loss
from tests.support.federated import config, corpus


@pytest.fixture
def doubles() -> Iterator[Corpus]:
    """A corpus in float64, and nothing but float64 from then on."""
    made = corpus()
    torch.set_default_dtype(torch.float64)
    yield dataclasses.replace(made, features=[one.double() for one in made.features])
    torch.set_default_dtype(torch.float32)


def rounds(training: FederatedTraining, first: int, last: int) -> Iterator[Gradients | Loss]:
    """Takes steps with the rounds from `first` to before `last`."""
    every = training.config.evaluate_every
    for number in range(first, last):
        drawn = next(iter(training.batches(number // every, number % every)))
        for one in training.optimizers.values():
            one.optimizer.zero_grad()
        found = training.step(training.models, drawn)
        if isinstance(found, Loss):
            found.loss.backward()
        for one in training.optimizers.values():
            one.optimizer.step()
        yield found


def trained(made: Corpus, count: int, **settings: Any) -> FederatedTraining:
    training = training_of(config(dropout=0.0, optimizer="sgd", learning_rate=0.01, **settings), made)
    assert len(list(rounds(training, 0, count))) == count
    return training


def distance(one: FederatedTraining, other: FederatedTraining) -> float:
    others = dict(other.recogniser.named_parameters())
    return max(
        ((value - others[name]).norm() / others[name].norm()).item()
        for name, value in one.recogniser.named_parameters()
    )


@pytest.mark.parametrize("settings", [{"bits": 32}, {"bits": 8}, {"bits": 4}, {"bits": 8, "criterion": "transducer"}])
def test_fedsgd_is_training_in_one_place(doubles: Corpus, settings: dict[str, Any]) -> None:
    central = trained(doubles, 4, algorithm="central", **settings)
    assert distance(trained(doubles, 4, **settings), central) < 1e-9
    assert distance(trained(doubles, 0, **settings), central) > 1e-4


def test_without_relay_it_is_not(doubles: Corpus) -> None:
    central = trained(doubles, 4, bits=4, algorithm="central")
    assert distance(trained(doubles, 4, bits=4, relay=False), central) > 1e-6


def test_fedavg_of_one_client_is_its_model() -> None:
    settings = config(algorithm="fedavg", clients_per_round=1, local_steps=2, local_learning_rate=0.5)
    training = training_of(settings, corpus())
    returned: list[LocalModel] = []

    class Listening(InProcess):
        def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Any]]:
            for client, answer in super().answers(sent, drawn):
                returned.append(answer)
                yield client, answer

    training.reach(Listening(training.corpus, settings))
    before = training.sent()
    found = next(rounds(training, 0, 1))
    (answer,) = returned
    assert answer.examples == 3
    moved = dict(training.recogniser.named_parameters())
    start = training_of(settings, corpus()).recogniser.state_dict()
    for name, one in answer.model.low_bit.items():
        step = one.dequantized() - before.low_bit[name].dequantized()
        assert torch.allclose(moved[name] - start[name], step, atol=1e-6)
    assert 0 < found.metrics["moved"].item() <= 1


class Spoilt(InProcess):
    """Clients of which some send an update that is not finite."""

    def __init__(self, training: FederatedTraining, spoilt: set[int]) -> None:
        super().__init__(training.corpus, training.config)
        self.spoilt = spoilt

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Any]]:
        """Those of InProcess, with NaN in one tensor of some."""
        for client, answer in super().answers(sent, drawn):
            assert isinstance(answer, Update)
            gradients = dict(answer.gradients)
            if client in self.spoilt:
                gradients["head.bias"] = gradients["head.bias"] * torch.nan
            yield client, dataclasses.replace(answer, gradients=gradients)


class Answering(InProcess):
    """Clients whose models are changed on the way."""

    def __init__(self, training: FederatedTraining, change: Callable[[LocalModel], LocalModel]) -> None:
        super().__init__(training.corpus, training.config)
        self.change = change

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Any]]:
        """Those of InProcess, changed."""
        for client, answer in super().answers(sent, drawn):
            assert isinstance(answer, LocalModel)
            yield client, self.change(answer)


def with_float(name: str, value: torch.Tensor) -> Callable[[LocalModel], LocalModel]:
    return lambda answer: dataclasses.replace(
        answer, model=Broadcast(answer.model.low_bit, {**answer.model.floats, name: value})
    )


def with_weight(**changed: Any) -> Callable[[LocalModel], LocalModel]:
    def change(answer: LocalModel) -> LocalModel:
        name, weight = next(iter(answer.model.low_bit.items()))
        low_bit = {**answer.model.low_bit, name: dataclasses.replace(weight, **changed)}
        return dataclasses.replace(answer, model=Broadcast(low_bit, answer.model.floats))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_float("tail", torch.ones(2)), "has tail, which is no part of the model"),
        (with_float("head.bias", torch.ones(1)), "has head.bias of shape (1,)"),
        (with_float("head.bias", torch.full((8,), torch.nan)), "has head.bias with 8 values that are not finite"),
        (with_weight(scale=torch.zeros(1)), "scales that are not above 0"),
        (with_weight(stored=torch.zeros(3, dtype=torch.int8)), "numbers of torch.int8; expected are"),
        (with_weight(stored=torch.full((576,), -128, dtype=torch.int8)), "integers beyond 127"),
        (with_weight(bits=4), "of 4 bits"),
    ],
)
def test_models_that_do_not_fit_are_refused(
    change: Callable[[LocalModel], LocalModel], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    training = training_of(config(algorithm="fedavg"), corpus())
    training.reach(Answering(training, change))
    (result,) = rounds(training, 0, 1)
    assert (result.metrics["refused"], result.metrics["clients"]) == (2, 0)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("bits", [8, 32])
def test_a_client_that_diverges_is_refused(bits: int, capsys: pytest.CaptureFixture[str]) -> None:
    training = training_of(config(algorithm="fedavg", bits=bits, local_learning_rate=1e38), corpus())
    (result,) = rounds(training, 0, 1)
    assert result.metrics["refused"] == 2
    assert capsys.readouterr().err.count("refused") == 2


def test_a_clients_model_ends_with_its_work() -> None:
    gc.collect()
    gc.disable()
    try:
        training = training_of(config(checkpointing=True), corpus())
        sent = training.sent()
        for _ in InProcess(training.corpus, training.config).answers(sent, next(iter(training.batches(0, 0)))):
            assert not any(type(one) is LowBitLinear for one in gc.get_objects())
    finally:
        gc.enable()


def test_a_median_bears_what_a_mean_does_not() -> None:
    found = {}
    for aggregate in ("mean", "median"):
        training = training_of(config(aggregate=aggregate, clients_per_round=3, optimizer="sgd"), corpus())
        training.reach(Enlarged(training, 1e6))
        next(rounds(training, 0, 1))
        found[aggregate] = max(one.abs().max().item() for one in training.recogniser.parameters())
    assert found["median"] < 100 < found["mean"]


class Enlarged(InProcess):
    """Clients of which the first sends far too much."""

    def __init__(self, training: FederatedTraining, factor: float) -> None:
        super().__init__(training.corpus, training.config)
        self.factor = factor

    def answers(self, sent: Broadcast, drawn: Drawn) -> Iterator[tuple[int, Any]]:
        """Those of InProcess, the first one enlarged."""
        for client, answer in super().answers(sent, drawn):
            assert isinstance(answer, Update)
            factor = self.factor if client == drawn.clients[0] else 1.0
            yield client, dataclasses.replace(answer, gradients={n: factor * g for n, g in answer.gradients.items()})


def test_a_client_that_sends_nan_is_refused_and_the_others_count(capsys: pytest.CaptureFixture[str]) -> None:
    training, alone = training_of(config(), corpus()), training_of(config(), corpus())
    drawn = next(iter(training.batches(0, 0)))
    bad, good = drawn.clients
    training.reach(Spoilt(training, {bad}))
    result = training.step(training.models, drawn)
    alone.step(alone.models, dataclasses.replace(drawn, absent=frozenset({bad})))
    assert (result.metrics["refused"], result.metrics["clients"]) == (1, 1)
    for one, other in zip(training.recogniser.parameters(), alone.recogniser.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)  # type: ignore[arg-type]
    assert f"round 0: client {bad} has head.bias with" in capsys.readouterr().err
    assert good != bad


def test_a_round_without_an_update_leaves_the_model() -> None:
    training = training_of(config(), corpus())
    training.reach(Spoilt(training, set(range(4))))
    before = {name: one.clone() for name, one in training.recogniser.state_dict().items()}
    (result,) = rounds(training, 0, 1)
    assert (result.metrics["refused"], result.metrics["utterances"]) == (2, 0)
    assert all(torch.equal(one, before[name]) for name, one in training.recogniser.state_dict().items())


def test_a_run_without_updates_ends_clearly() -> None:
    training = training_of(config(rounds=20, evaluate_every=20), corpus())
    next(rounds(training, 0, 1))
    training.reach(Spoilt(training, set(range(4))))
    seen = []
    with pytest.raises(TrainingError, match=r"10 rounds in a row had no update .* client \d has head.bias with"):
        seen += [one.loss.item() for one in rounds(training, 1, 20)]
    assert training.past.idle == 10
    assert training.past.loss > 0


def test_the_order_in_which_clients_are_asked_does_not_matter() -> None:
    training, other = training_of(config(), corpus()), training_of(config(), corpus())
    drawn = next(iter(training.batches(0, 0)))
    sent = training.sent()
    found = dict(InProcess(training.corpus, training.config).answers(sent, drawn))
    upside_down = dataclasses.replace(drawn, clients=drawn.clients[::-1])
    backwards = dict(InProcess(other.corpus, other.config).answers(sent, upside_down))
    for client, answer in found.items():
        again = backwards[client]
        assert isinstance(answer, Update)
        assert isinstance(again, Update)
        assert all(torch.equal(one, again.gradients[name]) for name, one in answer.gradients.items())


def test_a_round_below_the_quorum_is_repeated_with_others() -> None:
    training = training_of(config(clients_per_round=3, absent=0.5, quorum=0.6, rounds=20, evaluate_every=20), corpus())
    found = [{name: int(one.item()) for name, one in result.metrics.items()} for result in rounds(training, 0, 20)]
    assert {one["repeats"] for one in found} >= {0, 1}
    assert {one["clients"] for one in found} == {2, 3}
    assert all(one["clients"] + one["absent"] == 3 for one in found)


def test_a_quorum_that_is_never_reached_ends_the_run_clearly() -> None:
    training = training_of(config(absent=0.999, quorum=1.0), corpus())
    with pytest.raises(TrainingError, match="round 0 had too few answers in 10 attempts; the last had 0 of 2"):
        list(rounds(training, 0, 1))


def test_steps_that_move_no_code_are_warned_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    training = training_of(config(algorithm="fedavg", bits=4, local_learning_rate=1e-6), corpus())
    assert [one.metrics["moved"].item() for one in rounds(training, 0, 2)] == [0, 0]
    assert capsys.readouterr().err.count("moved no code") == 1
