"""Spread, effective rank and k-NN accuracy, and the warning where projections collapse."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState
from torch import Tensor, nn

from models.selfsup.learners import cosines
from models.selfsup.monitoring import CollapseWatch, Monitor, effective_rank, spread
from tests.support.selfsup_training import train


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


def drawn(count: int, features: int) -> Tensor:
    return torch.randn(count, features, generator=torch.Generator().manual_seed(0))


def test_even_features_have_spread_1_and_full_rank() -> None:
    features = drawn(20_000, 16)
    assert spread(features) == pytest.approx(1, abs=0.01)
    assert effective_rank(features) == pytest.approx(16, abs=0.1)


def test_equal_features_have_spread_0_and_rank_1() -> None:
    features = drawn(1, 16).expand(50, -1)
    assert spread(features) == pytest.approx(0, abs=1e-6)
    assert effective_rank(features) == 1
    assert effective_rank(torch.zeros(5, 3)) == 1


def test_features_on_two_axes_have_rank_2() -> None:
    axes = torch.cat((torch.eye(8)[:2], -torch.eye(8)[:2])).repeat(10, 1)
    assert effective_rank(axes) == pytest.approx(2)
    line = torch.cat((torch.eye(8)[:1], -torch.eye(8)[:1])).repeat(10, 1)
    assert effective_rank(line) == pytest.approx(1)


def test_cosines_equal_those_of_all_pairs() -> None:
    views = torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    one, other = (nn.functional.normalize(view, dim=1) for view in (views[0], views[-1]))
    pairs = one @ other.T
    found = cosines(views)
    assert found["positive_cosine"].item() == pytest.approx(pairs.diagonal().mean().item())
    assert found["negative_cosine"].item() == pytest.approx(pairs[~torch.eye(7, dtype=torch.bool)].mean().item())


def test_one_warning_follows_the_first_collapse(capsys: pytest.CaptureFixture[str]) -> None:
    watch = CollapseWatch()
    assert [watch.look(*figures) for figures in ((0.9, 50.0), (0.04, 50.0), (0.9, 1.9), (0.06, 2.1))] == [
        False,
        True,
        True,
        False,
    ]
    message = capsys.readouterr().err
    assert message.count("warning") == 1
    assert "collapsed in epoch 2: their spread is 0.040 of 1/sqrt(d) (under 0.05)" in message
    resumed = CollapseWatch()
    resumed.load_state_dict(watch.state_dict())
    assert resumed.look(0.0, 1.0)
    assert not capsys.readouterr().err
    assert (resumed.epochs, resumed.collapsed) == (5, 3)


def test_figures_need_no_labels() -> None:
    found = Monitor(None, 10).figures(nn.Identity(), drawn(100, 8))
    assert set(found) == {"spread", "effective_rank", "collapsed"}
    assert Monitor(None, 10).figures(nn.Identity(), None) == {}


def test_a_run_writes_what_it_watched_and_says_so_if_it_collapses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def collapsed(_: Tensor) -> float:
        return 0.01

    monkeypatch.setattr("models.selfsup.monitoring.spread", collapsed)
    record = train(tmp_path, epochs=2)
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    wanted = {"loss", "task_accuracy", "positive_cosine", "negative_cosine", "knn_accuracy", "spread", "effective_rank"}
    assert all(wanted <= line.keys() for line in lines)
    assert [line["collapsed"] for line in lines] == [1, 1]
    assert 0 < lines[-1]["view_share"] < 1
    assert record["collapsed_epochs"] == 2
    assert capsys.readouterr().err.count("have collapsed") == 1
