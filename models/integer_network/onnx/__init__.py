"""An exported network as ONNX, from standard operators: integers, between a float stem and head if it has any."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from models.checks import check_choice
from models.extras import required
from models.files import write_bytes
from models.integer_network.core import INPUT
from models.integer_network.graph import IntegerGraph
from models.integer_network.onnx.floats import write_floats
from models.integer_network.onnx.model import OnnxModel
from models.integer_network.onnx.nodes import write_node

IMAGES, LOGITS, SCORES = "images", "logits", "scores"
"""Names of a whole network's input, and of its output: floats or integers."""

Part = Literal["network", "core"]
Outputs = Literal["last", "all"]


def export_onnx(graph: IntegerGraph, path: Path, *, part: Part = "network", outputs: Outputs = "last") -> None:
    """Writes a graph as an ONNX model of opset 18, for any number of images.

    part: `network` takes `images`, normalised floats (images, channels, height, width), and gives `logits` (images,
    classes), both float32; without floats, `images` are uint8 pixels and the result is `scores`, int32. `core` takes
    `input`, int32, and gives the last node's integers. outputs: `all` adds the int32 integers of every node under its
    name, for a network also `input`.

    Integers are int32 between nodes; ConvInteger and MatMulInteger take 8-bit activations and weights. Engines may
    round the float stem and head in their own ways; the core leaves no room for that.

    Raises ValueError if onnx is not installed, or if the graph's integers are too wide for these operators.
    """
    check_choice("part", part, Part)
    check_choice("outputs", outputs, Outputs)
    model = OnnxModel(required("onnx.helper", "onnx"))
    built = _network(model, graph, outputs) if part == "network" else _core(model, graph, outputs)
    write_bytes(path, built.SerializeToString())


def _network(model: OnnxModel, graph: IntegerGraph, outputs: Outputs) -> Any:
    given = model.tensor(IMAGES, np.float32 if graph.white is None else np.uint8, graph.image_shape)
    floats = write_floats(model, graph.stem, IMAGES, axes=len(graph.image_shape))
    model.operator("Cast", [floats], result=INPUT, to=model.kind(np.int32))
    _write_core(model, graph)
    results = [_write_result(model, graph)]
    if outputs == "all":
        results += _integers(model, graph, list(graph.integers))
    return model.build("network", [given], results)


def _write_result(model: OnnxModel, graph: IntegerGraph) -> Any:
    if graph.integer:
        model.operator("Identity", [graph.output], result=SCORES)
        return model.tensor(SCORES, np.int32, ("classes",))
    floats = model.cast(graph.output, np.float32)
    floats = write_floats(model, graph.head, floats, axes=len(graph.integers[graph.output].shape))
    model.operator("Identity", [floats], result=LOGITS)
    return model.tensor(LOGITS, np.float32, ("classes",))


def _core(model: OnnxModel, graph: IntegerGraph, outputs: Outputs) -> Any:
    _write_core(model, graph)
    names = [graph.output] if outputs == "last" else [node.name for node in graph.core]
    return model.build("core", _integers(model, graph, [INPUT]), _integers(model, graph, names))


def _write_core(model: OnnxModel, graph: IntegerGraph) -> None:
    for node in graph.core:
        write_node(model, node, graph.integers[node.inputs[0]])


def _integers(model: OnnxModel, graph: IntegerGraph, names: list[str]) -> list[Any]:
    return [model.tensor(name, np.int32, graph.integers[name].shape) for name in names]
