"""The copy of a library that tools get: what it keeps, and that Yosys maps onto it."""

import re
from pathlib import Path

import pytest

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from reports.cells.liberty_copy import liberty_text, with_areas, with_cells
from reports.cells.library import Library
from reports.mac.mutants import measure_mutants, passed
from reports.mac.synthesis import NETLIST, synthesize
from sim.gates.cells import read_cells
from sim.gates.liberty import Attribute, parse_liberty
from tests.support.liberty import BUFFER, BUS_NAND, CELLS, FLIP_FLOP, INVERTER, NAND, RESETTABLE, UNUSABLE

TINY = MacDesign.parse("1x1x2")

HEADER = """
  /* { */ // }
  comment : "range {0..1 /* of \\"http://x.y\\" \xa9 (; \\
    and more";
  define ("speed", cell, string); time_unit : "1ns"; capacitive_load_unit (1.0, "pf"); voltage_map (VDD, 1.1);
  input_voltage (cmos) { vil : 0.3 * VDD; vih : 0.7 * (VDD - 0.1); }
  type (four) { base_type : array; bit_width : 4; }
  operating_conditions ("slow/1.1V") { voltage : 1.1 }
  lu_table_template ("t-1") { variable_1 : input_net_transition; index_1 ("1, \\
    2"); }
"""


def test_a_copy_reads_as_the_original_without_what_tools_stumble_over() -> None:
    original = parse_liberty(f"library (x) {{ {HEADER} {CELLS} }}")
    text = liberty_text(original)
    assert text.isascii()
    copy = parse_liberty(text)
    assert read_cells(text) == read_cells(f"library (x) {{ {HEADER} {CELLS} }}")
    assert (copy.value("time_unit"), copy.values("capacitive_load_unit")) == ("1ns", ("1.0", "pf"))
    assert copy.value("comment") == "range 0..1 * of http: x.y and more"
    assert copy.all("lu_table_template")[0].values("index_1") == ("1, 2",)
    assert copy.all("input_voltage")[0].items == ()
    assert liberty_text(copy) == text


@pytest.mark.parametrize(
    "cells",
    [
        CELLS.replace(FLIP_FLOP, RESETTABLE).replace('"', ""),
        CELLS.replace(BUFFER, BUFFER.replace('"A"', "A+0")),
        CELLS.replace(': "!A"', '("!A")'),
        CELLS.replace(NAND, BUS_NAND).replace('"', ""),
    ],
    ids=["unquoted", "a sum", "as a list", "bus"],
)
def test_functions_are_quoted_in_a_copy_however_they_are_written(cells: str) -> None:
    original = f"library (x) {{ {cells} }}"
    text = liberty_text(parse_liberty(original))
    stated = re.findall(r"\b(?:function|next_state|clocked_on|clear|preset) : (.*);", text)
    assert len(stated) >= 6
    assert all(re.fullmatch(r'"[^"]+"', one) for one in stated)
    assert read_cells(text) == read_cells(original)


def test_cells_are_chosen_marked_and_given_areas() -> None:
    shared = NAND.replace("(A)", "(A, B)").replace("pin (B) { direction : input; }", "")
    library = parse_liberty(f"library (x) {{ {INVERTER} {BUFFER} {shared} {INVERTER} }}")
    chosen = parse_liberty(liberty_text(with_cells(library, {"INV", "NAND"}, {"INV"})))
    inverter, nand = chosen.all("cell")
    assert (inverter.names, inverter.value("dont_use"), nand.value("dont_use")) == (("INV",), "true", None)
    assert [pin.names for pin in nand.all("pin")] == [("A",), ("B",), ("Y",)]
    measured = with_areas(library, {"BUF": 32.0, "NAND": 0.5})
    assert [cell.value("area") for cell in measured.all("cell")] == ["1", "32", "0.5", "1"]
    assert measured.all("cell")[1].items[0] == Attribute("area", ("32",))


@pytest.mark.parametrize(
    "cells",
    [
        HEADER + CELLS,
        CELLS.replace(NAND, BUS_NAND),
        CELLS.replace("(NAND)", '("N.A$N[0]")'),
        CELLS.replace("(NAND)", f"({'LONG' * 25})"),
        CELLS.replace("area : 2;", "area : 2; type (four) { bit_width : 4; }"),
        CELLS + " ".join([*UNUSABLE, NAND]),
        CELLS.replace(FLIP_FLOP, RESETTABLE),
        CELLS.replace(FLIP_FLOP, RESETTABLE).replace('"', ""),
    ],
    ids=["header", "bus", "name", "long name", "type", "unusable", "resettable", "unquoted"],
)
def test_units_are_mapped_and_mutated_with_libraries_of_foundries(cells: str, tmp_path: Path) -> None:
    library = Library("x", f"library (x) {{ {cells} }}")
    result = measure_mutants(GeneratedUnit.generate(TINY), library, tmp_path, count=5, seed=0, proof_limit=60)
    assert passed(result)


def test_cells_that_are_left_alone_are_not_mapped_onto(tmp_path: Path) -> None:
    cheap = NAND.replace("NAND", "CHEAP").replace("area : 2", "area : 0.1")
    ff = FLIP_FLOP.replace("DFF", "SMALL").replace("area : 4", "area : 0.1")
    text = f"library (x) {{ {CELLS} {cheap} {ff} }}"
    for pattern, used in (((), True), (("CH*", "SMAL?"), False)):
        synthesize(GeneratedUnit.generate(TINY), Library("x", text, pattern), tmp_path)
        netlist = (tmp_path / NETLIST).read_text()
        assert ("CHEAP" in netlist, "SMALL" in netlist) == (used, used)
