"""Augmentation of episodes in four modes, and Meta-MaxUp (dissertation chapter 6)."""
