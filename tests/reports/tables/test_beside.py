"""How published numbers and measured ones are shown."""

import pytest

from reports.tables.beside import over_seeds, rendered
from reports.tables.published import Mark, PublishedTable, Value, count, milliseconds, number, percent, text

TABLE = PublishedTable(
    "9.1",
    "A table",
    (text("method"), text("backbone"), percent("accuracy"), count("cells"), milliseconds("latency", 1)),
    (
        ("ours", "small", Value(62.64, 0.3), 1298, 2.75),
        ("ours", "large", 70, Mark.UNSUPPORTED, None),
        ("theirs", "large", Mark.DIVERGES, 12, Mark.ABSENT),
    ),
    "What the text says.",
    labels=2,
)


def test_a_published_table_alone_is_shown_as_printed() -> None:
    shown = rendered(TABLE)
    assert shown.title == "Table 9.1: A table"
    assert shown.note == "What the text says."
    assert shown.columns == ("method", "backbone", "accuracy", "cells", "latency (ms)")
    assert shown.rows == [
        ("ours", "small", "62.64 ± 0.30%", "1,298", "2.8"),
        ("ours", "large", "70.00%", "not supported", ""),
        ("theirs", "large", "diverges", "12", "-"),
    ]


def test_measured_columns_stand_beside_the_published_ones() -> None:
    measured = {
        "ours, small": {"accuracy": [60.0, 62.0, 61.6], "latency": [3.14]},
        "theirs, large": {"accuracy": [50.0]},
    }
    shown = rendered(TABLE, measured, "Ours: three seeds.")
    assert shown.columns == (
        "method",
        "backbone",
        "published, accuracy",
        "ours, accuracy",
        "published, cells",
        "published, latency (ms)",
        "ours, latency (ms)",
    )
    assert shown.rows[0] == ("ours", "small", "62.64 ± 0.30%", "61.20 ± 1.00%", "1,298", "2.8", "3.1")
    assert shown.rows[1][3] == ""
    assert shown.rows[2][3] == "50.00%"
    assert shown.note == "What the text says. Ours: three seeds."


def test_columns_that_nothing_was_published_for_show_what_was_measured() -> None:
    table = PublishedTable("extra", "Ours", (text("network"), percent(""), count("bits")), (("one", None, None),))
    shown = rendered(table, {"one": {"": [90.5]}})
    assert shown.title == "Ours"
    assert shown.columns == ("network", "ours")
    assert shown.rows == [("one", "90.50%")]


def test_several_seeds_give_the_mean_and_half_the_range() -> None:
    assert over_seeds([]) is None
    assert over_seeds([2.0]) == 2.0
    assert over_seeds([1.0, 4.0, 1.0]) == Value(2.0, 1.5)
    assert count("bits").shown(over_seeds([3, 4])) == "4 ± 0.5"  # half a bit is not rounded away


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((("a", 1.0), ("a", 2.0)), "Table 9.2 has more than one row 'a'"),
        ((("a",),), r"Table 9\.2, row 'a': 1 cells for 2 columns"),
        ((("a", "1.0"),), r"Table 9\.2, row 'a', column 'loss': '1.0' is not a number or a mark"),
        (((1, 2.0),), r"Table 9\.2, row '1', column 'method': 1 is not text"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows: tuple[tuple[str | float, ...], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PublishedTable("9.2", "Bad", (text("method"), number("loss", 2)), rows)


def test_two_columns_of_one_heading_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Table 9\.2 has more than one column 'loss'"):
        PublishedTable("9.2", "Bad", (text("method"), number("loss", 2), percent("loss")), ())


def test_numbers_are_found_by_row_and_heading() -> None:
    assert TABLE.numeric("ours, small", "accuracy") == 62.64
    assert TABLE.numeric("ours, small", "cells") == 1298
    assert TABLE.cell("ours, large", "cells") is Mark.UNSUPPORTED
    with pytest.raises(ValueError, match=r"Table 9\.1 has no row 'ours'; allowed are ours, small; ours, large; "):
        TABLE.cell("ours", "cells")
    with pytest.raises(ValueError, match=r"Table 9\.1 has no column 'loss'; allowed are method; backbone; "):
        TABLE.cell("ours, small", "loss")
    with pytest.raises(ValueError, match=r"column 'cells' holds <Mark\.UNSUPPORTED.*, not a number"):
        TABLE.numeric("ours, large", "cells")


def test_labels_stand_to_the_left_and_numbers_to_the_right() -> None:
    lines = rendered(TABLE).markdown().splitlines()
    assert lines[0] == "## Table 9.1: A table"
    assert lines[3] == "| --- | --- | ---: | ---: | ---: |"
    assert [column.justify for column in rendered(TABLE).terminal().columns] == ["left"] * 2 + ["right"] * 3
