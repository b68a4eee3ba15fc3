"""Integer export of one layer: a slice of its network's integer graph."""

import torch
from torch import Tensor, nn

from models.integer_network.affine import fold_affine
from models.integer_network.builder import translate
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.float_modules import batch_norm, one_size, to_array
from models.integer_network.float_operations import FloatScale
from models.integer_network.layer import LayerExport
from models.integer_network.nodes import Convolution
from models.quantization.layers import QuantConv2d
from models.quantization.observation import inputs_of
from models.quantization.straight_through import quantized_activations
from models.quantization.weight_quantizers import uniform_weights


def export_layer(network: nn.Module, block: str, images: Tensor) -> LayerExport:
    """The quantized convolution of `network`'s block `block`, with its integer inputs on `images`.

    images: normalised floats (images, channels, height, width).
    Raises ValueError if the network has no integer graph, or reads pixels, or the block has no quantized convolution.
    """
    translation = translate(network, tuple(images.shape[1:]))
    graph = translation.graph
    if graph.white is not None:
        raise ValueError("the network reads pixels; the export of a layer is of networks with float edges")
    node = next((node for node in graph.core if node.name == f"{block}.convolution"), None)
    if not isinstance(node, Convolution):
        raise ValueError(f"block {block!r} has no quantized convolution")
    layer, (source,) = translation.layers[node.name], node.inputs
    inputs = graph.integers[source]
    return LayerExport(
        weights=torch.from_numpy(node.weights).to(torch.int16),
        activations=torch.from_numpy(IntegerEvaluator(graph).integers(source, images)).to(torch.int32),
        scale=layer.affine.scale,
        offset=layer.affine.offset,
        weight_bits=layer.weight_bits,
        activation_bits=inputs.largest.bit_length() + (inputs.smallest < 0),
        accumulator_bits=node.accumulator.bits,
        slope=node.accumulator.slope,
        padding=node.padding,
    )


@torch.no_grad()
def export_layer_at(
    network: nn.Module, block: str, images: Tensor, weight_bits: int, activation_bits: int
) -> LayerExport:
    """The same layer with its latent weights and its float inputs quantized uniformly, to other widths.

    The trained network is not meant to run like this. The export supplies units with wider multipliers with operands
    as real as those of the units the network was trained for. Raises ValueError if the block is not a quantized
    convolution with batch norm.
    """
    modules = dict(network.named_modules())
    layer, norm = modules.get(f"{block}.convolution"), modules.get(f"{block}.norm")
    if not isinstance(layer, QuantConv2d) or not isinstance(norm, nn.BatchNorm2d):
        raise ValueError(f"block {block!r} is not a quantized convolution with batch norm")
    inputs = inputs_of(layer, network.eval(), images)
    weights, weight_scale = uniform_weights(layer.weight, weight_bits)
    largest = torch.tensor(float((1 << activation_bits) - 1))
    step = inputs.amax() / largest
    affine = fold_affine((FloatScale(factors=to_array(weight_scale * step)), batch_norm(norm)), len(weights))
    return LayerExport(
        weights=weights.to(torch.int16),
        activations=quantized_activations(inputs, step, torch.zeros(()), largest).to(torch.int32),
        scale=affine.scale,
        offset=affine.offset,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        accumulator_bits=layer.accumulator.bits,
        slope=layer.accumulator.slope,
        padding=one_size("padding", layer.padding),
    )
