"""A client's step: what it hands on, and what it never holds."""

import dataclasses
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from models.federated.broadcast import Broadcast, broadcast
from models.federated.client import client_recogniser, gradients_of, stream_gradients
from models.federated.conformer import encoder
from models.federated.conformer.settings import ConformerSettings
from models.federated.recogniser import Recogniser, SpeechBatch, speech_batch
from reports.bench.memory import peak_memory

SMALL = ConformerSettings(blocks=1, width=8, heads=2, kernel=4, expansion=2, subsampling=4, dropout=0.0)
WIDE = ConformerSettings(blocks=4, width=128, heads=4, kernel=4, expansion=32, dropout=0.0, checkpointing=True)
BANDS, TOKENS = 8, 5


def batch(frames: int = 40) -> SpeechBatch:
    generator = torch.Generator().manual_seed(0)
    return speech_batch([torch.randn(frames - one, BANDS, generator=generator) for one in range(2)], [[1, 2], [3]])


def sent(settings: ConformerSettings, bits: int) -> Broadcast:
    torch.manual_seed(0)
    return broadcast(Recogniser(settings, BANDS, TOKENS), bits, "channel")


@pytest.mark.parametrize("bits", [32, 8, 4])
def test_checkpointing_changes_no_gradient(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_FRAMES_AT_A_TIME", 3)
    plain = gradients_of(sent(SMALL, bits), SMALL, BANDS, batch())
    kept = dataclasses.replace(SMALL, checkpointing=True)
    found = gradients_of(sent(kept, bits), kept, BANDS, batch())
    assert (
        found.gradients.keys()
        == plain.gradients.keys()
        == dict(Recogniser(SMALL, BANDS, TOKENS).named_parameters()).keys()
    )
    for name, one in plain.gradients.items():
        torch.testing.assert_close(found.gradients[name], one, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_each_row_of_each_parameter_is_handed_on_once(checkpointing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_FRAMES_AT_A_TIME", 3)
    settings = dataclasses.replace(SMALL, checkpointing=checkpointing)
    recogniser = client_recogniser(sent(settings, 8), settings, BANDS)
    rows: dict[str, list[int]] = {}
    stream_gradients(
        recogniser, batch(), lambda name, some, _: rows.setdefault(name, []).extend(range(some.stop)[some])
    )
    shapes = {name: one.shape for name, one in Recogniser(SMALL, BANDS, TOKENS).named_parameters()}
    assert rows == {name: list(range(shape[0])) for name, shape in shapes.items()}
    assert all(one.grad is None for one in recogniser.parameters())


class _Largest(TorchDispatchMode):
    """The most floats in a storage that an operation makes."""

    def __init__(self) -> None:
        super().__init__()
        self.floats = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for one in tree_leaves(made):
            if isinstance(one, torch.Tensor) and one.is_floating_point() and not one.is_meta:
                self.floats = max(self.floats, one.untyped_storage().nbytes() // one.itemsize)
        return made


def test_a_client_makes_no_float_matrix_and_holds_few_floats() -> None:
    received = sent(WIDE, 4)
    matrices = [rows * inputs for rows, inputs in (one.shape for one in received.low_bit.values())]
    with _Largest() as largest:
        recogniser = client_recogniser(received, WIDE, BANDS)
        stream_gradients(recogniser, batch(), lambda name, rows, gradient: None)
    assert largest.floats < max(matrices)
    with peak_memory(torch.device("cpu")) as peak:
        copied = Broadcast(received.low_bit, {name: one.clone() for name, one in received.floats.items()})
        stream_gradients(client_recogniser(copied, WIDE, BANDS), batch(), lambda name, rows, gradient: None)
    assert peak[0] < 0.35 * 4 * sum(matrices)  # bytes of the encoder in float32
