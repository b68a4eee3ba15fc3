"""A small technology in the form of qflow's, for tests that only read it."""

from pathlib import Path

from tests.support.liberty import CELLS

_DELAY = 'timing () { related_pin : "C"; cell_rise (t) { values ("0.1, 0.2"); } }'
_TIMED = CELLS.replace('function : "IQ";', f'function : "IQ"; {_DELAY}').replace(
    "pin (A) { direction : input; }", "pin (A) { direction : input; capacitance : 0.01; }"
)
LIBERTY = f'library (small) {{ time_unit : "1ns"; capacitive_load_unit (1, pf); {_TIMED} }}'

SCRIPT = """#!/usr/bin/tcsh
# Variables of a small technology

set leffile=small.lef
set libertyfile=small.lib
set spicefile=small.sp
set magicrc=small.magicrc
set techleffile=""
set flopcell=DFF\t;# flip-flop
set floppinclk=C ;# its clock
set bufcell=BUF
set bufpin_in=A
set bufpin_out=Y
set clkbufcell=BUF
set clkbufpin_in=A
set clkbufpin_out=Y
set nandgate=NAND
set fillcell=FILL
set addspacers_options="-stripe 2.0 50.0 PG"
"""


def _macro(name: str, width: float, pins: str) -> str:
    body = "".join(f"  PIN {pin}\n    DIRECTION INPUT ;\n  END {pin}\n" for pin in pins)
    return f"MACRO {name}\n  SIZE {width} BY 10.0 ;\n{body}END {name}\n"


LEF = "".join(
    [
        "# A small technology\nVERSION 5.8 ;\n",
        *(f"LAYER metal{level}\n  TYPE\tROUTING ;\nEND metal{level}\n" for level in (1, 2, 3)),
        "SITE core\n  SIZE 0.8 BY 10.0 ;\nEND core\n",
        *(
            _macro(*cell)
            for cell in (("INV", 1.6, "AY"), ("BUF", 2.4, "AY"), ("NAND", 2.4, "ABY"), ("DFF", 9.6, "DCQ"))
        ),
        _macro("FILL", 0.8, ""),
        "END LIBRARY\n",
    ]
)


def small_technology(folder: Path, name: str = "small") -> Path:
    """Returns a new folder with the technology."""
    made = folder / name
    made.mkdir()
    files = {f"{name}.sh": SCRIPT, "small.lef": LEF, "small.lib": LIBERTY, f"{name}.par": "random.seed : 1\n"}
    for file, text in {**files, "small.sp": "", "small.magicrc": "", f"{name}_setup.tcl": ""}.items():
        (made / file).write_text(text)
    return made
