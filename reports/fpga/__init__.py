"""Units on FPGAs: mapping, place and route, tables."""
