"""A client's step with random weights, in a process that does nothing else."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch
from torch import Tensor

from models.federated.averaging import LocalSettings, train_locally
from models.federated.broadcast import Broadcast, quantized_names
from models.federated.client import client_recogniser, stream_gradients
from models.federated.conformer.settings import CONFORMERS, ConformerSettings, SizeName
from models.federated.low_bit import LowBitWeight, low_bit_weight
from models.federated.recogniser import Recogniser, SpeechBatch
from reports.bench.memory import peak_memory, resident_peak

FLOATS: Mapping[str, torch.dtype] = MappingProxyType({"float32": torch.float32, "bfloat16": torch.bfloat16})
"""Variables that are not integers, by name."""

INTEGERS: Mapping[str, int] = MappingProxyType({"int8": 8, "int4": 4})
"""Bits of the others."""

VARIABLES = (*FLOATS, *INTEGERS)

_BANDS = 80
_FRAMES_A_SECOND = 100
_DEVIATION = 0.02  # of weights


@dataclass(frozen=True, kw_only=True)
class ClientStep:
    """A step. tokens: outputs of the decoder. words: tokens of a transcript. checkpointing: see ConformerSettings."""

    size: SizeName = "L"
    seconds: float = 12.0
    utterances: int = 2
    tokens: int = 1024
    words: int = 20
    averaging: bool = False
    checkpointing: bool = True
    seed: int = 0

    @property
    def settings(self) -> ConformerSettings:
        """The encoder."""
        return replace(CONFORMERS[self.size], checkpointing=self.checkpointing)


@dataclass(frozen=True)
class StepPeaks:
    """What a step took. resident: the process's peak; at_start: before there was any tensor. Bytes, seconds."""

    resident: int
    at_start: int
    seconds: float
    quantized: int
    floats: int


def step_peaks(step: ClientStep, variables: str) -> StepPeaks:
    """The peak of this process's memory, which should have done nothing else, and the time of the step."""
    at_start = resident_peak() or 0
    torch.manual_seed(step.seed)
    sent, batch = random_broadcast(step, variables), random_batch(step, variables)
    started = time.perf_counter()
    take_step(step, sent, batch)
    seconds = time.perf_counter() - started
    return StepPeaks(resident_peak() or 0, at_start, seconds, sent.quantized_bytes, sent.float_bytes)


def tensor_peak(step: ClientStep, variables: str) -> int:
    """The most bytes that tensors took at a time, those of the broadcast included."""
    torch.manual_seed(step.seed)
    with peak_memory(torch.device("cpu")) as peak:
        take_step(step, random_broadcast(step, variables), random_batch(step, variables))
    return peak[0]


def take_step(step: ClientStep, sent: Broadcast, batch: SpeechBatch) -> None:
    """FedSGD: a client's gradients, each dropped as soon as it is made. FedAVG: one step of gradient descent."""
    if step.averaging:
        train_locally(sent, step.settings, _BANDS, [batch], LocalSettings(learning_rate=1e-3), "", in_place=True)
    else:
        stream_gradients(client_recogniser(sent, step.settings, _BANDS), batch, lambda name, rows, gradient: None)


def random_broadcast(step: ClientStep, variables: str) -> Broadcast:
    """Random weights; integers are drawn as such, so that no float matrix is ever made of them."""
    with torch.device("meta"):
        empty = Recogniser(step.settings, _BANDS, step.tokens)
    bits, dtype = INTEGERS.get(variables), FLOATS.get(variables, torch.float32)
    quantized = set() if bits is None else set(quantized_names(empty))
    state = empty.state_dict()
    low_bit = {name: _random_weight(state.pop(name), bits) for name in quantized if bits is not None}
    floats = {name: torch.empty(one.shape, dtype=dtype).normal_(std=_DEVIATION) for name, one in state.items()}
    return Broadcast(low_bit, floats)


def random_batch(step: ClientStep, variables: str) -> SpeechBatch:
    """Utterances of noise."""
    frames = round(step.seconds * _FRAMES_A_SECOND)
    features = torch.randn(step.utterances, frames, _BANDS).to(FLOATS.get(variables, torch.float32))
    words = [[1 + place % (step.tokens - 1) for place in range(step.words)] for _ in range(step.utterances)]
    return SpeechBatch(features, torch.full((step.utterances,), frames), words)


def _random_weight(like: Tensor, bits: int) -> LowBitWeight:
    largest = (1 << bits - 1) - 1
    codes = torch.randint(-largest, largest + 1, like.shape, dtype=torch.int8)
    return low_bit_weight(codes, torch.full((len(codes),), _DEVIATION / largest), bits)
