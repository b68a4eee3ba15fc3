"""Rows: ratios to the reference of the bench, and their JSON."""

import pytest

from reports.bench.rows import Comparison, Row, bench_record, compared

MILLISECONDS = {"plain": 2.0, "fast": 1.0, "slow": 5.0}
TO_PLAIN = Comparison(key="ratio_to_plain", reference=lambda _: "plain")
OVER_FASTEST = Comparison(key="speedup", reference=lambda times: min(times, key=times.__getitem__), speedup=True)


def test_ratios_are_of_times_or_of_speeds() -> None:
    assert [row.ratio for row in compared("network", MILLISECONDS, TO_PLAIN)] == [1.0, 0.5, 2.5]
    assert [row.ratio for row in compared("network", MILLISECONDS, OVER_FASTEST)] == [0.5, 1.0, 0.2]


def test_rows_are_written_with_their_figures_tools_and_machine() -> None:
    rows = compared("network", MILLISECONDS, TO_PLAIN, {"fast": {"peak_memory_mib": 3.5, "device": "cpu"}})
    assert rows[1] == Row(
        name="network",
        case="fast",
        milliseconds=1.0,
        ratio=0.5,
        figures={"peak_memory_mib": 3.5, "device": "cpu"},
    )
    record = bench_record(rows[:2], TO_PLAIN, tools={"torch": "2"}, machine="a machine", rounds=3)
    assert record == {
        "rows": [
            {"name": "network", "case": "plain", "milliseconds": 2.0, "ratio_to_plain": 1.0},
            {
                "name": "network",
                "case": "fast",
                "milliseconds": 1.0,
                "ratio_to_plain": 0.5,
                "peak_memory_mib": 3.5,
                "device": "cpu",
            },
        ],
        "tools": {"torch": "2"},
        "machine": "a machine",
        "rounds": 3,
    }


def test_figures_cannot_hide_the_fields_of_a_row() -> None:
    rows = compared("network", MILLISECONDS, TO_PLAIN, {"fast": {"ratio_to_plain": 9.0, "case": "slow"}})
    with pytest.raises(ValueError, match="figures of 'fast' are called case, ratio_to_plain, as the row's own fields"):
        bench_record(rows, TO_PLAIN, {}, "")
