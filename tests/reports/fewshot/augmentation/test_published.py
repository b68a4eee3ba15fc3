"""Chapter 6's tables agree with each other and with what the dissertation's prose says of them."""

from statistics import mean

import pytest

from reports.fewshot.augmentation.published import PUBLISHED


def test_shapes() -> None:
    assert {number: (len(table.rows), len(table.columns) - table.labels) for number, table in PUBLISHED.items()} == {
        "6.1": (5, 2),
        "6.2": (9, 2),
        "6.3": (9, 2),
        "6.4": (13, 2),
        "6.5": (17, 4),
        "6.6": (6, 4),
        "6.7": (10, 6),
        "6.8": (15, 2),
        "6.9": (6, 2),
        "6.10": (28, 4),
        "6.11": (9, 4),
        "6.12": (13, 4),
    }


@pytest.mark.parametrize(("short", "full"), [("6.3", "6.11"), ("6.4", "6.12")])
def test_short_tables_are_the_residual_network_of_the_full_ones(short: str, full: str) -> None:
    assert PUBLISHED[short].names == PUBLISHED[full].names
    for name in PUBLISHED[short].names:
        for shots in ("1-shot", "5-shot"):
            assert PUBLISHED[short].cell(name, shots) == PUBLISHED[full].cell(name, f"ResNet-12 {shots}")


def test_the_best_augmentations_are_among_all() -> None:
    for name in PUBLISHED["6.2"].names:
        for shots in ("1-shot", "5-shot"):
            assert PUBLISHED["6.2"].numeric(name, shots) == PUBLISHED["6.10"].numeric(name, f"ResNet-12 {shots}")


def test_query_cutmix_is_the_best_single_augmentation() -> None:
    table = PUBLISHED["6.10"]
    for heading in table.headings[2:]:
        assert max(table.names, key=lambda name: table.numeric(name, heading)) == "CutMix, Query"
        for number, row in (("6.11", "CutMix"), ("6.12", "CutMix, 1")):
            assert PUBLISHED[number].numeric(row, heading) == table.numeric("CutMix, Query", heading)
        assert PUBLISHED["6.12"].numeric("Baseline, -", heading) == table.numeric("Baseline, -", heading)


def test_meta_learners_start_from_the_same_baselines() -> None:
    for backbone in ("CNN-4", "ResNet-12"):
        for shots in ("1-shot", "5-shot"):
            cell = PUBLISHED["6.5"].cell(f"R2-D2, {backbone}", f"CIFAR-FS {shots}")
            assert cell == PUBLISHED["6.10"].cell("Baseline, -", f"{backbone} {shots}")
    for shots in ("1-shot", "5-shot"):
        small = PUBLISHED["6.5"].cell("R2-D2 + MM, CNN-4", f"CIFAR-FS {shots}")
        assert small == PUBLISHED["6.12"].cell("Single, 4", f"CNN-4 {shots}")
    for heading in PUBLISHED["6.6"].headings[1:]:
        ours = PUBLISHED["6.6"].cell("M-SVM + MM (ours)", heading)
        assert ours == PUBLISHED["6.5"].cell("MetaOptNet + MM, ResNet-12", heading)


def test_augmentation_helps_every_meta_learner() -> None:
    table = PUBLISHED["6.5"]
    gains = []
    for name in table.names:
        method, backbone = name.split(", ")
        if "+" in method:
            plain = f"{method.split(' + ')[0]}, {backbone}"
            gains += [table.numeric(name, heading) - table.numeric(plain, heading) for heading in table.headings[2:]]
    assert min(gains) > 0
    assert max(gains) > 5


def test_meta_dataset_gains_are_those_of_the_text() -> None:
    table = PUBLISHED["6.7"]
    gains = {
        (learner, source): table.numeric(source, f"{learner} + MM") - table.numeric(source, learner)
        for learner in ("R2-D2", "MetaOptNet")
        for source in table.names
    }
    assert mean(gains.values()) == pytest.approx(3, abs=0.6)
    assert max(gains.values()) == pytest.approx(7, abs=0.2)
    assert {source for (_, source), gain in gains.items() if gain < 0} == {"Omniglot", "Traffic Signs"}
    large = {source for (_, source), gain in gains.items() if gain > 3}  # with one learner or the other
    assert len(large) > len(table.names) / 2


@pytest.mark.parametrize(
    ("number", "prefix"), [("6.1", ""), ("6.8", "R2-D2, CNN-4, "), ("6.8", "ProtoNet, ResNet-12, ")]
)
def test_queries_and_tasks_matter_more_than_supports(number: str, prefix: str) -> None:
    table = PUBLISHED[number]
    for shots in ("1-shot", "5-shot"):
        few_supports = table.numeric(f"{prefix}5, 600, full", shots)
        assert abs(table.numeric(f"{prefix}600, 600, full", shots) - few_supports) < 1
        assert table.numeric(f"{prefix}600, 5, full", shots) < few_supports
        assert table.numeric(f"{prefix}600, 600, 13", shots) < few_supports


def test_meta_maxup_takes_two_to_three_times_as_long_on_the_residual_network() -> None:
    table = PUBLISHED["6.9"]
    for learner in ("R2-D2", "MetaOptNet"):
        assert 2 < table.numeric(f"{learner} + MM", "ResNet-12") / table.numeric(learner, "ResNet-12") < 3
