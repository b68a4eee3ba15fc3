"""The multiply-accumulate unit's bench: golden model, stimuli, coverage, drivers."""
