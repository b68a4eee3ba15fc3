"""Chapter 7's tables agree with each other and with the dissertation's prose."""

import pytest

from reports.selfsup.published import PUBLISHED


def test_shapes() -> None:
    assert {number: (len(table.rows), len(table.columns)) for number, table in PUBLISHED.items()} == {
        "7.1": (3, 3),
        "7.2": (3, 3),
        "7.3": (4, 4),
        "7.4": (4, 9),
        "7.5": (2, 3),
    }


def test_rotating_views_one_by_one_hurts() -> None:
    table = PUBLISHED["7.5"]
    assert table.numeric("No", "SimCLR") == PUBLISHED["7.1"].numeric("SimCLR, ResNet-18", "accuracy")
    for method in ("SimCLR", "BYOL"):
        assert table.numeric("No", method) - table.numeric("Yes", method) == pytest.approx(2, abs=0.55)


def test_r2d2_is_a_better_start_than_simclr() -> None:
    few = PUBLISHED["7.3"]
    for share in ("1% of the labels", "10% of the labels"):
        assert few.numeric("R2-D2, ResNet-50", share) - few.numeric("SimCLR, ResNet-50", share) == pytest.approx(
            5, abs=0.6
        )
    transfer = PUBLISHED["7.4"]
    data_sets = transfer.headings[1:]
    assert len(data_sets) == 8
    assert all(transfer.numeric("R2-D2", name) > transfer.numeric("SimCLR", name) for name in data_sets)


def test_meta_learners_match_simclr_on_cifar_and_not_on_imagenet() -> None:
    small, large = PUBLISHED["7.1"], PUBLISHED["7.2"]
    for method in ("ProtoNet", "R2-D2"):
        shallow, deep = (
            table.numeric(f"{method}, {backbone}", "accuracy") - table.numeric(f"SimCLR, {backbone}", "accuracy")
            for table, backbone in ((small, "ResNet-18"), (large, "ResNet-50"))
        )
        assert shallow > 0 > deep
