"""The table of methods: what is trained for which ways, on which episodes, and where each number stands."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.comparison import EpisodeTest, evaluate_run
from models.fewshot.readers.omniglot_runs import OmniglotRuns
from models.fewshot.run import load_run
from models.progress import Progress
from reports.fewshot import methods
from reports.fewshot.measure import RUN
from reports.fewshot.methods import METHODS, measure_methods, methods_table
from reports.fewshot.scales import SCALES, Scale
from tests.support.fewshot import random_classes

TINY = replace(
    SCALES["small"],
    widths={"64x4": 2, "4x32": 2},
    common={"tasks": 1, "batches": 1, "epochs": 1, "validation_episodes": 0, "test_episodes": 2},
    learners={
        "prototype": {"shot": 1, "query": 1},
        "fomaml": {"shot": 1, "query": 1, "inner_steps": 1, "fine_tuning_steps": 1, "way_through_tasks": "loop"},
    },
    episodes=4,
    tuned_episodes=4,
)


def alphabets(name: str, *sizes: int) -> ClassImages:
    """Grey classes in groups of these sizes."""
    groups = tuple(f"alphabet {number}" for number, size in enumerate(sizes) for _ in range(size))
    classes = random_classes(name, (7,) * len(groups), groups=groups, size=28)
    return replace(classes, images=classes.images[:, :1])


@pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
@pytest.mark.parametrize("name", METHODS)
def test_every_method_can_be_configured(name: str, scale: Scale) -> None:
    config = scale.configured(METHODS[name], 0, 5, 20)
    assert config.learner == METHODS[name]["learner"]
    assert 2 <= config.shot + config.query <= 20


def test_methods_are_evaluated_on_the_same_episodes_and_the_official_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {name: METHODS[name] for name in ("ProtoNet", "FOMAML")}
    monkeypatch.setattr(methods, "METHODS", chosen)
    splits = {"train": alphabets("train", 20), "test": alphabets("test", 20, 5)}
    data = FewShotData("characters", splits)
    generator = torch.Generator().manual_seed(1)
    blocks = torch.randint(0, 2, (20, 20, 1, 4, 4), dtype=torch.uint8, generator=generator) * 255
    drawings = blocks.repeat_interleave(7, 3).repeat_interleave(7, 4)  # whose features differ, unlike those of noise
    with Progress(quiet=True) as progress:
        found = measure_methods(data, OmniglotRuns(drawings, drawings), TINY, [0], tmp_path, progress)
        run = load_run(tmp_path / "runs" / "ProtoNet-5-way-seed-0" / RUN)
        test = EpisodeTest(way=20, shots=(5,), query=2, episodes=4, within=True)
        (expected,) = evaluate_run(run, data, test, None, progress)
    assert {name: set(by_way) for name, by_way in found.items()} == {name: {"5", "20"} for name in chosen}
    for way in ("5", "20"):
        one, other = (found[name][way]["0"]["evaluations"] for name in chosen)
        assert [(each["shot"], each["within_groups"]) for each in one] == [(1, False), (5, False), (1, True), (5, True)]
        assert [each["episode_digest"] for each in one] == [each["episode_digest"] for each in other]
        assert {each["way"] for each in (*one, *other)} == {int(way)}
    assert found["ProtoNet"]["20"]["0"]["evaluations"][-1]["mean"] == expected["mean"]
    assert found["ProtoNet"]["20"]["0"]["official"]["right"] == 400  # queries equal their support
    assert found["FOMAML"]["20"]["0"]["official"]["questions"] == 400
    assert "official" not in found["FOMAML"]["5"]["0"]
    assert not (tmp_path / "runs" / "ProtoNet-20-way-seed-0").exists()


def evaluated(shift: float, right: int | None) -> dict[str, Any]:
    """The record of a method: accuracies 0.1 (1-shot), 0.2 (1-shot, within), 0.3, 0.4 (5-shot), all shifted."""
    evaluations = [
        {"shot": shot, "within_groups": within, "mean": mean + shift}
        for shot, within, mean in ((1, True, 0.2), (5, False, 0.3), (1, False, 0.1), (5, True, 0.4))
    ]
    return {"evaluations": evaluations} | ({} if right is None else {"official": {"right": right}})


def test_each_number_stands_under_its_heading() -> None:
    measured = {
        "ProtoNet": {
            "5": {"0": evaluated(0, None)},
            "20": {"0": evaluated(0, 300), "1": evaluated(0.02, 303)},
        }
    }
    table = methods_table(measured, "On characters.")
    assert table.columns[2:] == (
        "1-shot, mixed",
        "1-shot, within a group",
        "5-shot, mixed",
        "5-shot, within a group",
        "official runs",
    )
    assert table.rows == [
        ("ProtoNet", "5-way", "10.00%", "20.00%", "30.00%", "40.00%", ""),
        ("ProtoNet", "20-way", "11.00 ± 1.00%", "21.00 ± 1.00%", "31.00 ± 1.00%", "41.00 ± 1.00%", "301.5 of 400"),
    ]
    assert "transductive" in table.note
    assert table.note.endswith("On characters.")
