"""The loss bench: the losses of chapter 7, forward and backward, and what they keep for gradients, beside NT-Xent."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from models.progress import Progress
from models.selfsup.losses.byol import byol_loss
from models.selfsup.losses.contrastive import nt_xent
from models.selfsup.losses.features import unit
from models.selfsup.losses.prototype import prototype_loss
from models.selfsup.losses.ridge import dual_logits, ridge_loss
from models.training.seeds import check_seed
from reports.bench.contenders import Call
from reports.bench.device import DeviceName, chosen_device
from reports.bench.in_turn import check_count, medians_on
from reports.bench.memory import saved_for_backward
from reports.bench.rows import Comparison, bench_record, compared
from reports.records.provenance import machine, tool_versions

NT_XENT, PROTOTYPE, RIDGE, BYOL = "NT-Xent", "prototypes", "ridge regression", "BYOL"
RIDGE_DUAL = "ridge regression, dual"

TO_NT_XENT = Comparison(key="ratio_to_nt_xent", reference=lambda milliseconds: NT_XENT)

_TEMPERATURE, _RIDGE, _RIDGE_TEMPERATURE = 0.5, 50.0, 0.1
_MEBIBYTE = 1 << 20


def bench_losses(
    images: int = 1024,
    features: int = 128,
    rounds: int = 15,
    seed: int = 0,
    device: DeviceName = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Times each loss and its gradients for two views of random features, in turns, on one thread.

    Ridge regression solves for as many unknowns as there are features; `dual` for as many as images.

    Returns `rows`, a dictionary per loss: `case`, `milliseconds`, `ratio_to_nt_xent`, `saved_mib`,
    `saved_ratio_to_nt_xent`; further `images`, `features`, `rounds`, `device`, `tools` and `machine`. Raises ValueError
    for settings that are not allowed.
    """
    check_seed(seed)
    check_count("images", images, 2)
    check_count("features", features)
    check_count("rounds", rounds)
    place = chosen_device(device)
    generator = torch.Generator().manual_seed(seed)
    views = torch.randn(2, images, features, generator=generator).to(place).requires_grad_()
    losses = _losses(views)
    contenders: dict[str, Call] = {name: partial(_gradients, loss, views) for name, loss in losses.items()}
    medians, used = medians_on(place, contenders, rounds, progress)
    saved = {name: saved_for_backward(loss) for name, loss in losses.items()}
    figures = {
        name: {"saved_mib": size / _MEBIBYTE, "saved_ratio_to_nt_xent": size / saved[NT_XENT]}
        for name, size in saved.items()
    }
    return bench_record(
        compared(f"{images} images, {features} features", medians, TO_NT_XENT, figures),
        TO_NT_XENT,
        tool_versions(),
        machine(),
        images=images,
        features=features,
        rounds=rounds,
        device=used,
    )


def _losses(views: Tensor) -> dict[str, Call]:
    support, query = views[:1], views[1:]
    return {
        NT_XENT: lambda: nt_xent(views, _TEMPERATURE),
        PROTOTYPE: lambda: prototype_loss(support, query, _TEMPERATURE),
        RIDGE: lambda: ridge_loss(support, query, _RIDGE, _RIDGE_TEMPERATURE),
        RIDGE_DUAL: lambda: _dual_loss(support, query),
        BYOL: lambda: byol_loss(views, views),
    }


def _dual_loss(support: Tensor, query: Tensor) -> Tensor:
    logits = dual_logits(unit(support), unit(query).flatten(0, 1), _RIDGE * _RIDGE_TEMPERATURE)
    return torch.nn.functional.cross_entropy(logits, torch.arange(len(logits), device=logits.device))


def _gradients(loss: Call, views: Tensor) -> None:
    views.grad = None
    loss().backward()
