"""The training methods as the commands `train`, `evaluate` and `export` see them, one module each."""
