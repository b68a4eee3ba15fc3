"""Options of the benches of one chapter each."""
