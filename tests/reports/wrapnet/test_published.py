"""Chapter 2's tables of trained networks agree with each other and with what the dissertation's prose says of them."""

from statistics import mean

import pytest

from reports.tables.published import Mark
from reports.wrapnet.published import PUBLISHED


def accuracy(number: str, row: str, heading: str = "accuracy") -> float:
    return PUBLISHED[number].numeric(row, heading)


def test_shapes() -> None:
    shapes = {number: (len(table.rows), len(table.columns) - table.labels) for number, table in PUBLISHED.items()}
    assert shapes == {
        "2.1": (3, 3),
        "2.2": (5, 1),
        "2.3": (8, 2),
        "2.4": (4, 2),
        "2.5": (4, 4),
        "2.6": (9, 8),
        "2.9": (10, 1),
        "2.10": (8, 2),
        "2.14": (5, 3),
    }


def test_networks_that_stand_in_several_tables_have_one_accuracy() -> None:
    default = [
        ("2.2", "k = 2"),
        ("2.3", "p = 5%"),
        ("2.4", "0, p = 5%"),
        ("2.9", "cyclic, ReLU, k = 2"),
        ("2.10", "cyclic, 0"),
    ]
    assert len({accuracy(*where) for where in default}) == 1
    penalized = {
        accuracy("2.4", "0.01, p = 5%"),
        accuracy("2.5", "Baseline", "accuracy, vector instructions"),
        accuracy("2.6", "WrapNet, binary, 8 bits", "CIFAR-10 VGG7"),
        accuracy("2.10", "cyclic, 0.01"),
        accuracy("2.14", "1"),
    }
    assert len(penalized) == 1
    assert accuracy("2.3", "p = 20%") == accuracy("2.4", "0, p = 20%")
    assert accuracy("2.6", "WrapNet, ternary, 8 bits", "CIFAR-10 VGG7") == accuracy("2.14", "2")
    assert accuracy("2.10", "cyclic, 0.01", "overflow rate") == accuracy("2.14", "1", "overflow rate")
    assert accuracy("2.1", "full precision", "accuracy, 32 bits") == accuracy("2.6", "full precision", "CIFAR-10 VGG7")


def test_differences_are_those_of_the_accuracies() -> None:
    for penalty in ("0", "0.01"):
        gained = accuracy("2.4", f"{penalty}, p = 5%") - accuracy("2.4", f"{penalty}, p = 20%")
        assert accuracy("2.4", f"{penalty}, p = 5%", "difference") == pytest.approx(gained)
    float_accuracy = accuracy("2.1", "full precision", "accuracy, 32 bits")
    for bits in PUBLISHED["2.14"].names:
        assert accuracy("2.14", bits, "degradation") == pytest.approx(float_accuracy - accuracy("2.14", bits))


def test_overflow_ruins_networks_that_were_not_trained_for_it() -> None:
    lost = accuracy("2.1", "2/1", "accuracy, 32 bits") - accuracy("2.1", "2/1", "accuracy, 8 bits")
    assert lost > 40
    assert round(accuracy("2.1", "3/1", "overflow rate, 8 bits")) == 11
    assert accuracy("2.1", "3/1", "accuracy, 8 bits") == pytest.approx(10, abs=0.1)  # a guess among ten classes


def test_the_best_slope_overflow_rate_and_weights() -> None:
    for number, best in (("2.2", "k = 2"), ("2.3", "p = 5%"), ("2.14", "4"), ("2.9", "cyclic, ReLU, k = 2")):
        table = PUBLISHED[number]
        trained = [name for name in table.names if table.cell(name, "accuracy") is not Mark.DIVERGES]
        assert max(trained, key=lambda name: accuracy(number, name)) == best
    assert PUBLISHED["2.2"].cell("k = infinity", "accuracy") is Mark.DIVERGES
    assert PUBLISHED["2.3"].cell("p = 50%", "accuracy") is Mark.DIVERGES
    assert round(accuracy("2.3", "p = 30%")) == 85
    for name in PUBLISHED["2.9"].names:  # a ReLU after the batch norm always helps
        if ", ReLU," in name:
            assert accuracy("2.9", name) > accuracy("2.9", name.replace(", ReLU,", ", no ReLU,"))


def test_the_carry_penalty_lowers_the_deviation_by_nine_tenths() -> None:
    table = PUBLISHED["2.5"]
    before, after = (table.numeric(name, "carry deviation") for name in ("Baseline", "Carry variance penalty"))
    assert after / before == pytest.approx(0.1, abs=0.02)
    assert round(table.numeric("Carry variance penalty", "carries")) == 384


def test_benchmarks_compare_as_the_text_says() -> None:
    table = PUBLISHED["2.6"]
    columns = [heading for heading in table.headings if heading.startswith(("CIFAR", "ImageNet"))]
    assert all(table.numeric("BWN", column) < table.numeric("full precision", column) for column in columns)
    lost = [table.numeric("BWN", c) - table.numeric("WrapNet, binary, 8 bits", c) for c in columns[-2:]]
    assert mean(lost) == pytest.approx(8, abs=0.5)
    better = table.numeric("WrapNet, ternary, 12 bits", "ImageNet ResNet50") - table.numeric("TWN", "ImageNet ResNet50")
    assert 0 < better < 1  # slightly better than TWN
    for name in table.names:
        wide = "WrapNet" not in name
        assert table.numeric(name, "accumulator bits") == (32 if wide else int(name.split()[-2]))
