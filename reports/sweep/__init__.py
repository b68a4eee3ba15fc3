"""Sweeps over implementations and mappings of units."""
