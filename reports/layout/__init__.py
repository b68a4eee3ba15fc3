"""Lays out units with open tools: mapping, placement, routing, extraction and timing, down to the cycle time."""
