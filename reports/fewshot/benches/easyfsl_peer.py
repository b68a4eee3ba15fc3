"""Evaluation by easyfsl (version 1.5.0), on the same episodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

from models.fewshot.episodes import Episodes

NAME = "easyfsl"


def easyfsl(module: str = "") -> Any:
    """A module of easyfsl. Raises ValueError if it is not installed."""
    try:
        return import_module(f"{NAME}.{module}" if module else NAME)
    except ImportError as error:
        raise ValueError(
            f"easyfsl cannot be imported ({error}); install it without its dependencies, which hold another torch: "
            "`pip install --no-deps easyfsl==1.5.0`, and pandas, torchvision and tqdm beside it"
        ) from error


def easyfsl_accuracy(encoder: nn.Module, episodes: Episodes, count: int) -> float:
    """The share of queries in the first `count` episodes that easyfsl's Prototypical Networks classify rightly.

    Its data loader, which works in this process, gets the episodes as indices and normalised images in memory. Raises
    ValueError if easyfsl is not installed.
    """
    shape, classes = episodes.shape, episodes.classes
    images = TensorDataset(episodes.data.normalise(classes.images), classes.labels)
    with _sampler_that_takes_a_data_source():
        sampler = easyfsl("samplers").TaskSampler(
            SimpleNamespace(get_labels=classes.labels.tolist), shape.way, shape.shot, shape.query, count
        )
    chosen = episodes.indices(range(count)).flatten(1).tolist()
    loader: DataLoader[Any] = DataLoader(images, batch_sampler=chosen, collate_fn=sampler.episodic_collate_fn)
    network = easyfsl("methods").PrototypicalNetworks(encoder)
    found: float = easyfsl("utils").evaluate(network, loader, device=str(classes.images.device), use_tqdm=False)
    return found


@contextmanager
def _sampler_that_takes_a_data_source() -> Iterator[None]:
    """easyfsl passes one to torch's Sampler, which takes none in newer versions."""
    if Sampler.__init__ is not object.__init__:
        yield
        return

    def initialise(self: Any, data_source: Any = None) -> None:
        del self, data_source

    Sampler.__init__ = initialise  # type: ignore[method-assign]
    try:
        yield
    finally:
        del Sampler.__init__


def installed_version() -> str:
    """The version of easyfsl. Raises ValueError if it is not installed."""
    return str(easyfsl().__version__)
