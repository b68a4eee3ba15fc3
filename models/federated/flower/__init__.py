"""Clients behind a network, through Flower (extra `federated`)."""
