"""Stands for easyfsl where it is not installed: the parts that the bench calls, written anew from its interface."""

import sys
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler

VERSION = "stand-in"


class TaskSampler(Sampler[Any]):
    """Collates the images of an episode, class by class. Gives torch's Sampler a data source, as easyfsl does."""

    def __init__(self, dataset: Any, n_way: int, n_shot: int, n_query: int, n_tasks: int) -> None:
        super().__init__(data_source=None)  # type: ignore[call-arg]
        self.sizes = n_way, n_shot, n_query
        self.labels = dataset.get_labels()

    def episodic_collate_fn(self, samples: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, ...]:
        way, shot, query = self.sizes
        names = list({int(label) for _, label in samples})
        images = torch.stack([image for image, _ in samples]).unflatten(0, (way, shot + query))  # type: ignore[no-untyped-call]
        labels = torch.tensor([names.index(int(label)) for _, label in samples]).view(way, -1)
        return (
            images[:, :shot].flatten(0, 1),
            labels[:, :shot].flatten(),
            images[:, shot:].flatten(0, 1),
            labels[:, shot:].flatten(),
            torch.tensor(names),
        )


class PrototypicalNetworks(nn.Module):
    """Keeps the means of the support's features."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone


def evaluate(model: PrototypicalNetworks, loader: DataLoader[Any], *, device: str, use_tqdm: bool) -> float:
    """The share of queries whose nearest prototype is their class's."""
    assert device == "cpu"
    assert not use_tqdm
    right = total = 0
    with torch.no_grad():
        for support, labels, query, query_labels, _ in loader:
            features = model.backbone(support)
            prototypes = torch.stack([features[labels == label].mean(0) for label in labels.unique()])
            predicted = torch.cdist(model.backbone(query), prototypes).argmin(1)
            right += int((predicted == query_labels).sum())
            total += len(query_labels)
    return right / total


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `import easyfsl` find the stand-in."""
    parts = {"samplers": {"TaskSampler": TaskSampler}, "methods": {"PrototypicalNetworks": PrototypicalNetworks}}
    package = ModuleType("easyfsl")
    package.__dict__.update(__version__=VERSION, __path__=[])
    monkeypatch.setitem(sys.modules, "easyfsl", package)
    for name, content in (parts | {"utils": {"evaluate": evaluate}}).items():
        module = ModuleType(f"easyfsl.{name}")
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, f"easyfsl.{name}", module)
