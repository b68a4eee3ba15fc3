"""The bench of evaluation: its contenders agree, also with easyfsl, and its record says what was measured."""

import importlib.util
from typing import Any

import pytest
import torch
from torch.utils.data import Sampler

from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import embed, episode_accuracies
from models.fewshot.evaluators import HEADS
from reports.fewshot.benches.bench_data import bench_data, frozen_encoder
from reports.fewshot.benches.bench_tables import episode_table
from reports.fewshot.benches.embedding_loop import looped_accuracies
from reports.fewshot.benches.episode_bench import EASYFSL, LOOP, ONCE, bench_episodes
from tests.support import easyfsl_stand_in

SMALL: dict[str, Any] = {"counts": (4, 8), "sides": (16,), "width": 2, "looped": 2, "rounds": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        easyfsl_stand_in.install(monkeypatch)
        return bench_episodes(**SMALL, with_easyfsl=True)


@pytest.mark.parametrize("head", ["prototype", "ridge", "svm"])
def test_the_loop_classifies_every_episode_as_the_features_embedded_once_do(head: str) -> None:
    data = bench_data(20, images=20, seed=3)
    encoder = frozen_encoder("4x32", data, 4, seed=1)
    episodes = Episodes(data, "test", EpisodeShape(3, 2, 4), seed=5)
    expected = episode_accuracies(embed(encoder, data, "test"), episodes, 6, HEADS[head])
    assert torch.equal(looped_accuracies(encoder, episodes, 6, HEADS[head]), expected)
    assert expected.std() > 0


def test_every_head_number_of_episodes_and_contender_has_a_row(result: dict[str, Any]) -> None:
    cases = {"prototype": [ONCE, LOOP, EASYFSL], "ridge": [ONCE, LOOP], "svm": [ONCE, LOOP]}
    expected = [
        (f"{head}, 16 x 16, {count} episodes", case) for head in cases for count in (4, 8) for case in cases[head]
    ]
    assert [(row["name"], row["case"]) for row in result["rows"]] == expected
    assert result["tools"]["easyfsl"] == easyfsl_stand_in.VERSION
    assert result["device"] == "CPU, 1 thread"
    assert "cores" in result["machine"]


def test_contenders_of_a_head_are_equally_accurate(result: dict[str, Any]) -> None:
    accuracies: dict[str, set[float]] = {}
    for row in result["rows"]:
        accuracies.setdefault(row["name"].split(",")[0], set()).add(round(row["accuracy"], 9))
    assert all(len(found) == 1 for found in accuracies.values()), accuracies


def test_times_of_the_loops_are_scaled_by_episode(result: dict[str, Any]) -> None:
    by_count = {(row["name"].split(",")[0], row["case"], row["episodes"]): row for row in result["rows"]}
    for (head, case, count), row in by_count.items():
        assert row["episodes_per_second"] == pytest.approx(1e3 * count / row["milliseconds"])
        assert row["measured_episodes"] == (count if case == ONCE else 2)
        if case != ONCE:
            assert row["milliseconds"] == pytest.approx(by_count[head, case, 4]["milliseconds"] * count / 4)


def test_ratios_are_to_the_fastest_contender_that_embeds_again(result: dict[str, Any]) -> None:
    rows = [row for row in result["rows"] if row["name"] == "prototype, 16 x 16, 8 episodes"]
    fastest = min(row["milliseconds"] for row in rows if row["case"] != ONCE)
    for row in rows:
        assert row["ratio_to_peer"] == pytest.approx(fastest / row["milliseconds"])


def test_the_table_shows_every_row(result: dict[str, Any]) -> None:
    assert len(episode_table(result).rows) == len(result["rows"])


def test_torch_samplers_are_left_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Sampler.__init__
    easyfsl_stand_in.install(monkeypatch)
    bench_episodes(**SMALL, heads=["prototype"], with_easyfsl=True)
    assert Sampler.__init__ is before


@pytest.mark.skipif(importlib.util.find_spec("easyfsl") is not None, reason="easyfsl is installed")
def test_easyfsl_that_is_not_installed_is_named() -> None:
    with pytest.raises(ValueError, match=r"pip install --no-deps easyfsl==1\.5\.0"):
        bench_episodes(**SMALL, with_easyfsl=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"counts": (0,)}, "episodes is 0"),
        ({"looped": 0}, "looped is 0"),
        ({"rounds": 0}, "rounds is 0"),
        ({"heads": ("forest",)}, "head is 'forest'; allowed are prototype"),
        ({"sides": (8,)}, "side is 8; allowed are 16 to 512 pixels"),
        ({"width": 0}, "width is 0"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bench_episodes(**(SMALL | settings))
