"""Lists of names in messages."""

import pytest

from models.listing import listed


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "n0"), (3, "n0, n1, n2"), (4, "n0, n1, n2 and 1 more"), (9, "n0, n1, n2 and 6 more")],
)
def test_the_first_names_are_listed_and_the_others_counted(count: int, text: str) -> None:
    assert listed([f"n{number}" for number in range(count)], 3) == text
