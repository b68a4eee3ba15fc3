"""FedAVG: clients that train for several steps on low-bit weights and send these back (dissertation 3.3.2)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from models.checks import check_above_zero
from models.data.sources import generator_of
from models.federated.broadcast import Broadcast
from models.federated.choices import Rounding, ScalePer
from models.federated.client import Update, client_recogniser, low_bit_layers, stream_gradients
from models.federated.conformer.settings import ConformerSettings
from models.federated.linear import LowBitLinear
from models.federated.low_bit import LowBitWeight, quantize
from models.federated.recogniser import Recogniser, SpeechBatch


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


def train_locally(
    received: Broadcast,
    settings: ConformerSettings,
    bands: int,
    batches: Iterable[SpeechBatch],
    local: LocalSettings,
    key: str,
    *,
    in_place: bool = False,
) -> LocalModel:
    """Takes a step of gradient descent with each batch.

    As soon as a matrix's gradient is whole, the matrix is de-quantized, stepped and quantized again; no two are float
    at a time. If values cease to be finite, training stops, and the last loss is NaN.

    key: seeds dropout and stochastic rounding. in_place: whether `received` may change. Raises ValueError
    if the broadcast does not fit the settings, or an utterance is too short for its transcript.
    """
    recogniser = client_recogniser(received if in_place else received.copied(), settings, bands)
    codes = sum(layer.shape[0] * layer.shape[1] for _, layer in low_bit_layers(recogniser))
    examples, losses, moved = 0, list[float](), list[float]()
    for step, batch in enumerate(batches):
        steps = _Steps(recogniser, local, f"{key} {step}", in_place)
        losses.append(stream_gradients(recogniser, batch, steps))
        examples += len(batch)
        if codes:
            moved.append(steps.moved / codes)
        if steps.diverged:
            losses[-1] = math.nan
            break
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


class _Steps:
    """Takes gradients as they come, and steps with each as soon as it is whole.

    moved: codes that changed so far. diverged: whether a matrix was left alone because its step is not finite.
    """

    def __init__(self, recogniser: Recogniser, local: LocalSettings, key: str, in_place: bool) -> None:
        self.local, self.key, self.in_place = local, key, in_place
        self.moved, self.diverged = 0, False
        self._parameters = dict(recogniser.named_parameters())
        self._layers = {f"{name}.weight": layer for name, layer in low_bit_layers(recogniser)}
        self._waiting: Tensor | None = None  # the gradient of the rows of a matrix that have come

    @torch.no_grad()
    def __call__(self, name: str, rows: slice, gradient: Tensor) -> None:
        if name in self._parameters:
            self._parameters[name].sub_(gradient, alpha=self.local.learning_rate)
            return
        layer = self._layers[name]
        if self._waiting is None:
            self._waiting = gradient.new_empty(layer.shape)
        self._waiting[rows] = gradient
        if rows.stop == layer.shape[0]:
            self._step(layer, self._waiting, f"{self.key} {name}")
            self._waiting = None

    def _step(self, layer: LowBitLinear, gradient: Tensor, key: str) -> None:
        old = layer.weight
        stepped = old.dequantized().sub_(gradient, alpha=self.local.learning_rate)
        if not torch.isfinite(stepped).all():
            self.diverged = True
            return
        new = quantize(stepped, old.bits, self.local.scale_per, self.local.rounding, generator_of(key))
        self.moved += _differing(old, new)
        if self.in_place:
            layer.stored.copy_(new.stored)
            layer.scale.copy_(new.scale)
        else:
            layer.stored, layer.scale = new.stored, new.scale


def _differing(one: LowBitWeight, other: LowBitWeight) -> int:
    """How many codes differ."""
    return sum(int((one.codes(rows) != other.codes(rows)).sum()) for rows in one.slabs())
