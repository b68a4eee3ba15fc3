"""FedAVG: clients that train for several steps on low-bit weights and send these back (dissertation 3.3.2)."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from models.checks import check_above_zero
from models.data.sources import generator_of
from models.federated.broadcast import Broadcast
from models.federated.choices import Rounding, ScalePer
from models.federated.client import Update, client_recogniser, low_bit_layers
from models.federated.conformer.settings import ConformerSettings
from models.federated.linear import LowBitLinear
from models.federated.low_bit import LowBitWeight, quantize
from models.federated.recogniser import SpeechBatch


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """How a client trains. rounding: `nearest` stalls where a step is less than half a code, `stochastic` does not.

    Raises ValueError for a learning rate that is not above 0.
    """

    learning_rate: float
    scale_per: ScalePer = "channel"
    rounding: Rounding = "nearest"

    def __post_init__(self) -> None:
        check_above_zero("learning_rate", self.learning_rate)


@dataclass(frozen=True)
class LocalModel:
    """What a client sends back: its model, which is no finer than what it got.

    examples: utterances of all steps. losses: of each step. moved: by step, the share of codes that it changed; none
    where there are no codes.
    """

    model: Broadcast
    examples: int
    losses: tuple[float, ...]
    moved: tuple[float, ...]

    @property
    def stalled(self) -> bool:
        """Whether a step changed no code at all."""
        return 0.0 in self.moved


def train_locally(
    received: Broadcast,
    settings: ConformerSettings,
    bands: int,
    batches: Iterable[SpeechBatch],
    local: LocalSettings,
    key: str,
) -> LocalModel:
    """Takes a step of gradient descent with each batch.

    As soon as a layer's gradient is there, the layer is de-quantized, stepped and quantized again; no two layers are
    float at a time. key: seeds dropout and stochastic rounding. Raises ValueError if the broadcast does not fit the
    settings, or an utterance is too short for its transcript.
    """
    recogniser = client_recogniser(received, settings, bands)
    codes = sum(layer.shape[0] * layer.shape[1] for _, layer in low_bit_layers(recogniser))
    examples, losses, moved = 0, [], []
    for step, batch in enumerate(batches):
        sinks = [_Step(layer, local, f"{key} {step} {name}") for name, layer in low_bit_layers(recogniser)]
        loss = recogniser.loss(batch)
        torch.autograd.backward(loss)
        with torch.no_grad():
            for parameter in recogniser.parameters():
                if parameter.grad is not None:
                    parameter.sub_(parameter.grad, alpha=local.learning_rate)
                    parameter.grad = None
        examples += len(batch)
        losses.append(loss.item())
        if codes:
            moved.append(sum(sink.moved for sink in sinks) / codes)
    low_bit = {f"{name}.weight": layer.weight for name, layer in low_bit_layers(recogniser)}
    state = recogniser.state_dict()
    model = Broadcast(low_bit, {name: state[name] for name in received.floats})
    return LocalModel(model, examples, tuple(losses), tuple(moved))


def pseudo_gradients(sent: Broadcast, returned: LocalModel) -> Update:
    """How far a client's model moved from what it was sent, the other way round: a step of size 1 goes there."""
    before, after = sent.low_bit, returned.model.low_bit
    found = {name: before[name].dequantized() - one.dequantized() for name, one in after.items()}
    found |= {name: sent.floats[name] - one for name, one in returned.model.floats.items() if one.is_floating_point()}
    return Update(found, returned.examples, sum(returned.losses) / max(1, len(returned.losses)))


class _Step:
    """Changes a layer once the gradients of all its rows have come."""

    def __init__(self, layer: LowBitLinear, local: LocalSettings, key: str) -> None:
        self.layer, self.local, self.key = layer, local, key
        self.moved = 0
        self._gradient: Tensor | None = None
        layer.sink = self

    def __call__(self, rows: slice, gradient: Tensor) -> None:
        if self._gradient is None:
            self._gradient = gradient.new_empty(self.layer.shape)
        self._gradient[rows] = gradient
        if rows.stop == self.layer.shape[0]:
            self._take(self._gradient)
            self._gradient = None

    def _take(self, gradient: Tensor) -> None:
        old = self.layer.weight
        stepped = old.dequantized().sub_(gradient, alpha=self.local.learning_rate)
        generator = generator_of(self.key)
        new = quantize(stepped, old.bits, self.local.scale_per, self.local.rounding, generator)
        self.moved = _differing(old, new)
        self.layer.stored, self.layer.scale = new.stored, new.scale


def _differing(one: LowBitWeight, other: LowBitWeight) -> int:
    """How many codes differ."""
    return sum(int((one.codes(rows) != other.codes(rows)).sum()) for rows in one.slabs())
