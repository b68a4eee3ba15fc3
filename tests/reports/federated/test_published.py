"""Chapter 3's tables agree with themselves and with the dissertation's prose."""

import pytest

from reports.federated.published import PUBLISHED
from reports.tables.published import Mark


def test_shapes() -> None:
    assert {number: (len(table.rows), len(table.columns)) for number, table in PUBLISHED.items()} == {
        "3.1": (3, 5),
        "3.2": (3, 3),
        "3.3": (3, 5),
    }


def test_savings_are_the_differences_of_the_memory() -> None:
    table = PUBLISHED["3.2"]
    full = table.numeric("float32", "memory")
    assert table.cell("float32", "saving") is Mark.ABSENT
    for name in ("float16", "int8"):
        assert table.numeric(name, "saving") == full - table.numeric(name, "memory")
    further = table.numeric("int8", "saving") - table.numeric("float16", "saving")
    assert further / 1000 == pytest.approx(100, abs=1)  # MB, if the figures are kB
    assert table.numeric("int8", "memory") / full == pytest.approx(0.638, abs=0.0005)


def test_eight_bits_lose_nothing_and_four_bits_hardly_anything() -> None:
    for number, base, quantized, most in (
        ("3.1", "float32", "int8", 0.0),
        ("3.1", "float32", "int4", 0.1),
        ("3.3", "float32", "FedAQT", 0.0),
    ):
        table = PUBLISHED[number]
        for heading in table.headings[1:]:
            assert table.numeric(quantized, heading) - table.numeric(base, heading) <= most + 1e-9
