"""Cells in Liberty, for tests."""

INVERTER = 'cell (INV) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }'
FLIP_FLOP = (
    'cell (DFF) { area : 4; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; } pin (D) { direction : input; } '
    'pin (C) { direction : input; clock : true; } pin (Q) { direction : output; function : "IQ"; } }'
)
