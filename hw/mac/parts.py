"""The parts of a multiply-accumulate unit, named once for hardware, proofs and reports."""

MULTIPLIER = "multiplier"
"""The multiplier with its product register."""

ACCUMULATOR = "accumulator"
"""The accumulator, a register that wraps around."""

CYCLIC = "cyclic"
"""The cyclic activation with its output register."""

AUXILIARY = "auxiliary"
"""Input registers and control."""

PARTS = (MULTIPLIER, ACCUMULATOR, CYCLIC, AUXILIARY)
"""All parts, in the order of Tables 2.12 and 2.13."""
