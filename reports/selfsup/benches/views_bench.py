"""The views bench: both views of a batch, all images at once, beside the packages that others use."""

from itertools import count
from typing import Any

import torch
from torch import Tensor

from models.progress import Progress
from models.selfsup.settings import JitterOrder
from models.selfsup.views.recipes import ViewRecipe
from models.selfsup.views.views import Views
from models.training.seeds import check_seed
from reports.bench.contenders import Call
from reports.bench.device import DeviceName, chosen_device
from reports.bench.in_turn import check_count, medians_on
from reports.bench.rows import Comparison, bench_record, compared
from reports.records.provenance import machine, tool_versions
from reports.selfsup.benches.view_peers import peer_versions, peers

OWN_ORDER = "own order of each image"
ONE_ORDER = "one order a batch"

_ORDERS: tuple[tuple[str, JitterOrder], ...] = ((OWN_ORDER, "image"), (ONE_ORDER, "batch"))
_TO_OWN_ORDER = Comparison(key="ratio_to_own_order", reference=lambda milliseconds: OWN_ORDER)


def bench_views(
    images: int = 256,
    side: int = 32,
    rounds: int = 9,
    seed: int = 0,
    device: DeviceName = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Times both views of a batch by the recipe `cifar`, on one thread, draws included.

    Packages that are not installed are left out. torchvision and lightly work on the CPU in any case, from pictures
    that are decoded before. side: height and width of images and views, in pixels.

    Returns `rows`, a dictionary per contender: `case`, `milliseconds`, `ratio_to_own_order`, and for packages
    `ratio_to_one_order`; further `images`, `side`, `rounds`, `device`, `tools` and `machine`. Raises ValueError for
    settings that are not allowed.
    """
    check_seed(seed)
    check_count("images", images)
    check_count("side", side, 4)
    check_count("rounds", rounds)
    place = chosen_device(device)
    drawn = torch.randint(0, 256, (images, 3, side, side), dtype=torch.uint8, generator=_generator(seed)).to(place)
    contenders = {name: _ours(drawn, ViewRecipe(order=order), seed) for name, order in _ORDERS}
    contenders |= peers(drawn, ViewRecipe())
    medians, used = medians_on(place, contenders, rounds, progress)
    return bench_record(
        compared(
            f"{images} images of {side} x {side}",
            medians,
            _TO_OWN_ORDER,
            {case: {"ratio_to_one_order": time / medians[ONE_ORDER]} for case, time in medians.items()},
        ),
        _TO_OWN_ORDER,
        tool_versions() | peer_versions(),
        machine(),
        images=images,
        side=side,
        rounds=rounds,
        device=used,
    )


def _ours(images: Tensor, recipe: ViewRecipe, seed: int) -> Call:
    """A call that makes the views of the next epoch."""
    views, numbers, epochs = Views(recipe, seed), torch.arange(len(images)), count()
    return lambda: views(images, numbers, next(epochs))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
