"""Chapter 5's tables agree with each other and with what the dissertation's prose says of them."""

import pytest

from reports.fewshot.published import PUBLISHED
from reports.tables.published import Value

SHOTS = ("mini-ImageNet 1-shot", "mini-ImageNet 5-shot", "CIFAR-FS 1-shot", "CIFAR-FS 5-shot")


def test_shapes() -> None:
    assert {number: (len(table.rows), len(table.columns) - table.labels) for number, table in PUBLISHED.items()} == {
        "5.1": (4, 4),
        "5.2": (8, 2),
        "5.3": (8, 4),
        "5.4": (4, 3),
        "5.5": (3, 2),
        "5.6": (4, 2),
        "5.7": (4, 4),
        "5.8": (8, 4),
        "5.9": (24, 4),
        "5.10": (8, 2),
    }


@pytest.mark.parametrize(
    ("number", "row"), [(number, row) for number in ("5.2", "5.5") for row in PUBLISHED[number].names]
)
def test_hyperplane_variation_follows_from_feature_clustering(number: str, row: str) -> None:
    """For two classes of two samples each, R_HV = 4 R_FC / (4 + R_FC), as far as ratios of means go."""
    clustering = PUBLISHED[number].numeric(row, "R_FC")
    expected = 4 * clustering / (4 + clustering)
    assert PUBLISHED[number].numeric(row, "R_HV") == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize(("number", "shots"), [("5.1", "1-shot"), ("5.7", "5-shot")])
def test_fine_tuning_by_svm_is_that_of_the_comparison(number: str, shots: str) -> None:
    for model, row in (
        ("MetaOptNet-M", "MetaOptNet-SVM, MetaOptNet"),
        ("MetaOptNet-C", "Classical, MetaOptNet"),
        ("R2-D2-M", "R2-D2, R2-D2"),
        ("R2-D2-C", "Classical, R2-D2"),
    ):
        assert PUBLISHED[number].cell(model, "SVM") == PUBLISHED["5.3"].cell(row, f"mini-ImageNet {shots}")


def test_meta_learned_features_win_with_one_shot() -> None:
    table = PUBLISHED["5.1"]
    for backbone in ("MetaOptNet", "R2-D2"):
        for heading in table.headings[1:]:
            assert table.numeric(f"{backbone}-M", heading) > table.numeric(f"{backbone}-C", heading)


@pytest.mark.parametrize("regularizer", ["R_FC", "R_HV"])
@pytest.mark.parametrize(("backbone", "searched"), [("R2-D2", "R2-D2"), ("MetaOptNet", "ResNet-12")])
@pytest.mark.parametrize("shots", SHOTS)
def test_regularized_networks_come_from_the_search(regularizer: str, backbone: str, searched: str, shots: str) -> None:
    compared = PUBLISHED["5.3"].cell(f"Classical w/ {regularizer}, {backbone}", shots)
    assert isinstance(compared, Value)
    search = PUBLISHED["5.9"]
    names = [f"{searched}, {regularizer}, {coefficient}, SVM" for coefficient in ("0.02", "0.05", "0.1")]
    places = 1 if shots.startswith("CIFAR") else 2
    assert compared.mean in {round(search.numeric(name, shots) + 1e-9, places) for name in names}


def test_regularizers_beat_classical_training() -> None:
    table = PUBLISHED["5.3"]
    for backbone in ("R2-D2", "MetaOptNet"):
        for heading in SHOTS:
            classical = table.numeric(f"Classical, {backbone}", heading)
            assert table.numeric(f"Classical w/ R_FC, {backbone}", heading) > classical
            assert table.numeric(f"Classical w/ R_HV, {backbone}", heading) > classical


def test_clustered_features_are_more_like_meta_learned_ones() -> None:
    table = PUBLISHED["5.4"]
    for name in table.names:
        assert table.numeric(name, "C") < table.numeric(name, "R_HV") < table.numeric(name, "R_FC")


def test_weight_clustering_is_the_best_of_its_coefficients() -> None:
    framework, search = PUBLISHED["5.6"], PUBLISHED["5.10"]
    for heading in ("1-shot", "5-shot"):
        assert framework.cell("Reptile", heading) == search.cell("0 (Reptile)", heading)
        assert framework.cell("W-Clustering", heading) == search.cell("5.0e-5", heading)
        assert max(search.names, key=lambda name: search.numeric(name, heading)) == "5.0e-5"


def test_regularized_training_is_almost_thirteen_times_as_fast_as_meta_learning() -> None:
    table = PUBLISHED["5.8"]
    fastest = max(
        table.numeric(f"{meta}, {backbone}", total) / table.numeric(f"Classical w/ {regularizer}, {backbone}", total)
        for meta, backbone in (("R2-D2", "R2-D2"), ("MetaOptNet-SVM", "MetaOptNet"))
        for regularizer in ("R_FC", "R_HV")
        for total in ("mini-ImageNet total", "CIFAR-FS total")
    )
    assert 12 < fastest < 13
    for name in table.names:  # a total is some 60 to 300 epochs
        for data in ("mini-ImageNet", "CIFAR-FS"):
            epochs = table.numeric(name, f"{data} total") * 60 / table.numeric(name, f"{data} epoch")
            assert 55 < epochs < 370
