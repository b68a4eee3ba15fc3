"""Latencies and operations of the networks in chapter 4's tables, measured once and kept."""

import tempfile
from collections.abc import Iterable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from models.attention.deployment.coreml.conversion import write_coreml
from models.attention.deployment.preparation import deployable
from models.progress import Progress
from reports.attention.benches.attention_bench import bench_attention
from reports.attention.benches.speed_tables import SPEED_TABLES, speed_setting
from reports.attention.benches.subjects import named_network
from reports.records.kept import kept
from reports.records.provenance import machine

COUNTED = ("4.1", "4.2")
"""Tables with operations of Core ML programs."""

_CODE = ("models/attention", "reports/attention/benches")
_SIDE = 224
_KINDS = ("reshape", "transpose")


def measured_latencies(numbers: Iterable[str], rounds: int, out: Path, progress: Progress) -> dict[str, dict[str, Any]]:
    """The result of the bench for each of the tables that has latencies, by number; those in `out` are kept.

    Exported files run in onnxruntime where it is installed, else networks run in torch. rounds: 0 for none.
    """
    backend = "onnxruntime" if find_spec("onnxruntime") and find_spec("onnx") else "eager"
    found = {}
    for number in SPEED_TABLES if rounds else ():
        if number in numbers:
            setting = speed_setting(number, (backend,), rounds=rounds, peaks=False)
            inputs = {"backend": backend, "rounds": rounds, "machine": machine(), "torch": torch.__version__}
            path = out / "latencies" / f"{number}.json"
            found[number] = kept(path, _CODE, inputs, partial(bench_attention, setting, progress))
    return found


def counted_operations(numbers: Iterable[str], out: Path, progress: Progress) -> dict[str, dict[str, int]]:
    """Reshapes and transposes of the Core ML programs of networks, by the bench's names; none without coremltools."""
    models = dict.fromkeys(model for one in COUNTED if one in numbers for model in SPEED_TABLES[one].models.values())
    if find_spec("coremltools") is None or not models:
        return {}
    task = progress.task("Core ML programs", len(models))
    found = {}
    for model in models:
        path = out / "operations" / f"{model.replace(':', '-')}.json"
        found[model] = kept(path, _CODE, {"torch": torch.__version__}, partial(_operations, model))
        task.advance(note=model)
    return found


def _operations(model: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        network = deployable(named_network(model))
        exported = write_coreml(network, Path(folder) / "network.mlpackage", [(_SIDE, _SIDE)])
    return {kind: exported.operations.get(kind, 0) for kind in _KINDS}
