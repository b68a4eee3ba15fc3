"""The bench of augmentation: its record holds steps, memory, every augmentation and kornia's loops."""

import importlib.util
import pickle
from dataclasses import replace
from typing import Any

import pytest
import torch

from models.fewshot.augmentation.names import MODES
from reports.fewshot.benches import augment_bench, kornia_peer
from reports.fewshot.benches.augment_alone import COMBINATIONS, STANDARD
from reports.fewshot.benches.augment_bench import FORWARD, bench_augment
from reports.fewshot.benches.augment_steps import BASELINE, DA, StepSetting, TrainingSteps, step_peak
from reports.fewshot.benches.augment_tables import augment_tables
from tests.support import kornia_stand_in

SMALL = StepSetting(width=2, side=16, tasks=2, shots=1, queries=2, m=2)
LOOPS = ["random-erase:query", "rotation:query", "solarize:query"]


@pytest.fixture(scope="module")
def measured() -> Any:
    """The result, what was measured elsewhere, and kornia's augmentations."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        elsewhere: list[Any] = []
        made = kornia_stand_in.install(monkeypatch)
        monkeypatch.setattr(augment_bench, "called_elsewhere", lambda call: elsewhere.append(call) or call())
        return bench_augment(SMALL, rounds=1, device="cpu"), elsewhere, made


def test_steps_have_their_time_and_memory_over_the_baselines(measured: Any) -> None:
    result, elsewhere, _ = measured
    pools = ["+ MM, cutmix, task", "+ MM, medium, task", "+ MM, medium, slot"]
    assert [row["case"] for row in result["rows"]] == [BASELINE, DA, *pools, FORWARD]
    baseline = result["rows"][0]
    assert baseline["ratio_to_baseline"] == baseline["peak_ratio"] == 1
    for row in result["rows"][:-1]:
        assert row["ratio_to_baseline"] == pytest.approx(row["milliseconds"] / baseline["milliseconds"])
        assert row["peak_ratio"] == pytest.approx(row["peak_mib"] / baseline["peak_mib"])
    assert "peak_mib" not in result["rows"][-1]
    assert len(pickle.dumps(elsewhere)) > 0  # as other processes need it
    assert result["setting"]["m"] == 2


def test_every_augmentation_has_its_share_of_a_step(measured: Any) -> None:
    result, *_ = measured
    assert len(COMBINATIONS) == sum(map(len, MODES.values())) + 1
    pools = [f"2 candidates of {pool}" for pool in ("cutmix", "single", "medium", "large")]
    assert [row["case"] for row in result["augmentations"]] == [*COMBINATIONS, STANDARD, *pools]
    for row in result["augmentations"]:
        assert row["share_of_step"] == pytest.approx(row["milliseconds"] / result["rows"][0]["milliseconds"])


def test_kornia_takes_all_query_images_one_by_one(measured: Any) -> None:
    result, _, made = measured
    assert [row["case"] for row in result["peers"]] == LOOPS
    for row in result["peers"]:
        assert row["times_kornia"] == pytest.approx(row["kornia_milliseconds"] / row["milliseconds"])
    assert [one.images for one in made] == [2 * 2 * 5 * 2] * 3  # a warm-up and a measurement of 20 images
    assert result["tools"]["kornia"] == kornia_stand_in.VERSION


def test_tables_show_everything_that_was_measured(measured: Any) -> None:
    result, *_ = measured
    steps, augmentations, peers = augment_tables(result)
    assert [len(one.rows) for one in (steps, augmentations, peers)] == [6, len(COMBINATIONS) + 5, 3]
    assert steps.rows[0][2] == "1.00"


def test_without_kornia_its_loops_are_left_out_and_the_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kornia_peer, "installed_version", lambda: None)
    monkeypatch.setattr(augment_bench, "called_elsewhere", lambda call: 1)
    result = bench_augment(SMALL, rounds=1, device="cpu")
    assert result["peers"] == []
    assert "kornia" not in result["tools"]
    assert "kornia is not installed" in augment_tables(result)[2].note
    with pytest.raises(ValueError, match="kornia is not installed"):
        kornia_peer.loops(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))


@pytest.mark.skipif(importlib.util.find_spec("kornia") is None, reason="needs kornia")
def test_kornia_changes_images_as_ours_do() -> None:
    images = torch.rand(60, 3, 16, 16, generator=torch.Generator().manual_seed(0)) + 0.01
    torch.manual_seed(0)
    erased, turned, solarized = (call() for call in kornia_peer.loops(images, images.clamp(0, 1)).values())
    shares = (erased == 0).float().mean((1, 2, 3))
    assert 0.3 < (shares > 0).float().mean() < 0.7
    assert shares.max() <= 0.45
    assert (turned != images).flatten(1).any(1).all()
    changed = (solarized != images.clamp(0, 1)).flatten(1).any(1)
    assert 0.3 < changed.float().mean() < 0.7
    bright = images.clamp(0, 1)[changed] >= 0.5
    torch.testing.assert_close(solarized[changed][bright], 1 - images.clamp(0, 1)[changed][bright])


def test_a_step_trains_and_the_forward_pass_does_not() -> None:
    steps = TrainingSteps(SMALL, DA, SMALL.data)
    parameters = list(steps.method.models["encoder"].parameters())
    before = [one.detach().clone() for one in parameters]
    steps.forward()
    assert all(map(torch.equal, before, parameters))
    steps()
    assert not any(map(torch.equal, before, parameters))


def test_meta_maxup_takes_the_memory_of_a_step_and_the_published_form_several_times_as_much() -> None:
    wider = replace(SMALL, width=12, tasks=3)
    baseline, task, slot = (
        step_peak(wider, name, torch.device("cpu")) for name in (BASELINE, "+ MM, medium, task", "+ MM, medium, slot")
    )
    assert task <= 1.1 * baseline
    assert slot > 1.3 * baseline


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": 0}, "tasks is 0"),
        ({"shots": 0}, "shots is 0"),
        ({"m": 0}, "m is 0"),
        ({"side": 8}, "side is 8; allowed are 16 to 512"),
        ({"rounds": 0}, "rounds is 0"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    rounds = changes.pop("rounds", 1)
    with pytest.raises(ValueError, match=message):
        bench_augment(replace(SMALL, **changes), rounds=rounds, device="cpu")
