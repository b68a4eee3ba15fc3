"""Liberty's functions against Python's, over their whole truth tables."""

from itertools import product

import pytest

from sim.gates.expressions import Expression, inverted, parse_expression


def column(text: str, pins: str) -> list[bool]:
    table = parse_expression(text).table(tuple(pins))
    return [bool(table >> row & 1) for row in range(1 << len(pins))]


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("!(A & B)", lambda a, b, c: not (a and b)),
        ("(!(A B))", lambda a, b, c: not (a and b)),
        ("A'", lambda a, b, c: not a),
        ("(A+B)'*C", lambda a, b, c: not (a or b) and c),
        ("A B + C", lambda a, b, c: (a and b) or c),
        ("A | B & C", lambda a, b, c: a or (b and c)),
        ("A ^ B C", lambda a, b, c: (a != b) and c),
        ("A & B ^ C", lambda a, b, c: a and (b != c)),
        ("!A^B", lambda a, b, c: (not a) != b),
        ("!A !B", lambda a, b, c: not a and not b),
        ("!!A", lambda a, b, c: a),
        ("((C & B) | (A & !C))", lambda a, b, c: b if c else a),
        ("1", lambda a, b, c: True),
        ("0 | A", lambda a, b, c: a),
    ],
)
def test_functions_mean_what_liberty_says(text: str, function: object) -> None:
    assert callable(function)
    rows = [tuple(reversed(row)) for row in product([False, True], repeat=3)]
    assert column(text, "ABC") == [bool(function(*row)) for row in rows]


DEEP = ["(" * 3000 + "A" + ")" * 3000, "!" * 3000 + "A", "A" + "'" * 3000]


@pytest.mark.parametrize("text", ["", "A &", "(A", "A)", "A ? B", "& A", "!", "D[x]", "D[", *DEEP])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the function"):
        parse_expression(text)


def test_text_and_substitution_keep_the_meaning() -> None:
    function = parse_expression("!(A | (B1 & B2))")
    assert function.text({"A": "n1", "B1": "n2", "B2": "n3"}) == "(~(n1 | (n2 & n3)))"
    assert function.pins() == {"A", "B1", "B2"}
    swapped = function.with_pins({"A": Expression("B1"), "B1": Expression("A")})
    assert swapped == parse_expression("!(B1 | (A & B2))")
    assert inverted(function).table(("A", "B1", "B2")) == parse_expression("A | (B1 & B2)").table(("A", "B1", "B2"))
