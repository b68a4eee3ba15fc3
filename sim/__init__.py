"""Checks of the generated hardware: stimuli, golden models, simulators and coverage."""
