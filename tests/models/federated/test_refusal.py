"""Updates that would spoil a server's model."""

import math
from dataclasses import replace

import pytest
import torch

from models.federated.broadcast import broadcast
from models.federated.client import Update, gradients_of
from models.federated.conformer.settings import ConformerSettings
from models.federated.recogniser import Recogniser, speech_batch
from models.federated.refusal import Limits, refusal

SETTINGS = ConformerSettings(blocks=1, width=8, heads=2, kernel=4, expansion=2, subsampling=2, dropout=0.0)
LIMITS = Limits(examples=10)
NAME = "encoder.blocks.0.attention.query.weight"


def recogniser() -> Recogniser:
    torch.manual_seed(0)
    return Recogniser(SETTINGS, 6, 4)


def honest() -> Update:
    batch = speech_batch([torch.ones(9, 6), torch.ones(7, 6)], [[1, 2], [3]])
    return gradients_of(broadcast(recogniser(), 8, "channel"), SETTINGS, 6, batch)


def changed(name: str, gradient: torch.Tensor | None) -> Update:
    update = honest()
    kept = {key: one for key, one in update.gradients.items() if key != name}
    return replace(update, gradients=kept if gradient is None else kept | {name: gradient})


def test_honest_updates_and_empty_ones_pass() -> None:
    assert refusal(honest(), recogniser(), LIMITS) is None
    assert refusal(Update({}, 0, math.nan), recogniser(), LIMITS) is None


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        (lambda: changed(NAME, torch.tensor([[math.nan, 1.0] * 4] * 8)), f"has {NAME} with 32 values that are not fin"),
        (lambda: changed(NAME, torch.full((8, 8), math.inf)), f"has {NAME} with 64 values that are not finite"),
        (lambda: changed(NAME, torch.ones(8, 9)), f"has {NAME} of shape (8, 9); expected is (8, 8)"),
        (lambda: changed(NAME, None), f"lacks {NAME}"),
        (lambda: changed("other", torch.ones(1)), "has other, which is no part of the model"),
        (lambda: changed(NAME, torch.full((8, 8), 1e3)), "has a norm of 8000"),
        (lambda: replace(honest(), loss=math.nan), "has a loss of nan"),
        (lambda: replace(honest(), examples=11), "claims 11 examples; allowed are 0 to 10"),
        (lambda: replace(honest(), examples=-1), "claims -1 examples; allowed are 0 to 10"),
    ],
    ids=["nan", "infinite", "shape", "missing", "unknown", "norm", "loss", "forged count", "negative count"],
)
def test_bad_updates_are_refused_with_the_reason(update: object, reason: str) -> None:
    found = refusal(update(), recogniser(), replace(LIMITS, norm=1e3))  # type: ignore[operator]
    assert found is not None
    assert found.startswith(reason)
