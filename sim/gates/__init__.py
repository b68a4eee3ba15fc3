"""Mapped netlists as logic: simulated 512 lanes at a time, mutated, compared."""
