"""Sums of masked updates: exact with and without drop-outs, and told by nobody alone."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from models.federated.secure import client as client_module
from models.federated.secure.client import SecureClient
from models.federated.secure.masks import Sign, add_mask
from models.federated.secure.messages import Masked, Question, Revealed
from models.federated.secure.server import SecureSum

SHAPES = {"matrix": (3, 5), "bias": (7,)}


def numbers(seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    most = 2**31 // 8
    return {name: torch.randint(-most, most, shape, generator=generator).int() for name, shape in SHAPES.items()}


class Sum:
    """Clients 3, 5, 7, ... and their server, in one turn."""

    def __init__(self, count: int, turn: tuple[int, int] = (0, 0)) -> None:
        self.clients = {number: SecureClient(number) for number in range(3, 3 + 2 * count, 2)}
        self.peers = {number: one.public for number, one in self.clients.items()}
        self.turn = turn
        self.server = SecureSum(self.peers, SHAPES)

    def masked(self, number: int) -> Masked:
        return self.clients[number].masked(numbers(number), self.peers, self.turn)

    def add(self, clients: Iterable[int]) -> None:
        for number in clients:
            self.server.add(number, self.masked(number))

    def revealed(self) -> dict[int, Revealed]:
        questions = self.server.questions()
        return {number: self.clients[number].revealed(one, self.turn) for number, one in questions.items()}


def plain(clients: Iterable[int]) -> dict[str, Tensor]:
    found = {name: torch.zeros(shape, dtype=torch.int64) for name, shape in SHAPES.items()}
    for number in clients:
        for name, one in numbers(number).items():
            found[name] += one
    return found


@pytest.mark.parametrize(
    ("count", "present"),
    [
        (3, (3, 5, 7)),
        (4, (5, 7, 3)),
        (4, (9, 3, 7)),
        (6, (3, 5, 7, 9, 11, 13)),
        (6, (13, 5, 9, 7)),
        (7, (3, 7, 11, 15)),
    ],
)
def test_the_sum_is_that_of_those_who_stayed_to_the_last_bit(count: int, present: tuple[int, ...]) -> None:
    total = Sum(count)
    total.add(present)
    found = total.server.unmasked(total.revealed())
    assert all(torch.equal(found[name].long(), one) for name, one in plain(present).items())


def test_those_who_left_after_adding_do_not_matter_if_nobody_else_is_missing() -> None:
    total = Sum(5)
    total.add(total.clients)
    revealed = total.revealed()
    for number in (3, 9):
        del revealed[number]
    found = total.server.unmasked(revealed)
    assert all(torch.equal(found[name].long(), one) for name, one in plain(total.clients).items())


def test_sums_that_cannot_be_unmasked_are_refused() -> None:
    total = Sum(5)
    total.add((3, 5))
    with pytest.raises(ValueError, match="2 of 5 clients added to the sum; it takes 3"):
        total.server.questions()
    total.add((7, 9))
    revealed = total.revealed()
    del revealed[7]
    with pytest.raises(ValueError, match="client 7 did not tell the masks"):
        total.server.unmasked(revealed)
    everyone = Sum(5)
    everyone.add(everyone.clients)
    few = dict(list(everyone.revealed().items())[:2])
    with pytest.raises(ValueError, match="2 clients helped to unmask the sum; it takes 3"):
        everyone.server.unmasked(few)


def test_answers_with_other_secrets_are_refused() -> None:
    total = Sum(4)
    total.add((3, 5, 9))
    revealed = total.revealed()
    with pytest.raises(ValueError, match="client 5 told other secrets"):
        total.server.unmasked(revealed | {5: Revealed(revealed[5].shares, {})})


def test_a_masked_update_looks_random() -> None:
    """The bytes of the same update, masked in many turns, are uniform: chi-square with 255 degrees of freedom."""
    total = Sum(3)
    drawn = []
    for number in range(300):
        total.turn = (number, 0)
        drawn.append(total.masked(3).numbers["matrix"])
    counts = torch.bincount(torch.stack(drawn).flatten().view(torch.uint8).long(), minlength=256)
    mean = counts.sum() / 256
    assert ((counts - mean) ** 2 / mean).sum() < 255 + 6 * (2 * 255) ** 0.5
    assert not any(torch.equal(drawn[0], one) for one in drawn[1:])


def test_each_mask_hides_an_update_when_the_others_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    masks: list[tuple[bytes, Sign]] = []

    def noted(hidden: Mapping[str, Tensor], seed: bytes, sign: Sign) -> None:
        masks.append((seed, sign))
        add_mask(hidden, seed, sign)

    monkeypatch.setattr(client_module, "add_mask", noted)
    masked, plain_numbers = Sum(4).masked(3), numbers(3)
    assert len({seed for seed, _ in masks}) == 4  # its own, and one with each other client
    for left in (*masks, None):
        shown = {name: one.clone() for name, one in masked.numbers.items()}
        for seed, sign in masks:
            if left != (seed, sign):
                add_mask(shown, seed, -1 if sign == 1 else 1)
        same = [torch.equal(one, plain_numbers[name]) for name, one in shown.items()]
        assert all(same) if left is None else not any(same)


def test_a_client_answers_one_question_and_only_about_enough_clients() -> None:
    total = Sum(5)
    total.add((3, 5, 7))
    client, question = total.clients[3], total.server.questions()[3]

    def refused(asked: Question, turn: tuple[int, int], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            client.revealed(asked, turn)

    shares = question.shares
    refused(
        Question(frozenset({3, 5}), {3: shares[3], 5: shares[5]}), (0, 0), r"does not unmask a sum of clients \[3, 5\]"
    )
    refused(Question(frozenset({5, 7, 9}), shares), (0, 0), "does not unmask")
    refused(Question(frozenset({3, 5, 8}), shares), (0, 0), "does not unmask")
    refused(Question(question.survivors, {3: shares[3]}), (0, 0), "got shares of other clients")
    refused(question, (0, 1), "has nothing to tell about round 0, attempt 1")
    swapped = Question(question.survivors, {**shares, 5: shares[7], 7: shares[5]})
    refused(swapped, (0, 0), "a share was changed, or is another client's")
    client.revealed(question, (0, 0))
    refused(question, (0, 0), "has nothing to tell about round 0, attempt 0")


def test_a_turn_is_masked_once_and_with_keys_that_make_sense() -> None:
    total = Sum(3, (4, 1))
    client, peers, own = total.clients[3], total.peers, numbers(3)
    client.masked(own, peers, (4, 1))
    for turn in ((4, 1), (4, 0), (3, 9)):
        with pytest.raises(ValueError, match=r"was asked for round \d, attempt \d after 4, attempt 1"):
            client.masked(own, peers, turn)
    others: list[dict[int, Any]] = [
        {3: peers[3], 5: peers[5]},
        {5: peers[5], 7: peers[7], 9: SecureClient(9).public},
        {**peers, 3: peers[5], 5: peers[3]},
    ]
    for keys in others:
        with pytest.raises(ValueError, match="got the keys of a sum without it, or of fewer than 3 clients"):
            client.masked(own, keys, (5, 0))
    with pytest.raises(ValueError, match="got the same key twice"):
        client.masked(own, {**peers, 7: peers[5]}, (5, 0))
    with pytest.raises(ValueError, match="client 7 has a public key that"):
        client.masked(own, {**peers, 7: bytes(32)}, (5, 0))


def test_a_client_goes_on_where_its_state_was_kept() -> None:
    total = Sum(4)
    present = (3, 7, 9)
    total.add(present)
    total.clients = {number: SecureClient.from_state(one.state()) for number, one in total.clients.items()}
    found = total.server.unmasked(total.revealed())
    assert all(torch.equal(found[name].long(), one) for name, one in plain(present).items())
    with pytest.raises(ValueError, match="after 0, attempt 0"):
        total.masked(3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"numbers": {"matrix": torch.zeros(3, 5).int()}}, "lacks bias"),
        ({"numbers": {**numbers(0), "tail": torch.zeros(1).int()}}, "adds an unknown tail"),
        ({"numbers": {**numbers(0), "bias": torch.zeros(6).int()}}, r"has bias of torch.int32 and shape \(6,\)"),
        ({"numbers": {**numbers(0), "bias": torch.zeros(7)}}, "has bias of torch.float32"),
        ({"shares": {3: b""}}, "has no share of its mask for each client"),
    ],
)
def test_updates_that_do_not_fit_are_not_added(changed: dict[str, Any], message: str) -> None:
    total = Sum(4)
    masked = total.masked(3)
    fields = {"numbers": masked.numbers, "shares": masked.shares} | changed
    with pytest.raises(ValueError, match=message):
        total.server.add(3, Masked(**fields))
    total.add((5, 7, 9))
    assert total.server.questions().keys() == {5, 7, 9}
