"""Plans: which steps compute an exported network, and which nodes are fused into one step."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import Add, Integers, MaxPool, Node, Relu, Requantize, Threshold, WeightedNode
from models.kernels.fallback import by_evaluator
from models.kernels.join import join
from models.kernels.layouts import Array, fits_short, fits_word
from models.kernels.level_tables import gives_bytes, look_up_levels, tabulates
from models.kernels.levels import scale_to_levels
from models.kernels.maps import MapNode, on_maps
from models.kernels.paths import TORCH, chosen_path
from models.kernels.pooling import max_pool
from models.kernels.requantization import Multiplication, exact_multiplication, requantize
from models.kernels.scaled_levels import scaled_levels
from models.kernels.tape import Compute, Tape
from models.kernels.weighted import pools_with, suits_kernels, suits_wide, weighted, wide


@dataclass(frozen=True)
class Step:
    """Computes the outputs of the nodes `names` from the outputs of the nodes `inputs`."""

    names: Sequence[str]
    inputs: Sequence[str]
    compute: Compute


class Plan:
    """The steps of a graph, in order.

    path: of the kernels. fused: a node with one reader may be computed together with it. A convolution absorbs
    thresholds to bytes, and one of exact sums also the max pool after them. A sum of two branches absorbs the
    thresholds of one branch, the ReLU that follows and one requantization of the result. Equal requantizations of one
    node are computed once.
    """

    def __init__(self, graph: IntegerGraph, path: str | None, fused: bool) -> None:
        self.steps: list[Step] = []
        self.on_kernels: list[str] = []
        """Weighted nodes that the kernels compute."""
        self.on_evaluator: list[str] = []
        """Nodes that have no kernel; the evaluator computes them."""
        self._graph, self._path, self._fused = graph, chosen_path(path), fused
        self.in_c = self._path != TORCH
        """Whether steps may call C."""
        self._readers: dict[str, list[Node]] = {node.name: [] for node in graph.core}
        for node in graph.core:
            for name in node.inputs:
                if name in self._readers:
                    self._readers[name].append(node)  # twice for a node that adds another to itself
        self._absorbed: dict[str, Threshold] = {}  # thresholds, by the sum that absorbs them
        self._equals: dict[str, str] = {}  # the earlier node that a node equals
        self._requantized: dict[tuple[str, Multiplication], str] = {}  # requantizing nodes, by what they compute
        self._done: set[str] = set()  # nodes that a step computes, or that became part of one
        for node in graph.core:
            step = None if node.name in self._done else self._step(node)
            if step:
                self.steps.append(replace(step, inputs=[self._equals.get(name, name) for name in step.inputs]))
                self._done.update(step.names)
        self._last_read = _last_read(self.steps)

    def run(self, tape: Tape, given: Mapping[str, Array], keep: Collection[str] | None = None) -> dict[str, Array]:
        """The integers of the steps' nodes, by name, and those that are given: the input's.

        keep: nodes whose integers are wanted, all if left out; the memory of the others is used again.
        """
        values = dict(given)
        for number, step in enumerate(self.steps):
            found = step.compute(tape, [values[name] for name in step.inputs])
            tape.end_step(found)
            values.update(zip(step.names, found, strict=True))
            if keep is not None:
                for name in set(self._last_read[number]).difference(keep):
                    tape.release(values.pop(name))
        return values

    def _step(self, node: Node) -> Step | None:
        """The step that begins with a node; None if the node becomes part of a later step or equals an earlier node."""
        given = self._graph.integers[node.inputs[0]]
        if isinstance(node, WeightedNode) and suits_kernels(node, given):
            return self._weighted(node)
        if isinstance(node, WeightedNode) and suits_wide(node, given):
            return self._wide(node)
        if isinstance(node, Threshold) and tabulates(node, given):
            return self._threshold(node, given)
        levels = scaled_levels(node, given) if isinstance(node, Threshold) and fits_word(given) else None
        if levels is not None:
            return Step([node.name], node.inputs, scale_to_levels(levels, self._path))
        if self.in_c and fits_short(given):
            if isinstance(node, MaxPool):
                return Step([node.name], node.inputs, max_pool(node))
            if isinstance(node, MapNode):
                return Step([node.name], node.inputs, on_maps(node))
        if node.name in self._absorbed:
            return self._sum(node, self._absorbed[node.name])
        multiplication = exact_multiplication(node, given) if self.in_c and isinstance(node, Requantize) else None
        if multiplication is None:
            self.on_evaluator.append(node.name)
            return Step([node.name], node.inputs, by_evaluator(node))
        return self._requantize(node, multiplication)

    def _requantize(self, node: Node, multiplication: Multiplication) -> Step | None:
        earlier = self._requantized.setdefault((node.inputs[0], multiplication), node.name)
        if earlier == node.name or not self._fused or node.name == self._graph.output:
            return Step([node.name], node.inputs, requantize(multiplication))
        self._equals[node.name] = earlier
        return None

    def _weighted(self, node: WeightedNode) -> Step:
        self.on_kernels.append(node.name)
        reader = self._only_reader(node)
        threshold = reader if isinstance(reader, Threshold) and gives_bytes(reader) else None
        return Step([(threshold or node).name], node.inputs, weighted(node, threshold, self._path))

    def _wide(self, node: WeightedNode) -> Step:
        self.on_kernels.append(node.name)
        reader = self._only_reader(node)
        given = self._graph.integers[node.name]
        levels = None
        if isinstance(reader, Threshold) and not (tabulates(reader, given) and self._joins(reader)):
            levels = scaled_levels(reader, given)
        last = reader if levels and reader else node
        pool = self._only_reader(last) if levels and self.in_c else None
        pool = pool if isinstance(pool, MaxPool) and pools_with(node, pool) else None
        self._done.add(last.name)
        return Step([(pool or last).name], node.inputs, wide(node, levels, pool, self._path))

    def _threshold(self, node: Threshold, given: Integers) -> Step | None:
        reader = self._only_reader(node)
        if not self.in_c:
            return Step([node.name], node.inputs, look_up_levels(node, given))
        if reader is not None and self._joins(node):
            self._absorbed[reader.name] = node
            return None
        return Step([node.name], node.inputs, join(node, given))

    def _sum(self, node: Node, threshold: Threshold) -> Step:
        reader = self._only_reader(node)
        relu = reader if isinstance(reader, Relu) else None
        (other,) = (name for name in node.inputs if name != threshold.name)
        last = relu or node
        requantizing, multiplication = self._requantizing_reader(last)
        given = self._graph.integers[threshold.inputs[0]]
        compute = join(threshold, given, other=True, relu=relu is not None, multiplication=multiplication)
        return Step([last.name, *requantizing], (*threshold.inputs, other), compute)

    def _requantizing_reader(self, node: Node) -> tuple[list[str], Multiplication | None]:
        """The name of the first reader that requantizes by a multiplication, and that multiplication; or no name."""
        given = self._graph.integers[node.name]
        for reader in self._readers[node.name]:
            multiplication = exact_multiplication(reader, given) if isinstance(reader, Requantize) else None
            if multiplication is not None:
                self._requantized[node.name, multiplication] = reader.name
                return [reader.name], multiplication
        return [], None

    def _joins(self, node: Threshold) -> bool:
        """Whether the sum of two branches that reads the node, and nothing else does, can absorb it."""
        reader = self._only_reader(node)
        if not isinstance(reader, Add) or reader.name in self._absorbed:
            return False
        return self.in_c and self._sum_fits(reader)

    def _sum_fits(self, node: Add) -> bool:
        return all(fits_short(self._graph.integers[name]) for name in (node.name, *node.inputs))

    def _only_reader(self, node: Node) -> Node | None:
        readers = self._readers[node.name]
        return readers[0] if self._fused and len(readers) == 1 else None


def _last_read(steps: Sequence[Step]) -> list[list[str]]:
    """By step, the nodes that no later step reads."""
    last = {name: number for number, step in enumerate(steps) for name in (*step.names, *step.inputs)}
    return [[name for name, its_last in last.items() if its_last == number] for number in range(len(steps))]
