"""Sweeps over the ways to build and map units."""
