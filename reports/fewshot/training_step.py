"""A step of training outside of the loop, for benches and tables that time it."""

from models.training.method import Batch, Loss, Method


def train(method: Method, batch: Batch) -> None:
    """Trains a method's models by a step on a batch."""
    optimizers = [scheduled.optimizer for scheduled in method.optimizers.values()]
    for optimizer in optimizers:
        optimizer.zero_grad()
    found = method.step(method.models, batch)
    if isinstance(found, Loss):
        found.loss.backward()  # type: ignore[no-untyped-call]
    for optimizer in optimizers:
        optimizer.step()
