"""Augmentations and pools by name."""

import pytest
import torch

from models.fewshot.augmentation.checks import check_data, check_learner
from models.fewshot.augmentation.names import MODES, POOLS, name_of, parse_combination, parse_pool
from models.fewshot.class_images import ClassImages
from tests.support.augmentation import combination


def test_the_table_has_nine_support_nine_query_six_task_and_three_shot_augmentations() -> None:
    published = {name: modes for name, modes in MODES.items() if name != "drop-channel-doubled"}
    counts = {mode: sum(mode in modes for modes in published.values()) for mode in ("support", "query", "task", "shot")}
    assert counts == {"support": 9, "query": 9, "task": 6, "shot": 3}


def test_modes_run_in_the_order_task_support_query_shot() -> None:
    text = "flip:shot+cutmix:query+self-mix:support+rotation:task+random-erase:query"
    found = "rotation:task+self-mix:support+cutmix:query+random-erase:query+flip:shot"
    assert name_of(parse_combination(text)) == found
    assert name_of(parse_combination(found)) == found


def test_none_is_a_combination_of_nothing() -> None:
    assert parse_combination("none") == ()
    assert name_of(()) == "none"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rotate:task", "augmentation is 'rotate'; allowed are random-erase, self-mix, cutmix, mixup"),
        ("self-mix:task", "augmentation self-mix has no mode 'task'; it has support, query"),
        ("flip:query", "augmentation flip has no mode 'query'; it has shot"),
        ("cutmix", "augmentation cutmix names no mode; it has support, query, task"),
        ("cutmix:query+cutmix:query", "augmentation cutmix:query.cutmix:query has cutmix:query twice; allowed is once"),
        ("", "augmentation is ''; allowed are"),
    ],
)
def test_impossible_combinations_are_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_combination(text)


def test_pools_have_the_sizes_of_the_text_and_of_the_published_code() -> None:
    assert {name: len(parse_pool(name)) for name in POOLS} == {
        "cutmix": 1,
        "single": 4,
        "medium": 6,
        "large": 10,
        "medium-published-code": 6,
        "large-published-code": 9,
    }
    assert "self-mix:support" in POOLS["medium"]
    assert "random-erase:support" in POOLS["medium-published-code"]
    assert not any("self-mix" in entry for entry in POOLS["large-published-code"])
    assert set(POOLS["single"]) < set(POOLS["medium"]) < set(POOLS["large"])


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ("huge", "pool is 'huge'; allowed are cutmix, single, medium, large, .* or a list of augmentations"),
        ([], "pool is empty; allowed are 1 and more augmentations"),
        (["none", "cutmix:query", "cutmix:query"], "pool has cutmix:query twice"),
        (["cutmix:query+rotation:task", "rotation:task+cutmix:query"], r"pool has rotation:task\+cutmix:query twice"),
        (["cutmix:shot"], "cutmix has no mode 'shot'"),
    ],
)
def test_impossible_pools_are_refused_by_name(pool: str | list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_pool(pool)


def test_a_learner_that_adapts_its_features_does_not_mix_them() -> None:
    check_learner([combination("mixup:support")], adapts_features=True, takes_soft_labels=True)
    with pytest.raises(ValueError, match="augmentation feature-mixup:query mixes features, which the learner adapts"):
        check_learner([combination("feature-mixup:query")], adapts_features=True, takes_soft_labels=True)


def test_a_head_without_soft_labels_takes_no_mixed_support() -> None:
    check_learner([combination("cutmix:query")], adapts_features=False, takes_soft_labels=False)
    check_learner([combination("cutmix:task")], adapts_features=False, takes_soft_labels=False)
    with pytest.raises(ValueError, match="augmentation cutmix:support makes soft support labels"):
        check_learner([combination("cutmix:support")], adapts_features=False, takes_soft_labels=False)
    with pytest.raises(ValueError, match="select is 'slot', which needs a head that takes soft labels"):
        check_learner([], adapts_features=False, takes_soft_labels=False, select="slot")


def test_a_learner_that_trains_on_supports_alone_takes_no_query_augmentation() -> None:
    options = {"adapts_features": True, "takes_soft_labels": True, "trains_on_queries": False}
    check_learner([combination("cutmix:support+rotation:task+flip:shot")], **options)
    with pytest.raises(ValueError, match="augmentation cutmix:query changes queries, which the learner does not train"):
        check_learner([combination("none"), combination("rotation:task+cutmix:query")], **options)


def classes(count: int, width: int = 8, turns: tuple[int, ...] = ()) -> ClassImages:
    images = torch.zeros(count, 3, 8, width, dtype=torch.uint8)
    return ClassImages(images, (1,) * count, tuple(map(str, range(count))), turns=turns)


def test_classes_that_an_augmentation_does_not_fit_are_refused() -> None:
    check_data([combination("combining-labels:task")], classes(10), 5)
    check_data([combination("rotation:query")], classes(5, width=9, turns=(0, 1, 2, 3, 0)), 5)
    with pytest.raises(ValueError, match="combining-labels:support needs 10 classes for 5 ways; 9 are there"):
        check_data([combination("combining-labels:support")], classes(9), 5)
    with pytest.raises(
        ValueError, match=r"rotation:task\+cutmix:query turns images by 90 degrees; allowed are square ones, not 8 x 9"
    ):
        check_data([combination("none"), combination("rotation:task+cutmix:query")], classes(9, width=9), 5)
    with pytest.raises(ValueError, match="rotation:task turns classes, but the classes to train on have turned ones"):
        check_data([combination("rotation:task")], classes(4, turns=(0, 1, 2, 3)), 2)
