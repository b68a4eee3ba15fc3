"""Hardware generators: multiply-accumulate units with wrap-around accumulators, in Amaranth."""
