"""Tables 4.1, 4.2, 4.6 and 4.12 from records of the bench."""

from typing import Any

import pytest

from models.attention.backbones.letters import check_letters
from reports.attention.benches.attention_bench import size_name
from reports.attention.benches.speed_tables import SPEED_TABLES, speed_setting, speed_table
from reports.attention.published import PUBLISHED


def record(number: str) -> dict[str, Any]:
    """A record in which every model takes a second at its place in the table."""
    setting = speed_setting(number, rounds=2)
    rows = [
        {"name": f"{size_name(size)}, eager", "case": model, "least_ms": 1000.0 + place, "reshapes": place}
        for size in setting.sizes
        for place, model in enumerate(setting.models)
    ]
    return {"rows": rows, "backends": ["eager"], "rounds": 2, "machine": "a machine"}


@pytest.mark.parametrize("number", list(SPEED_TABLES))
def test_rows_of_the_published_table_are_measured(number: str) -> None:
    assert list(SPEED_TABLES[number].models) == PUBLISHED[number].names
    table = speed_table(number, record(number))
    ours = [column for column in table.columns if column.startswith("ours, ") and "eager" in column]
    assert len(ours) == len(SPEED_TABLES[number].sizes)
    place = table.columns.index(ours[0])
    assert [row[place] for row in table.rows] == [f"{1000 + row:,.2f}" for row in range(len(table.rows))]


@pytest.mark.parametrize("number", ["4.1", "4.2", "4.12"])
def test_networks_are_named_by_four_letters_and_operations_are_counted(number: str) -> None:
    for model in SPEED_TABLES[number].models.values():
        check_letters(model.split(":")[1], 4)
    assert "ours, reshapes in ONNX" in speed_table(number, record(number)).columns
