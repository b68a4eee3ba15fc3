"""Who holds which utterances, and who is drawn."""

from collections import Counter

import pytest

from models.federated.training.clients import client_parts, draw_clients, draw_utterances
from tests.support.federated import speech


def test_every_utterance_has_one_client() -> None:
    utterances = speech().train
    for kind in ("speaker", "iid"):
        parts = client_parts(utterances, kind, 5, 0)  # type: ignore[arg-type]
        assert sorted(one for part in parts for one in part) == list(range(len(utterances)))
    assert [len(part) for part in client_parts(utterances, "iid", 5, 0)] == [5, 5, 2]
    speakers = client_parts(utterances, "speaker", 5, 0)
    assert [{utterances[one].speaker for one in part} for part in speakers] == [{"voice 0"}, {"voice 1"}, {"voice 2"}]
    with pytest.raises(ValueError, match="client_size is 0"):
        client_parts(utterances, "iid", 0, 0)


def test_clients_and_utterances_are_drawn_evenly_and_without_repeats() -> None:
    rounds = 3000
    drawn = [draw_clients(1, number, 0, 6, 3, 0.25) for number in range(rounds)]
    counts = Counter(client for one in drawn for client in one.clients)
    assert all(len(set(one.clients)) == 3 and list(one.clients) == sorted(one.clients) for one in drawn)
    assert all(abs(count - rounds / 2) < 5 * (rounds / 4) ** 0.5 for count in counts.values())
    away = sum(len(one.absent) for one in drawn)
    assert abs(away - 0.25 * 3 * rounds) < 5 * (3 * rounds * 0.1875) ** 0.5
    chosen = Counter(one for number in range(rounds) for one in draw_utterances(0, number, 2, [7, 8, 9, 10], 2))
    assert chosen.keys() == {7, 8, 9, 10}
    assert all(abs(count - rounds / 2) < 5 * (rounds / 4) ** 0.5 for count in chosen.values())


def test_few_clients_and_utterances_are_all_drawn() -> None:
    assert draw_clients(0, 0, 0, 2, 5, 0.0).clients == (0, 1)
    assert sorted(draw_utterances(0, 0, 0, [3, 4], 9)) == [3, 4]


def test_another_attempt_draws_others() -> None:
    tries = {draw_clients(0, 0, attempt, 50, 4, 0.0).clients for attempt in range(5)}
    assert len(tries) == 5
