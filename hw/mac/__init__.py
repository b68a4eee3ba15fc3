"""The multiply-accumulate unit: its parameters, parts and Verilog."""
