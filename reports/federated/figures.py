"""Figures 3.1 and 3.2 from what runs: the bytes of a round, and steps that quantized weights take or lose."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from models.data.sources import generator_of
from models.federated.choices import Rounding
from models.federated.low_bit import quantize
from reports.federated.benches.client_step import INTEGERS, ClientStep, random_broadcast

_MEGABYTE = 1e6
_FLOAT_BYTES = 4
_OUTPUTS = _INPUTS = 512
_WEIGHT_DEVIATION, _GRADIENT_DEVIATION = 1 / 22, 0.01
_RATES = tuple(10 ** (exponent / 4) for exponent in range(-16, 3))
_COLOURS = {8: "#30343b", 4: "#b8322a"}
_LINES: dict[Rounding, str] = {"nearest": "-", "stochastic": "--"}
_MATRICES, _OTHERS = "#b8322a", "#c9ccd1"


def figure_3_1() -> Figure:
    """Figure 3.1: the bytes that a client of Conformer L gets and sends in a round."""
    figure, axes = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
    matrices, others, labels = [], [], []
    with torch.device("meta"):  # shapes tell all that is shown
        sent = {variables: random_broadcast(ClientStep(), variables) for variables in INTEGERS}
    first = next(iter(sent.values()))
    in_floats = _FLOAT_BYTES * sum(
        outputs * inputs for outputs, inputs in (one.shape for one in first.low_bit.values())
    )
    for variables in ("float32", *INTEGERS):
        in_few_bits = sent[variables].quantized_bytes if variables in sent else in_floats
        for label, size in (("broadcast and FedAVG's answer", in_few_bits), ("FedSGD's gradients", in_floats)):
            matrices.append(size / _MEGABYTE)
            others.append(first.float_bytes / _MEGABYTE)
            labels.append(f"{variables}: {label}")
    places = range(len(labels))
    axes.barh(places, matrices, color=_MATRICES, label="the encoder's matrices")
    axes.barh(places, others, left=matrices, color=_OTHERS, label="all else, in floats")
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    axes.set_xlabel("MB of a client and round, Conformer L with 1024 tokens")
    figure.legend(frameon=False, loc="outside upper right", ncols=2)
    return figure


def figure_3_2() -> Figure:
    """Figure 3.2: the share of integers that one step of gradient descent on quantized weights changes."""
    figure, axes = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
    for bits, colour in _COLOURS.items():
        for rounding, line in _LINES.items():
            shares = [100 * moved_share(bits, rounding, rate) for rate in _RATES]
            axes.plot(_RATES, shares, line, color=colour, label=f"int{bits}, {rounding}")
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=0.01)
    axes.set_ylim(0, 100)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("integers that a step changes, %")
    axes.set_title(
        f"{_OUTPUTS} x {_INPUTS} weights of deviation 1/22, gradients of deviation {_GRADIENT_DEVIATION}", fontsize=9
    )
    axes.legend(frameon=False)
    return figure


def moved_share(bits: int, rounding: Rounding, rate: float) -> float:
    """The share of integers that de-quantizing, stepping and quantizing changes, for random weights and gradients."""
    generator = generator_of("figure 3.2")
    weight = _WEIGHT_DEVIATION * torch.randn(_OUTPUTS, _INPUTS, generator=generator)
    gradient = _GRADIENT_DEVIATION * torch.randn(_OUTPUTS, _INPUTS, generator=generator)
    before = quantize(weight, bits)
    after = quantize(before.dequantized() - rate * gradient, bits, "channel", rounding, generator)
    rows = slice(0, _OUTPUTS)
    return (before.codes(rows) != after.codes(rows)).double().mean().item()


FIGURES: dict[str, Callable[[], Figure]] = {"3.1": figure_3_1, "3.2": figure_3_2}
"""The figures by number."""
