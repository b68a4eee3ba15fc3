"""Integer export of whole networks: from a trained one to the graph that hardware and kernels run."""

import operator

from torch import fx, nn

from models.backbones.resnet import ParameterFreeShortcut
from models.integer_network.graph import IntegerGraph
from models.integer_network.translator import Translation, Translator
from models.integer_network.values import Floats, Value
from models.quantization.edges import PixelConv2d, ScoreLinear
from models.quantization.layers import QuantLayer
from models.quantization.residual_grid import ResidualGrid, ResidualPool


def export_network(network: nn.Module, image_shape: tuple[int, ...]) -> IntegerGraph:
    """The integer graph of a network with quantized activations, in evaluation mode.

    image_shape: (channels, height, width) of the network's images.

    Batch norm uses its running statistics. The core's integers equal those of the network's own forward pass in
    evaluation mode, bit for bit. Raises ValueError for a module that has no place in such a graph, for a network
    without quantized activations, and for carries that no pass has calibrated.
    """
    return translate(network, image_shape).graph


def translate(network: nn.Module, image_shape: tuple[int, ...]) -> Translation:
    """As export_network, with facts about the weighted nodes that the graph does not hold."""
    translator = Translator(network, image_shape)
    values: dict[fx.Node, Value] = {}
    for step in _Tracer().trace(network).nodes:
        sources = [values[source] for source in step.all_input_nodes]
        if step.op == "placeholder":
            values[step] = Floats(None, ())
        elif step.op == "call_module":
            values[step] = translator.module(str(step.target), step.name, sources[0])
        elif step.op == "call_function" and step.target in (operator.add, operator.iadd) and len(sources) == 2:
            values[step] = translator.add(step.name, *sources)
        elif step.op == "output":
            return translator.finish(sources[0])
        else:
            raise ValueError(f"the network calls {step.target}; allowed are modules and the + of two values")
    raise AssertionError("a trace ends with an output")


_LEAVES = (QuantLayer, PixelConv2d, ScoreLinear, ResidualGrid, ResidualPool, ParameterFreeShortcut)


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        standard: bool = super().is_leaf_module(module, qualified_name)
        return standard or isinstance(module, _LEAVES)
