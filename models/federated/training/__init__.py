"""Training in federated rounds: clients, rounds, and the run that they make."""
