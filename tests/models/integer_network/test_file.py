"""Files of exported networks: they hold the whole graph; damaged, foreign and changed ones are refused."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.integer_network.builder import export_network
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.graph import IntegerGraph
from tests.support.integer_networks import PIXELS, trained_network


@pytest.fixture(scope="module")
def graph() -> IntegerGraph:
    return export_network(trained_network("resnet20", packing="carries")[0], (3, 32, 32))


def test_files_hold_the_whole_graph(graph: IntegerGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "network.npz")
    loaded = IntegerGraph.load(tmp_path / "network.npz")
    assert loaded.image_shape == graph.image_shape
    assert loaded.integers == graph.integers
    for part in ("stem", "core", "head"):
        for first, second in zip(getattr(graph, part), getattr(loaded, part), strict=True):
            assert type(first) is type(second)
            for field in dataclasses.fields(first):
                stored, read = getattr(first, field.name), getattr(second, field.name)
                same = np.array_equal(stored, read) if isinstance(stored, np.ndarray) else stored == read
                assert same
                assert type(stored) is type(read)


def description_of(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays of a file, and its description."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return arrays, json.loads(arrays["description"].item())


def test_networks_without_floats_say_so_in_their_files(graph: IntegerGraph, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    graph.save(path)
    assert description_of(path)[1]["integer"] is False
    whole = export_network(trained_network("digits", pixels=PIXELS[1])[0], (1, 8, 8))
    whole.save(path)
    arrays, description = description_of(path)
    assert (description["version"], description["integer"], description["white"]) == (2, True, 16)
    assert description["stem"] == description["head"] == []
    assert all(array.dtype.kind == "i" for name, array in arrays.items() if name != "description")
    assert IntegerGraph.load(path).integers == whole.integers


def test_files_of_the_first_version_still_load(graph: IntegerGraph, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    graph.save(path)
    arrays, description = description_of(path)
    for name in ("white", "integer"):
        del description[name]
    for item in description["core"]:
        item.pop("zero_point", None)
    np.savez(path, **{**arrays, "description": np.array(json.dumps(description | {"version": 1}))})
    loaded = IntegerGraph.load(path)
    assert loaded.integers == graph.integers
    assert loaded.white is None
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(IntegerEvaluator(loaded).logits(images), IntegerEvaluator(graph).logits(images))


def test_damaged_and_foreign_files_are_refused(graph: IntegerGraph, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    with pytest.raises(ValueError, match=r"network\.npz: no such file"):
        IntegerGraph.load(path)
    graph.save(path)
    content = path.read_bytes()
    for damaged in (b"", b"text", content[: len(content) // 2], content[:-30], content[:200] + b"?" + content[201:]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"network\.npz is damaged, or not an npz file"):
            IntegerGraph.load(path)
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(ValueError, match=r"network\.npz is not an exported network"):
        IntegerGraph.load(path)


def changed_files(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Changes to a stored description: (message, part, change)."""
    yield "lacks 'Nothing', or it is unknown", "core", {"kind": "Nothing"}
    yield "lacks 'absent', or it is unknown", "core", {"weights": {"array": "absent"}}
    yield "stride is 0; allowed are the integers 1 to", "core", {"stride": 0}
    yield "stride is '2'; allowed are", "core", {"stride": "2"}
    yield "unexpected keyword argument 'speed'", "core", {"speed": 1}
    yield "reads 'later', which no node before it gives", "core", {"inputs": ["later"]}
    yield "the stem does not fit the shape", "stem", {"padding": -1}
    yield "overflow is 'none'; allowed are exact", "core", {"accumulator": {"accumulator": {"overflow": "none"}}}
    yield "accumulator bits is 1; allowed", "core", {"accumulator": {"accumulator": {"bits": 1}}}


@pytest.mark.parametrize("case", range(9))
def test_changed_files_are_refused_in_one_line(graph: IntegerGraph, tmp_path: Path, case: int) -> None:
    path = tmp_path / "network.npz"
    graph.save(path)
    message, part, change = list(changed_files(path))[case]
    arrays, description = description_of(path)
    kind = "Convolution" if part == "core" else "FloatConvolution"
    next(item for item in description[part] if item["kind"] == kind).update(change)
    np.savez(path, **{**arrays, "description": np.array(json.dumps(description))})
    with pytest.raises(ValueError, match=message) as caught:
        IntegerGraph.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_version_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "network.npz", description=np.array(json.dumps({"version": 99})))
    with pytest.raises(ValueError, match=r"network\.npz has format version 99; this program reads versions 1 to 2"):
        IntegerGraph.load(tmp_path / "network.npz")
