"""Cells in Liberty, for tests."""

INVERTER = 'cell (INV) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }'
FLIP_FLOP = (
    'cell (DFF) { area : 4; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; } pin (D) { direction : input; } '
    'pin (C) { direction : input; clock : true; } pin (Q) { direction : output; function : "IQ"; } }'
)
BUFFER = INVERTER.replace("INV", "BUF").replace("!A", "A")
NAND = (
    "cell (NAND) { area : 2; pin (A) { direction : input; } pin (B) { direction : input; } "
    'pin (Y) { direction : output; function : "!(A & B)"; } }'
)
BUS_NAND = NAND.replace("(A)", "(D[0])").replace("(B)", "(D[1])").replace("A & B", "D[0] & D[1]")
"""The NAND with pins that are bits of a bus."""

RESETTABLE = FLIP_FLOP.replace('next_state : "D";', 'next_state : "D"; clear : "!R"; preset : "S"; ').replace(
    "pin (D)", "pin (R) { direction : input; } pin (S) { direction : input; } pin (D)"
)
"""A flip-flop with an asynchronous reset and set."""

CELLS = f"{INVERTER}\n{BUFFER}\n{NAND}\n{FLIP_FLOP}"
"""What a unit can be built of."""

RAM = (
    "cell (RAM) { area : 90; memory () { type : ram; address_width : 2; word_width : 4; } "
    "bus (D) { bus_type : four; direction : input; } bus (Q) { bus_type : four; direction : output; } }"
)
LATCH = 'cell (LATCH) { area : 3; latch (IQ, IQN) { enable : "G"; } pin (Q) { direction : output; function : "IQ"; } }'
UNUSABLE = {
    RAM: "RAM (has a bus)",
    LATCH: "LATCH (has a latch)",
    NAND.replace("NAND", "GATE").replace("area : 2;", ""): "GATE (no area)",
    NAND.replace("NAND", "GATE").replace("area : 2;", "area : -2;"): "GATE (area is '-2')",
    NAND.replace("NAND", "GATE").replace("area : 2;", "area : nan;"): "GATE (area is 'nan')",
    NAND.replace("NAND", "GATE").replace("A & B", "A ? B"): "GATE (function '!(A ? B)' cannot be read)",
    NAND.replace("NAND", "GATE").replace("A & B", "A & Z"): "GATE (function of Z, which is no input)",
    NAND.replace("NAND", "GATE").replace('function : "!(A & B)";', ""): "GATE (no function)",
    NAND.replace("NAND", "GATE").replace("(B)", "(A)"): "GATE (pin A defined twice)",
    NAND.replace("NAND", "GATE").replace("(A)", '("A;B")'): "GATE (pin 'A;B')",
    NAND.replace("NAND", '"a; shell"'): "'a; shell' (name)",
    INVERTER.replace("INV", "TRI").replace("output;", 'output; three_state : "A";'): "TRI (three-state)",
    FLIP_FLOP.replace("DFF", "DFX").replace('clocked_on : "C";', ""): "DFX (no clocked_on)",
    FLIP_FLOP.replace("DFF", "DFX").replace('next_state : "D";', ""): "DFX (no next_state)",
    FLIP_FLOP.replace("DFF", "DFX").replace("ff (IQ, IQN)", "ff (IQ)"): "DFX (ff without its two states)",
    'cell (SEQ) { area : 1; statetable ("D", "Q") { table : "L : - : L"; } }': "SEQ (has a statetable)",
    NAND.replace("NAND", "LONG" * 26): f"{'LONG' * 26} (name)",
    "cell (BANK) { area : 1; ff_bank (IQ, IQN, 4) { } }": "BANK (has an ff_bank)",
    "cell () { area : 1; }": "'' (name)",
}
"""Cells that cannot be used, beside `CELLS`, each with how a note names it."""
