"""Proofs that generated units meet their specification for every input sequence.

The specifications are the Verilog files in this folder, written from the formulas and not from the generators.
"""
