"""What can go wrong with a run."""


class TrainingError(ValueError):
    """A run cannot go on: its loss is not finite, or its checkpoint is damaged or belongs to another run."""
