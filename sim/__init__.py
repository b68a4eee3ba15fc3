"""Checks of generated hardware: benches in simulators, golden models, gate-level simulation and proofs."""
