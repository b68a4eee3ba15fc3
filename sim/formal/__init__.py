"""Proofs that generated units do what they are specified to do, for every input sequence.

The specifications are the Verilog files of this folder, written from the formulas and not from the generators.
"""
