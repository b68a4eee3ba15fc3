"""Operands for measuring energy: those of a trained layer, rather than noise."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from hw.mac.design import MacDesign
from models.integer_network.layer import LayerExport
from sim.mac.golden import Cycles
from sim.mac.stimulus import check_operands

_SHIPPED = Path(__file__).with_name("operands")

_LANES = 512
_DOTS = 2


def layer_for(design: MacDesign) -> LayerExport:
    """Returns the layer that ships with the project, with operands no wider than the design's.

    The layer comes from the network that `wrapmac flow --seed 0` trains, cut to 16 output channels and 8 images. It
    has 1-bit weights and 3-bit activations or, for designs with weights of several bits, 8 bits for both. Operands
    wider than the design's lose their low bits.
    """
    layer = LayerExport.load(_SHIPPED / ("layer-3x1.npz" if design.weight_bits == 1 else "layer-8x8.npz"))
    activation_bits = min(layer.activation_bits, design.activation_bits)
    weight_bits = min(layer.weight_bits, design.weight_bits)
    return replace(
        layer,
        activations=layer.activations >> (layer.activation_bits - activation_bits),
        activation_bits=activation_bits,
        weights=layer.weights >> (layer.weight_bits - weight_bits),
        weight_bits=weight_bits,
    )


def operand_stream(design: MacDesign, layer: LayerExport, seed: int) -> Cycles:
    """Returns dot products of a layer, back to back in 512 lanes, as tensors of shape (cycles, lanes).

    Each dot product is followed by the idle cycles that the design needs to settle. seed: selects the dot products.
    Raises ValueError if the layer's operands do not fit the design.
    """
    check_operands(design, layer)
    activations, weights = layer.dot_products(_LANES * _DOTS, seed)
    length = layer.dot_length

    def lanes(values: Tensor, idle: int) -> Tensor:
        padded = torch.nn.functional.pad(values, (0, design.settle), value=idle)
        return padded.view(_LANES, _DOTS * (length + design.settle)).T.contiguous()

    enable = lanes(torch.ones_like(activations), 0)
    first = lanes((torch.arange(length) == 0).long().expand_as(activations), 0)
    lowest_weight = -1 if design.weight_bits == 1 else 0
    return Cycles(torch.zeros_like(enable), enable, first, lanes(activations, 0), lanes(weights, lowest_weight))
