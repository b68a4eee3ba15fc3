"""What a client computes of a broadcast and its own utterances (dissertation 3.3.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from models.federated.broadcast import Broadcast, take_up
from models.federated.conformer.settings import ConformerSettings
from models.federated.linear import GradientSink, LowBitLinear
from models.federated.recogniser import ENCODER, Recogniser, SpeechBatch
from models.federated.transducer import recogniser_of

GradientTaker = Callable[[str, slice, Tensor], None]
"""Takes rows of a parameter and their gradient; all rows at once, but for quantized matrices."""

_IN_PARTS = f"{ENCODER}.front_end."


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
        empty = recogniser_of(received, settings, bands)
    return take_up(received, empty).train()


def low_bit_layers(recogniser: Recogniser) -> list[tuple[str, LowBitLinear]]:
    """The layers without float weights, with their names."""
    return [(name, module) for name, module in recogniser.named_modules() if isinstance(module, LowBitLinear)]


def stream_gradients(recogniser: Recogniser, batch: SpeechBatch, take: GradientTaker) -> float:
    """Hands on the gradients of a batch's mean loss while the backward pass makes them; returns the loss.

    Nothing is kept but sums of the front end's matrices, which meet a recording in several parts. Parameters that the
    loss does not depend on have no gradient. Raises ValueError if an utterance is too short for its transcript.
    """
    sums: dict[str, Tensor] = {}
    layers = low_bit_layers(recogniser)
    for name, layer in layers:
        layer.sink = _sum(layer, sums, name) if name.startswith(_IN_PARTS) else partial(take, f"{name}.weight")
    hooks = [
        one.register_post_accumulate_grad_hook(partial(_hand_on, name, take))  # type: ignore[no-untyped-call]
        for name, one in recogniser.named_parameters()
    ]
    try:
        loss = recogniser.loss(batch)
        torch.autograd.backward(loss)
    finally:  # they refer back to the recogniser, which would live on
        for hook in hooks:
            hook.remove()
        for _, layer in layers:
            layer.sink = None
    for name, total in sums.items():
        take(f"{name}.weight", slice(0, len(total)), total)
    return loss.item()


def gradients_of(received: Broadcast, settings: ConformerSettings, bands: int, batch: SpeechBatch) -> Update:
    """One client's part in a round of FedSGD: a batch in, gradients out; nothing is applied.

    Raises ValueError if the broadcast does not fit the settings, or an utterance is too short for its transcript.
    """
    recogniser = client_recogniser(received, settings, bands)
    gradients = {name: one.scale.new_zeros(one.shape) for name, one in received.low_bit.items()}

    def take(name: str, rows: slice, gradient: Tensor) -> None:
        if name in gradients:
            gradients[name][rows] = gradient
        else:
            gradients[name] = gradient

    loss = stream_gradients(recogniser, batch, take)
    return Update(gradients, len(batch), loss)


def _hand_on(name: str, take: GradientTaker, parameter: Tensor) -> None:
    gradient, parameter.grad = parameter.grad, None
    if gradient is not None:
        take(name, slice(0, len(gradient)), gradient)


def _sum(layer: LowBitLinear, sums: dict[str, Tensor], name: str) -> GradientSink:
    """Adds slabs of a weight's gradient."""

    def add(rows: slice, gradient: Tensor) -> None:
        if name not in sums:
            sums[name] = gradient.new_zeros(layer.shape)
        sums[name][rows] += gradient

    return add
