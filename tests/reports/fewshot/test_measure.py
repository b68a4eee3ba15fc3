"""Records of a network, of a comparison of two and of fine-tuning that is followed, as tables and claims read them."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from models.fewshot.class_images import FewShotData
from reports.fewshot.claims import accuracies, followed, separations
from reports.fewshot.experiments import network_config
from reports.fewshot.measure import measure
from reports.fewshot.networks import NETWORKS
from reports.fewshot.scales import SCALES
from reports.records.experiments import Experiment, Record
from tests.support.fewshot import random_classes

SCALE = replace(
    SCALES["small"],
    widths={"cnn4": 3, "4x32": 2},
    common={"tasks": 1, "batches": 1, "epochs": 1, "shot": 1, "query": 1, "validation_episodes": 0, "test_episodes": 2},
    learners={"ridge": {}, "classical": {}, "reptile": {"inner_steps": 1, "way_through_tasks": "loop"}},
    episodes=5,
    tuned_episodes=3,
    followed_tasks=4,
    pairs=6,
)
DATA = FewShotData("few", {name: random_classes(name, (7,) * 6, size=16) for name in ("train", "val", "test")})
NAMES = ("R2-D2-M", "R2-D2-C", "Reptile")


def measured(folder: Path, key: str, **settings: object) -> Record:
    return measure(Experiment(key, settings), folder / key, data=DATA, scale=SCALE)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    folder = tmp_path_factory.mktemp("runs")
    found = {}
    for name in NAMES:
        config = replace(network_config(name, 0, DATA, SCALE), fine_tuning_steps=2)
        found[name] = measured(folder, name, kind="network", network=name, config=asdict(config))
    for name in ("R2-D2-M", "Reptile"):
        found[f"{name} moves"] = measured(folder, f"{name}-moves", kind="moves", moves=name)
    found["alignment"] = measured(folder, "alignment", kind="alignment", networks=["R2-D2-C", "R2-D2-M"])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_evaluated_by_all_its_heads_on_both_shots(name: str, records: dict[str, Record]) -> None:
    record = records[name]
    for head in NETWORKS[name].heads:
        for shot in (1, 5):
            assert len(accuracies(head, shot)(record)) == (3 if head == "fine-tuning" else 5)
    for split in ("train", "test"):
        assert len(separations(split, "R_FC")(record)) == len(separations(split, "R_HV")(record)) == 6
    modes = {one["head"]: one["batch_norm"] for one in record["evaluations"]}
    assert modes["fine-tuning"] == ("episode (transductive)" if name == "Reptile" else "running")
    assert ("validation" in record) == ("svm" in NETWORKS[name].heads)


def test_heads_see_the_same_episodes(records: dict[str, Record]) -> None:
    digests = {
        (len(one["accuracies"]), one["shot"], one["episode_digest"])
        for name in NAMES
        for one in records[name]["evaluations"]
    }
    assert len(digests) == 4  # 1- and 5-shot, of frozen features and of fine-tuning


@pytest.mark.parametrize(("name", "tasks"), [("R2-D2-M", 3), ("Reptile", 4)])
def test_fine_tuning_is_followed_from_an_encoder_and_from_a_whole_network(
    name: str, tasks: int, records: dict[str, Record]
) -> None:
    record = records[f"{name} moves"]
    for shot in (1, 5):
        assert len(followed("distances", shot)(record)) == len(followed("remaining_loss", shot)(record)) == tasks
        of_shot = record[str(shot)]
        assert of_shot["mean_distance_by_step"][0] == 0 < of_shot["mean_distance_by_step"][-1]
        assert len(of_shot["loss_by_step"]) == len(of_shot["mean_distance_by_step"]) == 3


def test_two_networks_are_compared_by_both_estimates(records: dict[str, Record]) -> None:
    assert set(records["alignment"]) == {"unbiased", "biased"}
    assert 0 < records["alignment"]["biased"] <= 1
