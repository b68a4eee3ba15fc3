"""Federated training of networks that clients hold in a few bits: FedAQT (dissertation chapter 3)."""
