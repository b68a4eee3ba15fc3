"""Liberty as a tree: comments, strings, continued lines, and errors that say where."""

import time

import pytest

from sim.gates.cells import cell_set
from sim.gates.liberty import Attribute, Group, parse_liberty
from tests.support.liberty import BUFFER, INVERTER, NAND


def test_a_text_is_read_as_a_tree() -> None:
    library = parse_liberty("""
        /* library (not) { */ library ("x y") { // cell (not) {
          define ("speed", cell, string); time_unit : "1ns" ; nom_voltage : 1.1
          capacitive_load_unit (1, pf);
          lu_table_template (t) { index_1 ("1, \\
             2"); }
          operating_conditions (typ) { voltage : 1.1 }
          cell (A) { comment : "range {0..1 /* // ;"; speed : \\
            "slow"; pin (B[0]) { direction : input /* none */ } }
        }""")
    assert (library.kind, library.names, library.value("time_unit"), library.value("none")) == (
        "library",
        ("x y",),
        "1ns",
        None,
    )
    assert library.items[0] == Attribute("define", ('"speed"', "cell", "string"), is_list=True)
    assert library.values("capacitive_load_unit") == ("1", "pf")
    assert [group.kind for group in library.walk()][1:] == ["lu_table_template", "operating_conditions", "cell", "pin"]
    assert library.all("lu_table_template")[0].values("index_1")[0].split() == ["1,", "2"]
    (cell,) = library.all("cell")
    assert (cell.line, cell.value("comment"), cell.value("speed")) == (8, "range {0..1 /* // ;", "slow")
    assert cell.all("pin") == [Group("pin", ("B[0]",), (Attribute("direction", ("input",)),), 9)]


def test_attributes_without_values_are_none() -> None:
    library = parse_liberty("library (x) { area (); unit : ; list (1); cell (A) { } }")
    assert [library.value(name) for name in ("area", "unit", "list")] == [None, "", "1"]
    assert library.values("area") == ()


@pytest.mark.parametrize(
    "attribute",
    [
        'comment : abc "d e";',
        'k : "a" "b";',
        'k : "a" b "c" ;',
        'k : abc "d; { e"',
        'k : "a";',
        'k : "a" area : 2;',
        "sdf ((a b) (c (d)) e);",
        'sdf (a, ("(" /* ) */ b), c)',
        "sdf (());",
    ],
)
def test_attributes_in_no_known_form_do_no_harm(attribute: str) -> None:
    cell = f"cell (A) {{ {attribute}\n area : 2; pin (Y) {{ {attribute} }} }}"
    library = parse_liberty(f"library (x) {{ {cell} cell (B) {{ }} }}")
    first, second = library.all("cell")
    assert (first.names, first.value("area"), first.all("pin")[0].names, second.names) == (("A",), "2", ("Y",), ("B",))


def test_functions_in_no_known_form_leave_their_cell_alone_out() -> None:
    cells = [INVERTER.replace("INV", f"INV{at}").replace('"!A"', text) for at, text in enumerate(('"!A" "B"', '! "A"'))]
    nested = NAND.replace(': "!(A & B)"', "((!A) | (!B))")
    found = cell_set(f"library (x) {{ {' '.join(cells)} {nested} {BUFFER} }}")
    assert (set(found.usable), set(found.unusable)) == ({"BUF"}, {"INV0", "INV1", "NAND"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a Liberty file"),
        ("module x; endmodule", "is not a Liberty file at line 1: 'module x; endmodule'"),
        ("library (x) { }", "is not a Liberty file: it has no library with cells"),
        ("cell (x) { }", "is not a Liberty file: it has no library with cells"),
        ("library (x) {\n cell (A) {", "is truncated: its braces do not match: it ends within cell A, line 2"),
        ("library (x) {\n cell (A) { } ? }", r"cannot be read at line 2: '\? }'"),
        ("library (x) {\n cell (A) { } } }", "cannot be read at line 2: '}'"),
        ('library (x) {\n\n cell (A) { area : "1; } }', "cannot be read at line 3: '\"1; } }'"),
        ("library (x) { cell (A { } }", r"cannot be read at line 1: 'cell \(A { } }'"),
        ("library (x) { cell (A) { }\n /* } ", r"cannot be read at line 2: '/\* } '"),
        ("library (x) {\n include_file (more.lib);\n cell (A) { } }", "includes more.lib at line 2; allowed is text"),
        ("library (x) {\n include_file ((more));\n", "includes .* at line 2"),
        ("library (x) { cell ((A)) { } }", r"cannot be read at line 1: '{ } }'"),
        ("library (x) { cell (A) { } sdf ((a); }", r"cannot be read at line 1: 'sdf \(\(a\); }'"),
        ("library (x) {\n include_file : 1;\n include_file ();", "includes  at line 3"),
        ('library (x) {\n cell ("A\n\nB") {', "is truncated: .* within cell A B, line 2"),
        ("library (x) { cell (A) { } } library (y) { cell (B) { } }", "holds 2 libraries; allowed is one"),
        ("library (x) {" + "cell (A) {" * 60, "has more than 50 groups inside each other at line 1"),
    ],
)
def test_other_texts_are_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^mine.lib {message}"):
        parse_liberty(text, "mine.lib")


def test_large_texts_take_seconds_whatever_is_wrong_with_them() -> None:
    table = 'values ("' + ", ".join(["0.123456"] * 7) + '");'
    cell = "cell (A) {" + f"timing () {{ cell_rise (t) {{ {table * 7} }} }}" * 8 + "}\n"
    text = f"library (x) {{ {cell * (1_000_000 // len(cell))} }}"
    started = time.monotonic()
    assert len(parse_liberty(text).all("cell")) > 200
    for wrong in (text[:-2], text.replace("{", "", 1), '"' + text, "/*" + text, text + '"' * 100_000, "a" * 1_000_000):
        with pytest.raises(ValueError, match="the Liberty text"):
            parse_liberty(wrong)
    assert time.monotonic() - started < 5
