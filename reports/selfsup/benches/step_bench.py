"""The step bench: a whole step of SimCLR, views and network, beside the same step by lightly's recipe."""

from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count, repeat
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.optim import AdamW
from torch.utils.data import DataLoader, Dataset

from models.progress import Progress
from models.selfsup.config import SelfSupConfig
from models.selfsup.losses.contrastive import nt_xent
from models.selfsup.networks import OnlineNetwork, stem_of
from models.selfsup.views.recipes import ViewRecipe
from models.selfsup.views.views import Views
from models.training.seeds import check_seed
from reports.bench import torchvision_peer
from reports.bench.contenders import Call
from reports.bench.device import DeviceName, chosen_device
from reports.bench.in_turn import check_count, medians_on
from reports.bench.rows import Comparison, bench_record, compared
from reports.records.provenance import machine, tool_versions
from reports.selfsup.benches.view_peers import LIGHTLY, is_installed, lightly_transform, peer_versions

OURS, THEIRS = "views on the device", "lightly's recipe"

_TO_OURS = Comparison(key="ratio_to_ours", reference=lambda milliseconds: OURS)
_TEMPERATURE = 0.5

Loss = Callable[[Tensor], Tensor]


def bench_step(
    batch: int = 128,
    side: int = 32,
    width: int = 16,
    workers: int = 0,
    rounds: int = 7,
    seed: int = 0,
    device: DeviceName = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Times steps of SimCLR, from uint8 images to new weights, by the recipe `cifar` with a ResNet-18, on one thread.

    lightly's recipe, where it is installed, makes views image by image on the CPU and has lightly's loss; network and
    optimizer are the same. workers: processes that make its views, 0 for none.

    Returns `rows`, a dictionary per contender: `case`, `milliseconds`, `ratio_to_ours`; further `batch`, `side`,
    `width`, `workers`, `rounds`, `device`, `tools` and `machine`. Raises ValueError for settings that are not allowed.
    """
    check_seed(seed)
    for name, value, smallest in (("batch", batch, 2), ("side", side, 4), ("width", width, 1), ("rounds", rounds, 1)):
        check_count(name, value, smallest)
    check_count("workers", workers, 0)
    place = chosen_device(device)
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8, generator=generator)
    contenders = {
        OURS: _Step(width, side, place, lambda views: nt_xent(views, _TEMPERATURE)).of(_ours(images.to(place)))
    }
    if is_installed(LIGHTLY):
        contenders[THEIRS] = _Step(width, side, place, _loss_of_lightly()).of(_theirs(images, workers))
    medians, used = medians_on(place, contenders, rounds, progress)
    setting = {"batch": batch, "side": side, "width": width, "workers": workers, "rounds": rounds}
    name = f"{batch} images of {side} x {side}, width {width}"
    rows = compared(name, medians, _TO_OURS)
    return bench_record(rows, _TO_OURS, tool_versions() | peer_versions(), machine(), device=used, **setting)


class _Step:
    """A network that takes steps with a loss of two views (2, images, features)."""

    def __init__(self, width: int, side: int, device: torch.device, loss: Loss) -> None:
        config = SelfSupConfig(learner="simclr", width=width)
        self.network: nn.Module = OnlineNetwork(config, 3, stem_of(config, (3, side, side))).to(device)
        self.optimizer = AdamW(self.network.parameters())
        self.device = device
        self.loss = loss

    def of(self, batches: Iterator[Tensor]) -> Call:
        """A step with the views (2, images, channels, height, width) that come next."""
        return lambda: self._take(next(batches).to(self.device, non_blocking=True))

    def _take(self, views: Tensor) -> None:
        self.optimizer.zero_grad()
        self.loss(self.network(views).projections).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()


def _ours(images: Tensor) -> Iterator[Tensor]:
    views, numbers = Views(ViewRecipe(), 0), torch.arange(len(images))
    return (views(images, numbers, epoch) for epoch in count())


def batches_without_end(data: Dataset[Any], size: int, workers: int) -> Iterator[Any]:
    """The first `size` items of a data set as a batch, again and again; each of `workers` processes makes its own."""
    return iter(DataLoader(data, batch_sampler=repeat(list(range(size))), num_workers=workers))


def _theirs(images: Tensor, workers: int) -> Iterator[Tensor]:
    return map(torch.stack, batches_without_end(_Pictures(images), len(images), workers))


def _loss_of_lightly() -> Loss:
    torchvision_peer.transforms()  # makes lightly importable
    loss: Callable[[Tensor, Tensor], Tensor] = import_module("lightly.loss").NTXentLoss(_TEMPERATURE)
    return lambda projections: loss(projections[0], projections[1])


class _Pictures(Dataset[list[Tensor]]):
    """Two views of each image by lightly's transform."""

    def __init__(self, images: Tensor) -> None:
        self.pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in images]
        self.change = lightly_transform(ViewRecipe(), images.shape[-1])

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, place: int) -> list[Tensor]:
        views: list[Tensor] = self.change(self.pictures[place])
        return views
