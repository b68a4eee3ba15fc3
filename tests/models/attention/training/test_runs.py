"""Runs of train lsa: what they record, resumed ones, weights to start from, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState

from models.attention.training.classify import Classification
from models.attention.training.config import LsaConfig
from models.attention.training.images import read_images
from models.attention.training.initial import read_initial
from models.attention.training.run import load_run, run_lsa
from models.attention.training.sources import LsaSource
from models.progress import Progress
from models.training.diagnosis import broken_tensor
from tests.support.killing import killed_after

SMALL: dict[str, Any] = {"width": 0.125, "length": 4, "epochs": 2, "batch_size": 16, "average": 0.9, "drop_path": 0.1}


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


def data(**source: Any) -> Any:
    return read_images(LsaSource(**{"images": 40, **source}), 0)


def train(
    folder: Path, *, resume: bool = False, initial: Path | None = None, size: int | None = None, **changed: Any
) -> Any:
    config = LsaConfig(**SMALL | changed)
    start = None if initial is None else read_initial(initial)
    with Progress(quiet=True) as progress:
        return run_lsa(config, data(size=size), folder, progress, initial=start, resume=resume)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    AcceleratorState._reset_state(reset_partial_state=True)
    folder: Path = tmp_path_factory.mktemp("runs") / "run"
    train(folder, checkpoint_steps=1, accumulate=2)
    return folder


def test_a_record_says_what_its_figures_depend_on(finished: Path) -> None:
    record = json.loads((finished / "result.json").read_text(encoding="utf-8"))
    assert (record["task"], record["network"], record["steps"], record["epochs"]) == ("classify", "s12", 4, 2)
    assert record["image_shape"] == [3, 8, 8]
    assert record["used_stem_stride"] == 1
    assert record["last_epoch"].keys() == {"loss", "train_accuracy", "accuracy", "top5"}


def test_a_finished_run_is_read_with_its_average(finished: Path) -> None:
    run = load_run(finished)
    kept = torch.load(finished / "classify.pt", weights_only=True)["parts"]
    assert run.classes == tuple("0123456789")
    assert not run.network.training
    for name, tensor in run.network.state_dict().items():
        assert torch.equal(tensor, kept["model average"][f"model.{name}"])
    assert broken_tensor(run.network) is None


@pytest.mark.parametrize("saves", [1, 2])
def test_a_killed_run_ends_with_the_same_numbers(finished: Path, tmp_path: Path, saves: int) -> None:
    with killed_after(saves):
        train(tmp_path, checkpoint_steps=1, accumulate=2)
    AcceleratorState._reset_state(reset_partial_state=True)
    train(tmp_path, checkpoint_steps=1, accumulate=2, resume=True)
    for name in ("model.safetensors", "metrics.jsonl", "result.json"):
        assert (tmp_path / name).read_bytes() == (finished / name).read_bytes()


def test_weights_start_a_run_at_another_resolution_and_length(finished: Path, tmp_path: Path) -> None:
    record = train(tmp_path, initial=finished, size=12, length=6, steps=1, epochs=None, learning_rate=1e-9)
    assert record["image_shape"] == [3, 12, 12]
    assert record["steps"] == 1
    weights = load_run(finished).network.state_dict()
    found = load_run(tmp_path).network.state_dict()
    assert torch.allclose(found["stem.0.convolution.weight"], weights["stem.0.convolution.weight"], atol=1e-6)


def test_norms_biases_scales_and_tables_are_without_decay() -> None:
    training = Classification(LsaConfig(**SMALL), data())
    decayed, spared = training.optimizers["network"].optimizer.param_groups
    names = {id(one): name for name, one in training.network.named_parameters()}
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.05, 0.0)
    free = {names[id(one)] for one in spared["params"]}
    assert any(name.endswith("position_bias.table") for name in free)
    assert any(name.endswith("factors") for name in free)
    assert all(one.dim() > 1 for one in decayed["params"])
    assert not any(names[id(one)].endswith(("table", "factors")) for one in decayed["params"])
    assert len(free) + len(decayed["params"]) == len(names)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"network": "s13"}, "backbone is 's13'"),
        ({"mixers": "CCL"}, "allowed are 4 letters"),
        ({"length": 0}, "length is 0"),
        ({"steps": 3}, "epochs is 2 and steps is 3"),
        ({"mixup": 0.7, "cutmix": 0.7}, "sum of at most 1"),
        ({"average": 1.0}, "average is 1.0"),
        ({"warmup": 100}, "warmup is 100"),
    ],
)
def test_impossible_settings_are_refused(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", **changed)
    assert not (tmp_path / "run").exists()


def test_weights_of_another_variant_are_refused_before_anything_is_written(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="weights are of another variant"):
        train(tmp_path / "run", initial=finished, mixers="CCAA")
    assert not (tmp_path / "run").exists()
    with pytest.raises(ValueError, match="no such run or file of weights"):
        read_initial(tmp_path / "missing")
