"""What a client computes of a broadcast and its own utterances (dissertation 3.3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.federated.broadcast import Broadcast, take_up
from models.federated.conformer.settings import ConformerSettings
from models.federated.linear import LowBitLinear
from models.federated.recogniser import HEAD_BIAS, Recogniser, SpeechBatch


@dataclass(frozen=True)
class Update:
    """Gradients of a client's mean loss, by parameter; of quantized matrices, with regard to what the client holds.

    examples: number of utterances. loss: their mean, before.
    """

    gradients: Mapping[str, Tensor]
    examples: int
    loss: float


def client_recogniser(received: Broadcast, settings: ConformerSettings, bands: int) -> Recogniser:
    """The recogniser that a client trains. Raises ValueError if the broadcast does not fit the settings."""
    with torch.device("meta"):
        empty = Recogniser(settings, bands, len(received.floats.get(HEAD_BIAS, ())))
    return take_up(received, empty).train()


def low_bit_layers(recogniser: Recogniser) -> list[tuple[str, LowBitLinear]]:
    """The layers without float weights, with their names."""
    return [(name, module) for name, module in recogniser.named_modules() if isinstance(module, LowBitLinear)]


def gradients_of(received: Broadcast, settings: ConformerSettings, bands: int, batch: SpeechBatch) -> Update:
    """One client's part in a round of FedSGD: a batch in, gradients out; nothing is applied.

    Raises ValueError if the broadcast does not fit the settings, or an utterance is too short for its transcript.
    """
    recogniser = client_recogniser(received, settings, bands)
    gradients = {name: torch.zeros(one.shape, dtype=one.scale.dtype) for name, one in received.low_bit.items()}
    for name, layer in low_bit_layers(recogniser):
        layer.sink = _Sum(gradients[f"{name}.weight"])
    loss = recogniser.loss(batch)
    torch.autograd.backward(loss)
    for name, parameter in recogniser.named_parameters():
        if parameter.grad is not None:
            gradients[name] = parameter.grad
    return Update(gradients, len(batch), loss.item())


class _Sum:
    """Adds slabs of a weight's gradient to a tensor: a layer may be used more than once."""

    def __init__(self, total: Tensor) -> None:
        self.total = total

    def __call__(self, rows: slice, gradient: Tensor) -> None:
        self.total[rows] += gradient
