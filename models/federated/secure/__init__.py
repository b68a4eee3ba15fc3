"""Secure aggregation: a server learns the sum of its clients' updates, and none of them (extra `federated`).

Bonawitz et al., Practical Secure Aggregation for Privacy-Preserving Machine Learning, CCS 2017. Each pair of clients
adds a mask that cancels in the sum, and each client one of its own, whose seed the others hold in shares. Here clients'
keys last for a run and each round's secrets are derived from them, so a round takes two messages to a client.
"""
