"""Every number of chapter 6's tables has its network, and tables that share a row share the network."""

from typing import Any

import pytest

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.class_images import FewShotData
from models.fewshot.pools.settings import PoolSettings
from reports.fewshot.augmentation.cells import CELLS, DATA_TABLES, Cell, domain_networks
from reports.fewshot.augmentation.networks import AUGMENTED_NETWORKS, METHODS
from reports.fewshot.augmentation.plans import TRAINING_TABLES
from reports.fewshot.augmentation.published import PUBLISHED
from reports.fewshot.augmentation.scales import AUGMENTED_SCALES
from reports.fewshot.experiments import _key, network_config
from reports.fewshot.scales import Scale
from tests.support.fewshot import random_classes


@pytest.mark.parametrize("number", CELLS)
def test_every_published_number_has_a_network(number: str) -> None:
    table = PUBLISHED[number]
    assert list(CELLS[number]) == table.names
    for cells in CELLS[number].values():
        headings = table.headings[table.labels :]
        shown = [f"{data} {one}" for data in ("CIFAR-FS", "mini-ImageNet") for one in cells]
        assert headings == (shown if number in DATA_TABLES else list(cells))


CNN4, RESNET = "R2-D2, CNN-4", "R2-D2, ResNet-12"
SVM = "MetaOptNet, ResNet-12"


@pytest.mark.parametrize(
    ("number", "row", "network", "baseline"),
    [
        ("6.1", "5 (random), 600, full", f"{RESNET}, support noise 5", RESNET),
        ("6.1", "600, 5, full", f"{RESNET}, query pool 5", RESNET),
        ("6.2", "Baseline, -", RESNET, None),
        ("6.3", "+ Rotation (T)", f"{RESNET}, cutmix:query+rotation:task", f"{RESNET}, cutmix:query"),
        ("6.8", "ProtoNet, ResNet-12, 600, 600, 13", "ProtoNet, ResNet-12, 13 tasks", "ProtoNet, ResNet-12"),
        ("6.10", "Feature Mixup, Query", f"{CNN4}, feature-mixup:query", CNN4),
        ("6.10", "Large Rotation, Task", f"{CNN4}, rotation:task", CNN4),
        ("6.11", "CutMix", f"{CNN4}, cutmix:query", None),
        ("6.11", "+ Horizontal Flip (Shot)", f"{CNN4}, cutmix:query+flip:shot", f"{CNN4}, cutmix:query"),
        ("6.12", "CutMix, 1", f"{CNN4}, cutmix:query", CNN4),
        ("6.12", "Large, 2", f"{CNN4}, maxup:large m=2", CNN4),
        ("6.5", "MCT + MM, ResNet-12", "MCT, ResNet-12, maxup:medium m=4", "MCT, ResNet-12"),
        ("6.6", "M-SVM + LargeRot", f"{SVM}, rotation:task", None),
        (
            "6.6",
            "M-SVM + MM + ens + val (ours)",
            f"{SVM}, maxup:medium m=4, train+val; ensemble, flip shots",
            f"{SVM}, rotation:task, train+val; ensemble, flip shots",
        ),
    ],
)
def test_rows_have_the_networks_that_their_labels_say(
    number: str, row: str, network: str, baseline: str | None
) -> None:
    cells = list(CELLS[number][row].values())
    assert cells[:2] == [Cell(network, 1, baseline), Cell(network, 5, baseline)]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("R2-D2, CNN-4, random-erase:support", {"augmentation": AugmentationSettings(augment="random-erase:support")}),
        ("R2-D2, ResNet-12, maxup:single m=2", {"augmentation": AugmentationSettings(augment="maxup:single", m=2)}),
        ("R2-D2, CNN-4, support noise 5", {"pools": PoolSettings(support_pool=5, support_noise=True)}),
        ("ProtoNet, ResNet-12, 13 tasks", {"pools": PoolSettings(task_pool=13)}),
    ],
)
def test_a_network_is_trained_as_its_name_says(name: str, settings: dict[str, Any]) -> None:
    method = ", ".join(name.split(", ")[:2])
    assert AUGMENTED_NETWORKS[name].settings == {**METHODS[method], **settings}


SHORTER = {
    "large-rotation": "rotation",
    "horizontal-flip": "flip",
    "random-crop": "crop",
    "random-rotation": "rotation",
}


def test_every_augmentation_of_6_10_is_that_of_its_row() -> None:
    for row, cells in list(CELLS["6.10"].items())[1:]:
        words, mode = row.lower().split(", ")
        name = words.replace(" ", "-")
        augments = [AUGMENTED_NETWORKS[cell.network].settings["augmentation"].augment for cell in cells.values()]
        assert augments == [f"{SHORTER.get(name, name)}:{mode}"] * 4


def test_every_pool_and_number_of_candidates_of_6_12_is_that_of_its_row() -> None:
    for row, cells in list(CELLS["6.12"].items())[2:]:
        pool, m = row.lower().split(", ")
        for cell in cells.values():
            augmentation = AUGMENTED_NETWORKS[cell.network].settings["augmentation"]
            assert (augmentation.augment, augmentation.m) == (f"maxup:{pool}", int(m))


def test_tables_share_networks() -> None:
    for part, whole in (("6.2", "6.10"), ("6.3", "6.11"), ("6.4", "6.12"), ("6.1", "6.8"), ("pools6", "6.12")):
        assert set(TRAINING_TABLES[part]) < set(TRAINING_TABLES[whole])
    named = {name.split(";")[0] for names in TRAINING_TABLES.values() for name in names}
    assert named <= set(AUGMENTED_NETWORKS)
    assert len({_key(name, 0) for name in AUGMENTED_NETWORKS}) == len(AUGMENTED_NETWORKS)


def test_table_6_7_compares_each_learner_with_its_baseline() -> None:
    networks = domain_networks()
    assert list(networks) == PUBLISHED["6.7"].headings[1:]
    assert networks["MetaOptNet + MM"] == (
        "MetaOptNet, ResNet-12, maxup:medium m=4; across domains",
        "MetaOptNet, ResNet-12; across domains",
    )


@pytest.mark.parametrize("scale", AUGMENTED_SCALES.values(), ids=list(AUGMENTED_SCALES))
@pytest.mark.parametrize("name", AUGMENTED_NETWORKS)
def test_every_network_can_be_configured(name: str, scale: Scale) -> None:
    config = network_config(name, 1, SIX_AND_FOUR, scale, AUGMENTED_NETWORKS)
    assert (config.seed, config.way, config.trained_way) == (1, 3, 6 if config.learner == "mct" else 3)
    assert config.shot <= (config.pools.support_pool or 5)
    assert config.query <= (config.pools.query_pool or 6)
    assert config.standard == (scale.name == "paper")


SIX_AND_FOUR = FewShotData(
    "few", {"train": random_classes("train", (20,) * 6), "test": random_classes("test", (20,) * 4)}
)


@pytest.mark.parametrize(("classes", "tasks"), [(64, 13), (66, 14), (138, 28)])
def test_a_pool_of_tasks_uses_all_classes(classes: int, tasks: int) -> None:
    splits = {"train": random_classes("train", (7,) * classes), "test": random_classes("test", (7,) * 6)}
    name, data = "R2-D2, CNN-4, 13 tasks", FewShotData("few", splits)
    assert network_config(name, 0, data, AUGMENTED_SCALES["small"], AUGMENTED_NETWORKS).pools.task_pool == tasks


def test_mini_imagenet_has_fifteen_shots_but_where_pools_have_fewer() -> None:
    data = FewShotData("mini-ImageNet", {name: random_classes(name, (30,) * 6) for name in ("train", "test")})
    paper = AUGMENTED_SCALES["paper"]
    shots = [
        network_config(name, 0, data, paper, AUGMENTED_NETWORKS).shot
        for name in ("R2-D2, CNN-4", "R2-D2, CNN-4, support pool 5")
    ]
    assert shots == [15, 5]
