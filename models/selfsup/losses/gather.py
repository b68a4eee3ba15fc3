"""Features of the whole batch where several processes share it."""

from torch import Tensor

from models.training.processes import gather_with_gradients, process_index


def gathered(views: Tensor) -> tuple[Tensor, int]:
    """The features (views, images, features) of all processes' images, and the place of this process's first one.

    Gradients flow back to the processes that the features come from. Each process has to bring as many images.
    """
    everything = gather_with_gradients(views.transpose(0, 1)).transpose(0, 1)
    return (views, 0) if everything.shape == views.shape else (everything, process_index() * views.shape[1])
