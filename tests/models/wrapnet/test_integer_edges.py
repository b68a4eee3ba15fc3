"""Networks trained with integer edges: all engines agree on every held-out image, from the pixels to the scores."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from models.backbones.registry import NETWORKS
from models.data.cifar import cifar10
from models.data.digits import digits
from models.data.images import ImageData
from models.integer_network.builder import export_network
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.onnx import IMAGES, SCORES, export_onnx
from models.kernels import IntegerNetwork, available_paths
from models.progress import Progress
from models.quantization.edges import ScoreLinear
from models.wrapnet.evaluation import evaluate
from models.wrapnet.run import WrapNetRun, load_run, run_wrapnet
from models.wrapnet.settings import WrapNetConfig
from tests.support.images import few_digits, write_batches

CONFIG = WrapNetConfig(width=4, epochs=1, edges="integer", baselines=False, batch_size=10)


def trained(config: WrapNetConfig, data: ImageData, folder: Path) -> tuple[WrapNetRun, dict[str, Any]]:
    with Progress(quiet=True) as progress:
        record = run_wrapnet(config, data, folder, progress)
    return load_run(folder), record


@torch.no_grad()
def scores_of(run: WrapNetRun, data: ImageData) -> tuple[Tensor, Tensor]:
    """The trained network's integer scores, and its classes."""
    layer = next(module for module in run.network.modules() if isinstance(module, ScoreLinear))
    logits = torch.cat([run.network(images) for images, _ in data.held_out_batches(100)])
    unit = layer.quantized_weight()[1].double() * layer.activation.step
    scores = (logits / unit).round()
    torch.testing.assert_close(scores * unit, logits, rtol=1e-6, atol=0)
    return scores.int(), logits.argmax(1)


@pytest.mark.parametrize("name", ["digits", "vgg7", "resnet20"])
def test_all_engines_give_the_same_scores(name: str, tmp_path: Path) -> None:
    data = digits() if name == "digits" else cifar10(write_batches(tmp_path / "data"))
    run, record = trained(replace(CONFIG, network=name), data, tmp_path / "run")
    assert record["edges"] == "integer"
    graph = export_network(run.network, NETWORKS[name].image_shape)
    expected, classes = scores_of(run, data)
    pixels = data.test.images
    assert torch.equal(IntegerEvaluator(graph).logits(pixels), expected)
    for path in available_paths():
        assert torch.equal(IntegerNetwork(graph, path=path)(pixels), expected)
    export_onnx(graph, tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    assert np.array_equal(session.run([SCORES], {IMAGES: pixels.numpy()})[0], expected.numpy())
    assert torch.equal(expected.argmax(1), classes)
    right = (classes == data.test.labels).double().mean().item()
    assert evaluate(run.network, data).accuracy == record["accuracies"]["wrapnet"]["accuracy"] == right


def test_runs_with_other_edges_share_the_float_stage_alone(tmp_path: Path) -> None:
    data = few_digits()
    float_edges = replace(CONFIG, edges="float")
    trained(float_edges, data, tmp_path / "float")
    checkpoints = sorted((tmp_path / "float").glob("*.pt"))
    (tmp_path / "integer").mkdir()
    for one in checkpoints:
        (tmp_path / "integer" / one.name).write_bytes(one.read_bytes())
    trained(CONFIG, data, tmp_path / "integer")
    stages = [json.loads(line)["stage"] for line in (tmp_path / "integer" / "metrics.jsonl").read_text().splitlines()]
    assert stages == ["pretrain", "warmup", "finetune"]


def test_runs_from_before_there_were_integer_edges_load_and_resume(tmp_path: Path) -> None:
    config, data = replace(CONFIG, edges="float"), few_digits()
    _, record = trained(config, data, tmp_path)
    stored = json.loads((tmp_path / "config.json").read_text())
    del stored["edges"], stored["edge_bits"]
    (tmp_path / "config.json").write_text(json.dumps(stored))
    assert load_run(tmp_path).config == config
    with Progress(quiet=True) as progress:
        assert run_wrapnet(config, data, tmp_path, progress, resume=True) == record


def test_impossible_edges_are_refused() -> None:
    with pytest.raises(ValueError, match="edge_bits is 9; allowed are the integers 2 to 8"):
        replace(CONFIG, edge_bits=9)
    with pytest.raises(ValueError, match="edges is 'round'; allowed are float, integer"):
        replace(CONFIG, edges="round")  # type: ignore[arg-type]
