"""Cells read from Liberty texts."""

import pytest

from reports.cells.liberty import load_library
from sim.gates.cells import cell_set, read_cells
from sim.gates.expressions import parse_expression
from tests.support.liberty import BUS_NAND, CELLS, FLIP_FLOP, INVERTER, NAND, UNUSABLE

LATCH = 'cell (LATCH) { latch (IQ, IQN) { enable : "G"; } pin (Q) { direction : output; function : "IQ"; } }'


def test_gates_and_flip_flops_are_read_and_latches_left_out() -> None:
    text = f'/* a {{ */ library ("x") {{ time_unit : "1ns"; define (a, b, c); {INVERTER} {LATCH} {FLIP_FLOP} }}'
    cells = read_cells(text)
    assert set(cells) == {"INV", "DFF"}
    assert cells["INV"].inputs == {"A"}
    assert cells["INV"].outputs == {"Y": parse_expression("!A")}
    register = cells["DFF"].flip_flop
    assert register is not None
    assert (register.state, register.inverse) == ("IQ", "IQN")
    assert (register.clock, register.next_state) == (parse_expression("C"), parse_expression("D"))


def test_the_builtin_library_is_read_whole() -> None:
    cells = read_cells(load_library("builtin").text)
    assert len(cells) == 65
    assert sum(cell.flip_flop is not None for cell in cells.values()) == 8
    assert len(cells["OAI33_X1"].inputs) == 6
    assert set(cells["FA_X1"].outputs) == {"CO", "S"}


def test_lines_may_be_continued_and_lack_semicolons() -> None:
    text = """library (x) {
      nom_voltage : 1.1
      lu_table_template (t) { index_1 ("1, \\
         2"); }
      cell ("NAND") { area : 2
        pin ("A") { direction : input } pin (B) { direction : input }
        pin (Y) { direction : output; function : "(A B)'"; timing () { related_pin : "A"; values ("1, 2", "3, 4"); } }
      } }"""
    assert read_cells(text)["NAND"].outputs["Y"] == parse_expression("!(A & B)")


@pytest.mark.parametrize(
    ("text", "message"),
    [("library (x) { cell (A) {", "ends within cell A"), ("library (x) { ? }", "cannot be read at")],
)
def test_broken_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_cells(text)


def test_pins_may_be_bits_of_a_bus_or_share_a_group() -> None:
    shared = INVERTER.replace("INV", "AND").replace("(A)", '(A, "B")').replace("!A", "A B")
    cells = read_cells(f"library (x) {{ {BUS_NAND} {shared} }}")
    assert cells["NAND"].inputs == {"D[0]", "D[1]"}
    assert cells["NAND"].outputs["Y"].pins() == {"D[0]", "D[1]"}
    assert (cells["AND"].inputs, cells["AND"].area) == ({"A", "B"}, 1)


@pytest.mark.parametrize("cell", UNUSABLE)
def test_cells_that_cannot_be_used_are_left_out_with_the_reason(cell: str) -> None:
    found = cell_set(f"library (x) {{ {CELLS} {cell} }}")
    assert set(found.usable) == {"INV", "BUF", "NAND", "DFF"}
    ((name, reason),) = found.unusable.items()
    shown = UNUSABLE[cell]
    assert reason.startswith(shown.partition("(")[2].rstrip(")"))
    assert name == shown.partition(" (")[0].strip("'")


def test_of_two_cells_of_one_name_the_first_counts() -> None:
    again = NAND.replace("area : 2", "area : 9")
    cells = CELLS, again, again.replace("function", "none"), LATCH, LATCH.replace("latch", "none")
    found = cell_set(f"library (x) {{ {' '.join(cells)} }}")
    assert (set(found.usable), found.usable["NAND"].area) == ({"INV", "BUF", "NAND", "DFF"}, 2)
    assert (found.unusable, found.repeated) == ({"LATCH": "has a latch"}, ["NAND", "LATCH"])
