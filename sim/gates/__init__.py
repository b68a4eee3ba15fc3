"""Mapped netlists as logic: simulated in 512 lanes, mutated, and compared with the golden model."""
