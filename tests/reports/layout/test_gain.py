"""What narrow accumulators gain: plain against plain, best against best, operands of one kind."""

from typing import Any

from reports.layout.gain import gain_table


def unit(name: str, area: float, cycle: float, energy: float | None = None) -> dict[str, Any]:
    measured = {"name": name, "cell_area": area, "cycle_time_ns": cycle}
    return measured if energy is None else measured | {"energy_fj_per_op": energy}


def test_plain_and_best_units_are_compared_apart_for_each_cost() -> None:
    table = gain_table(
        [
            unit("3x1x32", 1000, 4, 5000),
            unit("3x1x32-early", 900, 2, 6000),
            unit("3x1x8k2", 500, 2, 2000),
            unit("3x1x8k2-early", 400, 4, 1250),
            unit("3x1x8k4", 500, 1, 3000),
            unit("8x8x32", 1, 1, 1),
        ]
    )
    assert table
    assert table.rows == [
        ("area x cycle, um2 ns", "3x1x32: 4,000", "3x1x8k4: 500", "8.0"),
        ("area x cycle, um2 ns", "3x1x32-early: 1,800", "3x1x8k4: 500", "3.6"),
        ("energy, pJ/op", "3x1x32: 5.00", "3x1x8k2: 2.00", "2.5"),
        ("energy, pJ/op", "3x1x32: 5.00", "3x1x8k2-early: 1.25", "4.0"),
    ]


def test_the_least_of_several_layouts_of_a_unit_counts() -> None:
    layouts = [unit("3x1x32", 40, 1), unit("3x1x32", 30, 1), unit("3x1x8k2", 10, 1), unit("3x1x8k2", 20, 1)]
    table = gain_table(layouts)
    assert table
    assert table.rows == [("area x cycle, um2 ns", "3x1x32: 30", "3x1x8k2: 10", "3.0")]


def test_there_is_no_gain_without_two_to_compare() -> None:
    assert gain_table([unit("8x8x32", 1, 1), unit("3x1x8k2", 1, 1)]) is None
    assert gain_table([]) is None
